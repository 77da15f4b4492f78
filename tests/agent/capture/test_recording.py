"""Recordings of every awkward kind, generated on the spot."""

from __future__ import annotations

import functools
import itertools
import struct
import threading
import wave
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.capture.decoding import decode
from agent.capture.grid import FrameGrid
from agent.capture.recording import RecordingAudio, RecordingVideo, probe
from agent.capture.source import CaptureError, Problem
from encoders.samples import AudioChunk, VideoFrame
from tests.agent.capture.films import chunks_of, click, halved, noise, write_audio, write_moving, write_video
from tests.stand_ins.encore import write_encore

MS = 1_000_000


def frames_of(path: Path, max_rate_hz: float = 1000.0) -> list[VideoFrame]:
    with RecordingVideo(path, max_rate_hz) as source:
        return list(source)


def pcm_of(chunks: list[AudioChunk]) -> NDArray[np.float32]:
    return np.concatenate([chunk.pcm for chunk in chunks])


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_frames_of_a_variable_rate_keep_their_own_times(tmp_path: Path, suffix: str) -> None:
    times_ms = [0, 40, 55, 200, 1000, 1013]
    frames = frames_of(write_video(tmp_path / f"film{suffix}", times_ms))
    assert [frame.pts_ns for frame in frames] == [t * MS for t in times_ms]
    assert [frame.seq for frame in frames] == [0, 1, 2, 3, 4, 5]


def test_a_faster_film_is_thinned_to_the_rate_asked_for(tmp_path: Path) -> None:
    frames = frames_of(write_video(tmp_path / "film.mkv", [0, 33, 67, 100, 133, 167, 200, 233]), 15.0)
    assert [frame.pts_ns // MS for frame in frames] == [0, 67, 133, 200]


@pytest.mark.parametrize("rate_hz", [25, 60])
@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("film.mp4", "libx264", {}),
        ("film.ts", "libx264", {"bf": "8", "b-pyramid": "strict"}),
        ("film.mp4", "mpeg4", {"bf": "2"}),
        ("film.webm", "libvpx", {"deadline": "realtime"}),
        ("film.avi", "mjpeg", {}),
    ],
)
def test_what_is_not_decoded_leaves_every_other_picture_as_it_is(
    tmp_path: Path, name: str, codec: str, options: dict[str, str], rate_hz: int
) -> None:
    film = write_moving(tmp_path / name, codec, rate_hz, 60, options)
    grid = FrameGrid(15.0)
    every = [(frame.pts_ns, frame.rgb.tobytes()) for frame in frames_of(film) if grid.admits(frame.pts_ns)]
    assert len(every) >= 60 * 15 // rate_hz
    assert [(frame.pts_ns, frame.rgb.tobytes()) for frame in frames_of(film, 15.0)] == every


@pytest.mark.parametrize(("rotation", "white_corner"), [(0, (0, 0)), (90, (1, 0)), (180, (1, 1)), (270, (0, 1))])
def test_a_rotated_film_stands_upright(tmp_path: Path, rotation: int, white_corner: tuple[int, int]) -> None:
    rgb = frames_of(write_video(tmp_path / "film.mp4", [0], rotation=rotation))[0].rgb
    assert rgb.shape == ((48, 64, 3) if rotation % 180 == 0 else (64, 48, 3))
    rows, columns = np.array(rgb.shape[:2]) // 4
    quarters = {(i, j): rgb[rows * (1 + 2 * i), columns * (1 + 2 * j)].mean() for i in (0, 1) for j in (0, 1)}
    assert [corner for corner, level in quarters.items() if level > 128] == [white_corner]


def test_a_large_film_is_scaled_to_640_pixels_and_stays_in_shape(tmp_path: Path) -> None:
    rgb = frames_of(write_video(tmp_path / "film.mp4", [0], size=(1280, 720)))[0].rgb
    assert rgb.shape == (360, 640, 3)
    assert rgb.dtype == np.uint8


def test_an_odd_size_and_pixel_format_become_plain_rgb(tmp_path: Path) -> None:
    path = write_video(tmp_path / "film.mkv", [0, 40], size=(51, 37), codec="ffv1", pix_fmt="yuv444p10le")
    rgb = frames_of(path)[0].rgb
    assert rgb.shape == (37, 51, 3)
    assert (rgb[5, 5].min() > 250, rgb[30, 45].max() < 5) == (True, True)


