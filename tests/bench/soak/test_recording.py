"""The demo over and over: as long as asked for, and in every round what it is in the first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agent.capture.recording import RecordingAudio, RecordingVideo
from agent.session import demo_location
from bench.soak.recording import looped
from encoders.samples import NS_PER_S


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return looped(demo_location(), tmp_path_factory.mktemp("looped") / "long.mkv", 100.0)


def test_its_sound_goes_on_without_a_gap_and_says_the_same_again(recording: Path) -> None:
    with RecordingAudio(demo_location()) as once, RecordingAudio(str(recording)) as often:
        first = np.concatenate([chunk.pcm for chunk in once])
        chunks = list(often)
        losses = dict(often.losses)
    sound = np.concatenate([chunk.pcm for chunk in chunks])
    assert len(sound) >= 100 * 16_000
    assert not any(losses.values()), losses
    assert [chunk.seq for chunk in chunks] == list(range(len(chunks)))
    begin = len(sound) - len(first)
    lag = np.argmax(np.correlate(np.abs(sound[begin - 16_000 :]), np.abs(first[:64_000]), "valid"))
    again = sound[begin - 16_000 + lag :][: len(first) - 16_000]
    assert np.corrcoef(again, first[: len(again)])[0, 1] > 0.98


def test_its_pictures_go_on_at_their_rate(recording: Path) -> None:
    with RecordingVideo(str(recording), max_rate_hz=5.0) as pictures:
        times = [frame.pts_ns / NS_PER_S for frame in pictures]
    assert times[-1] >= 99
    assert max(np.diff(times)) <= 0.41  # one of the grid may fall on the seam
