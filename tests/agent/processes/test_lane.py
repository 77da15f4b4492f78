"""Results between the processes that score recordings, and a recording through one of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from agent.capture.pacing import due_ns
from agent.capture.source import CaptureError
from agent.config import Config, SpeechConfig
from agent.plug_ins.roster import Plugged
from agent.processes import lane
from agent.processes.lane import Order, encode, read, write
from agent.processes.models import Models
from agent.processes.wire import Bound, Ended, Failure, Timed, Value
from agent.topology import WorkerName
from encoders.samples import AudioChunk, Embedding, Modality, VideoFrame
from tests.agent.capture.films import halved, noise, write_audio, write_video
from tests.plug_ins import HEART, install

RESULTS = [
    Timed(32_000_000, Bound(Modality.VOICE, 20_000_000)),
    Timed(-5, Failure("no such file: 世界.wav")),
    Timed(1 << 40, Ended(Modality.VOICE, {"truncated": 1})),
]


def _piped(*results: Timed) -> bytes:
    pipe = io.BytesIO()
    for timed in results:
        write(pipe, timed)
    return pipe.getvalue()


class Noting:
    """A stage that passes on where each sample begins, and the end as it is."""

    counters: dict[str, int] = {}  # noqa: RUF012 - the seam's name; never written

    def push(self, value: Value, now_ns: int) -> Iterator[Value]:
        if isinstance(value, VideoFrame | AudioChunk):
            assert now_ns == due_ns(value)
            yield Bound(Modality.FACE, value.pts_ns)
        else:
            yield value


@pytest.fixture
def noting(monkeypatch: pytest.MonkeyPatch) -> list[WorkerName]:
    """Makes every stage a noting one; lists which were asked for."""
    asked: list[WorkerName] = []

    def stage(name: WorkerName, _models: Models, _speech: SpeechConfig) -> Noting:
        asked.append(name)
        return Noting()

    monkeypatch.setattr(lane, "encoding_stage", stage)
    return asked


def test_results_come_out_of_the_pipe_as_they_went_in_and_then_nothing() -> None:
    pipe = io.BytesIO(_piped(*RESULTS))
    assert [read(pipe) for _ in range(4)] == [*RESULTS, None]


@pytest.mark.parametrize("kept", range(len(_piped(RESULTS[0]))))
def test_a_pipe_cut_anywhere_gives_no_result(kept: int) -> None:
    assert read(io.BytesIO(_piped(RESULTS[0])[:kept])) is None


def test_what_is_no_result_is_refused() -> None:
    pipe = io.BytesIO(_piped(RESULTS[0]).replace(b"B", b"?", 1))
    with pytest.raises(ValueError, match="unknown kind"):
        read(pipe)


def test_sound_goes_to_the_end_at_the_times_a_live_session_would_have_had_it(
    tmp_path: Path, noting: list[WorkerName]
) -> None:
    sound = write_audio(tmp_path / "sound.wav", np.zeros((16_000, 1)), 16_000)
    *begun, end = encode(Order("prosody", str(sound), Config()), Models())
    assert noting == ["prosody"]
    assert [timed.value for timed in begun] == [Bound(Modality.FACE, n * 32_000_000) for n in range(len(begun))]
    assert end == Timed(begun[-1].at_ns, Ended("microphone", {}))
    assert end.at_ns == 1_000_000_000


def test_pictures_are_read_at_the_camera_s_rate(tmp_path: Path, noting: list[WorkerName]) -> None:
    film = write_video(tmp_path / "film.mkv", list(range(0, 1000, 20)))
    *begun, end = encode(Order("face", str(film), Config()), Models())
    assert noting == ["face"]
    assert 14 <= len(begun) <= 16
    assert end.value == Ended("camera", {})


def test_what_the_source_lost_goes_with_its_end(tmp_path: Path, noting: list[WorkerName]) -> None:
    cut = halved(write_audio(tmp_path / "sound.flac", noise(4), 16_000, "flac"))
    *_, end = encode(Order("speech", str(cut), Config()), Models())
    assert isinstance(end.value, Ended)
    assert end.value.losses["truncated"] == 1
    assert noting == ["speech"]


def test_a_recording_that_is_not_there_is_an_error_with_its_name(tmp_path: Path, noting: list[WorkerName]) -> None:
    with pytest.raises(CaptureError, match=r"none\.wav"):
        list(encode(Order("speech", str(tmp_path / "none.wav"), Config()), Models()))
    assert noting == ["speech"]


def test_what_a_plug_in_s_sensor_measured_is_encoded_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "site", monkeypatch, HEART)
    strap = tmp_path / "talk.heart.csv"
    strap.write_text("time_s,bpm\n1,70\nnow,70\n2.5,72\n")
    plugged = Plugged("heart", str(strap), 3, 5.0)
    made = [*encode(Order("heart", str(strap), Config(), plugged), Models())]
    heart = Modality("heart")
    assert [timed.at_ns for timed in made if isinstance(timed.value, Embedding)] == [1_000_000_000, 2_500_000_000]
    assert [timed.value for timed in made if isinstance(timed.value, Bound)] == [
        Bound(heart, 1_000_000_000),
        Bound(heart, 2_500_000_000),
    ]
    assert made[-1] == Timed(2_500_000_000, Ended("heart", {"malformed": 1}))