@pytest.mark.parametrize(
    ("rate_hz", "layout", "channels", "codec"),
    [
        (44_100, "stereo", 2, "pcm_s16le"),
        (48_000, "mono", 1, "pcm_s16le"),
        (8_000, "mono", 1, "pcm_s16le"),
        (16_000, "stereo", 2, "pcm_s16le"),
        (44_100, "stereo", 2, "flac"),
        (22_050, "5.1", 6, "pcm_s16le"),
    ],
)
def test_a_click_is_heard_when_it_was_recorded_whatever_the_format(
    tmp_path: Path, rate_hz: int, layout: str, channels: int, codec: str
) -> None:
    chunks = chunks_of(write_audio(tmp_path / "sound.mkv", click(1, 0.5, rate_hz, channels), rate_hz, codec, layout))
    pcm = pcm_of(chunks)
    assert len(pcm) == 16_000
    assert int(np.argmax(np.abs(pcm))) == 8_000
    assert {chunk.sample_rate_hz for chunk in chunks} == {16_000}
    assert pcm.dtype == np.float32


def test_full_scale_sound_keeps_its_level(tmp_path: Path) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)[:, None]
    pcm = pcm_of(chunks_of(write_audio(tmp_path / "sound.wav", tone, 16_000)))
    np.testing.assert_allclose(pcm, tone[:, 0], atol=1e-4)


