"""Films written of made-up samples, and read again as any recording is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import pytest

from agent.capture.recording import RecordingAudio, RecordingVideo, probe
from agent.recorder.reel import BEGAN
from agent.recorder.reels import Reels
from encoders.samples import AudioChunk, VideoFrame
from tests.agent.recorder.takes import MS, chunk, frame


def _heard(film: Path) -> list[AudioChunk]:
    with RecordingAudio(film) as sound:
        chunks = list(sound)
        assert not sound.losses
    return chunks


def _seen(film: Path) -> list[VideoFrame]:
    with RecordingVideo(film, max_rate_hz=60.0) as pictures:
        frames = list(pictures)
        assert not pictures.losses
    return frames


def _in_time(*samples: VideoFrame | AudioChunk) -> list[VideoFrame | AudioChunk]:
    return sorted(samples, key=lambda sample: sample.pts_ns)


def _record(
    folder: Path, samples: Sequence[VideoFrame | AudioChunk], *, seen: bool = True, heard: bool = True
) -> Reels:
    folder.mkdir(exist_ok=True)
    reels = Reels(folder, seen=seen, heard=heard)
    for sample in samples:
        reels.push(sample, sample.pts_ns)
    reels.close()
    return reels


@pytest.fixture
def take(tmp_path: Path) -> Path:
    return tmp_path / "take"


def test_sound_is_read_as_it_was_recorded_and_pictures_nearly_so(take: Path) -> None:
    chunks = [chunk(n, 32 * n) for n in range(100)]
    frames = [frame(n, n * 1000 / 15) for n in range(48)]
    reels = _record(take, _in_time(*chunks, *frames))
    (film,) = take.iterdir()
    assert film.name == "take.mkv"
    assert film.stat().st_mode & 0o777 == 0o600
    assert reels.kept == {"chunks": 100, "pictures": 48}
    assert not reels.losses
    heard = _heard(film)
    assert [each.pts_ns for each in heard] == [each.pts_ns for each in chunks]
    np.testing.assert_array_equal([each.pcm for each in heard], [each.pcm for each in chunks])
    seen = _seen(film)
    assert len(seen) == 48
    for before, after in zip(frames, seen, strict=True):
        assert abs(before.pts_ns - after.pts_ns) <= 0.5 * MS
        assert np.abs(before.rgb.astype(int) - after.rgb).mean() < 4


def test_a_hole_in_the_sound_stays_a_hole(take: Path) -> None:
    chunks = [chunk(n, 32 * n + (700 if n >= 40 else 0)) for n in range(80)]
    _record(take, chunks, seen=False)
    assert [each.pts_ns for each in _heard(take / "take.mkv")] == [each.pts_ns for each in chunks]


def test_the_last_chunk_of_a_stretch_is_shorter_and_silence_follows_it(take: Path) -> None:
    _record(take, [chunk(0, 0), chunk(1, 32, samples=100)], seen=False)
    heard = _heard(take / "take.mkv")
    assert [len(each.pcm) for each in heard] == [512, 512]
    np.testing.assert_array_equal(heard[1].pcm[:100], chunk(1, 32, samples=100).pcm)
    assert not heard[1].pcm[100:].any()


def test_a_sound_card_s_drift_stays_where_it_was(take: Path) -> None:
    """Chunks that come a thousandth later than their samples say, as the sample clock fits them."""
    chunks = [chunk(n, 32.032 * n) for n in range(600)]
    _record(take, chunks, seen=False)
    heard = _heard(take / "take.mkv")
    assert abs(heard[-1].interval.end_ns - chunks[-1].interval.end_ns) < 10 * MS


def test_a_film_begins_when_both_have_come(take: Path) -> None:
    samples = _in_time(*(frame(n, 66 * n) for n in range(10)), *(chunk(n, 32 * n) for n in range(30)))
    _record(take, samples)
    film = take / "take.mkv"
    recording = probe(film)
    assert (recording.has_video, recording.has_audio) == (True, True)
    assert (len(_seen(film)), len(_heard(film))) == (10, 30)


def test_one_that_is_alone_for_two_seconds_begins_without_the_other_and_a_new_film_has_both(take: Path) -> None:
    alone = [chunk(n, 32 * n) for n in range(80)]
    both = _in_time(*(frame(n, 2560 + 66 * n) for n in range(20)), *(chunk(80 + n, 2560 + 32 * n) for n in range(40)))
    _record(take, [*alone, *both])
    first, second = probe(take / "take.mkv"), probe(take / "take-2.mkv")
    assert (first.has_video, first.has_audio) == (False, True)
    assert (second.has_video, second.has_audio) == (True, True)
    assert len(_heard(take / "take.mkv")) + len(_heard(take / "take-2.mkv")) == 120
    assert len(_seen(take / "take-2.mkv")) == 20
    began = []
    for name in ("take.mkv", "take-2.mkv"):
        with av.open(str(take / name)) as container:
            began.append(int(container.metadata[BEGAN]))
    assert began == [0, 2560 * MS]


def test_pictures_of_another_size_begin_a_new_film(take: Path) -> None:
    _record(
        take,
        [*(frame(n, 66 * n) for n in range(5)), *(frame(n, 400 + 66 * n, (80, 60)) for n in range(5))],
        heard=False,
    )
    assert [probe(take / name).width for name in ("take.mkv", "take-2.mkv")] == [64, 80]


def test_of_a_picture_with_an_odd_edge_a_line_is_left_out(take: Path) -> None:
    _record(take, [frame(n, 66 * n, (65, 49)) for n in range(3)], heard=False)
    assert _seen(take / "take.mkv")[0].rgb.shape == (48, 64, 3)


def test_a_recorder_that_is_started_again_leaves_what_its_predecessor_wrote(take: Path) -> None:
    for _ in range(2):
        _record(take, [chunk(n, 32 * n) for n in range(5)], seen=False)
    assert sorted(path.name for path in take.iterdir()) == ["take-2.mkv", "take.mkv"]


def test_what_no_source_gives_is_left_out_and_counted(take: Path) -> None:
    far_ahead = chunk(1, 60_000)
    odd_rate = AudioChunk(2, 32 * MS, 44_100, chunk(2, 0).pcm)
    too_long = chunk(3, 64, samples=4000)
    tiny = VideoFrame(0, 0, np.zeros((1, 1, 3), np.uint8))
    before_the_session = chunk(4, -32)
    take.mkdir()
    reels = Reels(take, seen=True, heard=True)
    for sample in (far_ahead, odd_rate, too_long, tiny, before_the_session):
        reels.push(sample, now_ns=1_000 * MS)
    reels.close()
    assert reels.losses == {"unfit": 5}
    assert list(take.iterdir()) == []


def test_time_that_goes_back_is_left_out_and_counted(take: Path) -> None:
    reels = _record(take, [chunk(0, 0), chunk(1, 32), chunk(2, 0), chunk(3, 64)], seen=False)
    assert reels.losses == {"out_of_order": 1}
    assert len(_heard(take / "take.mkv")) == 3


def test_what_is_cut_off_in_the_midst_can_be_played(take: Path) -> None:
    """As after kill -9: nothing is finished."""
    take.mkdir()
    reels = Reels(take, seen=True, heard=True)
    for n in range(200):
        reels.push(chunk(n, 32 * n), 32 * n * MS)
        if n % 2 == 0:
            reels.push(frame(n, 32 * n), 32 * n * MS)
    cut = take / "cut.mkv"
    cut.write_bytes((take / "take.mkv").read_bytes())
    with RecordingAudio(cut) as sound, RecordingVideo(cut) as pictures:
        assert sum(len(each.pcm) for each in sound) / 16_000 > 5.0
        assert sum(1 for _ in pictures) > 50
    reels.close()