@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
def test_samples_that_are_no_numbers_are_silence_and_what_exceeds_full_scale_is_clipped(
    tmp_path: Path, rate_hz: int
) -> None:
    pcm = np.full(rate_hz, 0.25, "<f4")
    pcm[: rate_hz // 4] = np.resize([np.nan, np.inf, -np.inf], rate_hz // 4)
    pcm[rate_hz // 2 :] = 40.0
    chunk = struct.pack("<4sIHHIIHH4sI", b"fmt ", 16, 3, 1, rate_hz, 4 * rate_hz, 4, 32, b"data", pcm.nbytes)
    path = tmp_path / "float.wav"
    path.write_bytes(struct.pack("<4sI4s", b"RIFF", 4 + len(chunk) + pcm.nbytes, b"WAVE") + chunk + pcm.tobytes())
    heard = pcm_of(chunks_of(path))
    assert len(heard) == 16_000
    np.testing.assert_allclose(heard[100:3900], 0.0, atol=1e-3)
    np.testing.assert_allclose(heard[4100:7900], 0.25, atol=0.02)
    assert heard.max() == 1.0
    assert heard.min() >= -1.0


def test_chunks_are_32_ms_and_follow_each_other(tmp_path: Path) -> None:
    chunks = chunks_of(write_audio(tmp_path / "sound.wav", click(1, 0.5, 44_100), 44_100))
    assert [len(chunk.pcm) for chunk in chunks] == [512] * 31 + [128]
    assert [chunk.pts_ns for chunk in chunks] == [i * 32 * MS for i in range(32)]
    assert [chunk.seq for chunk in chunks] == list(range(32))


def test_a_hole_in_the_file_is_a_hole_in_time_and_filled_with_nothing(tmp_path: Path) -> None:
    chunks = chunks_of(
        write_audio(tmp_path / "sound.mkv", click(1, 0.5, 44_100), 44_100, layout="mono", starts_ms=(0, 3000))
    )
    second_half = [chunk for chunk in chunks if chunk.pts_ns >= 2000 * MS]
    assert second_half[0].pts_ns == 3000 * MS
    assert second_half[0].seq == len(chunks) - len(second_half)
    assert len(pcm_of(chunks)) == 32_000
    assert int(np.argmax(pcm_of(second_half))) == 8_000


def test_sound_that_overlaps_what_was_heard_is_dropped_and_counted(tmp_path: Path) -> None:
    first, second = (
        write_audio(tmp_path / f"{start_ms}.ts", click(1, 0.5, 16_000), 16_000, "mp2", starts_ms=(start_ms,))
        for start_ms in (0, 400)
    )
    both = tmp_path / "both.ts"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    with RecordingAudio(both) as source:
        chunks = list(source)
    assert source.losses["overlapping"] > 0
    assert chunks[-1].interval.end_ns == pytest.approx(1400 * MS, abs=75 * MS)
    assert all(late.pts_ns >= early.interval.end_ns for early, late in itertools.pairwise(chunks))


def test_sound_and_pictures_share_the_axis_when_one_starts_late(tmp_path: Path) -> None:
    path = write_video(tmp_path / "film.mkv", [700, 740], sound=click(1, 0.5, 16_000), sound_starts_ms=500)
    assert chunks_of(path)[0].pts_ns == 0
    assert frames_of(path)[0].pts_ns == 200 * MS


def test_a_sound_file_without_samples_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
    with pytest.raises(CaptureError) as caught:
        chunks_of(path)
    assert caught.value.problem is Problem.EMPTY


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_a_truncated_film_gives_what_decodes_and_counts_the_cut(tmp_path: Path, suffix: str) -> None:
    whole = write_video(tmp_path / f"whole{suffix}", list(range(0, 8000, 40)), faststart=True)
    with RecordingVideo(halved(whole), 1000.0) as source:
        frames = list(source)
    assert 20 < len(frames) < 180
    assert source.losses["truncated"] == 1


def test_a_whole_film_counts_no_loss(tmp_path: Path) -> None:
    path = write_video(tmp_path / "film.mp4", list(range(0, 2000, 40)), sound=click(2, 0.5, 16_000))
    with RecordingVideo(path) as video, RecordingAudio(path) as audio:
        assert (len(list(video)) > 0, len(list(audio)) > 0) == (True, True)
        assert (video.losses, audio.losses) == ({}, {})


def test_a_truncated_sound_file_ends_with_a_counted_cut(tmp_path: Path) -> None:
    whole = write_audio(tmp_path / "whole.flac", noise(4), 16_000, "flac")
    with RecordingAudio(halved(whole)) as source:
        assert 25_000 < len(pcm_of(list(source))) < 33_000
    assert source.losses["truncated"] == 1


@pytest.fixture
def website(tmp_path: Path) -> Iterator[str]:
    """The address at which tmp_path is served."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_recording_on_the_web_reads_like_one_on_disk(tmp_path: Path, website: str) -> None:
    path = write_audio(tmp_path / "sound.wav", noise(1), 16_000)
    with RecordingAudio(f"{website}/sound.wav") as source:
        np.testing.assert_array_equal(pcm_of(list(source)), pcm_of(chunks_of(path)))


def test_what_is_at_hand_is_read_some_frames_ahead_and_what_is_only_coming_in_is_not(
    tmp_path: Path, website: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = []

    def counted(*arguments: Any, **options: Any) -> Iterator[av.VideoFrame]:
        for frame in decode(*arguments, **options):
            decoded.append(frame)
            yield frame

    monkeypatch.setattr("agent.capture.recording.decode", counted)
    film = write_video(tmp_path / "film.mp4", list(range(0, 1000, 100)))
    counts = []
    for location in (film, f"{website}/film.mp4"):
        with RecordingVideo(location) as source:
            assert next(iter(source)).seq == 0
        counts.append(len(decoded))
        decoded.clear()
    assert counts[0] > 1 == counts[1]


def test_a_step_is_taken_for_each_packet_also_for_those_whose_frames_nobody_wants(tmp_path: Path) -> None:
    film = write_video(tmp_path / "film.mkv", list(range(0, 2000, 20)))
    steps: list[int] = []
    with RecordingVideo(film, max_rate_hz=1.0, step=lambda: steps.append(1)) as source:
        assert 2 <= len(list(source)) <= 3
    assert len(steps) >= 100


def test_what_was_read_before_a_recording_went_is_still_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(*arguments: Any, **options: Any) -> Iterator[av.VideoFrame]:
        yield from itertools.islice(decode(*arguments, **options), 7)
        raise CaptureError(Problem.VANISHED, "The disk was pulled.")

    monkeypatch.setattr("agent.capture.recording.decode", cut_off)
    given = list[VideoFrame]()
    with (
        RecordingVideo(write_video(tmp_path / "film.mkv", list(range(0, 2000, 100)))) as source,
        pytest.raises(CaptureError, match="pulled"),
    ):
        given.extend(source)
    assert [frame.seq for frame in given] == list(range(7))


def test_a_missing_page_is_absent(website: str) -> None:
    with pytest.raises(CaptureError, match="Nothing found") as caught:
        probe(f"{website}/none.wav")
    assert caught.value.problem is Problem.ABSENT


def test_a_recording_begins_anywhere_with_the_times_it_would_have_had(tmp_path: Path) -> None:
    encore = write_encore(tmp_path / "encore.mkv", 2)
    begin_ns = 40_000 * MS
    with RecordingVideo(encore, 1000.0) as video:
        video.begin_at(begin_ns)
        seen_ns = [frame.pts_ns for frame in itertools.islice(video, 100)]
    with RecordingAudio(encore) as audio:
        audio.begin_at(begin_ns)
        heard_ns = [chunk.pts_ns for chunk in itertools.islice(audio, 100)]
    for first_ns in (seen_ns[0], heard_ns[0]):
        assert begin_ns - 20_000 * MS < first_ns <= begin_ns
    with RecordingVideo(encore, 1000.0) as video:  # a minute of pictures: their times alone are kept
        assert set(seen_ns) <= {frame.pts_ns for frame in video}


def test_a_recording_that_cannot_begin_elsewhere_begins_at_its_beginning(tmp_path: Path) -> None:
    path = write_video(tmp_path / "film.mkv", [0, 100, 200])
    with RecordingVideo(path) as video:
        video.begin_at(3_600_000 * MS)
        assert [frame.pts_ns for frame in video][-1] == 200 * MS
