from __future__ import annotations

import json
import re
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from encoders.speech.agreement import spelling
from encoders.speech.moonshine import MoonshineRecognizer

SPEECH = Path(__file__).parents[4] / "shared" / "data" / "speech"
KENNEDY = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"


@pytest.fixture(scope="module")
def recognizer() -> MoonshineRecognizer:
    return MoonshineRecognizer(longest_aligned_s=30)


def _read(path: Path) -> NDArray[np.float32]:
    """A recording as float32 [n] at 16 kHz."""
    if not path.is_file():
        pytest.skip(f"needs the shared recordings: {path.name}")
    resampler = av.AudioResampler(format="flt", layout="mono", rate=16_000)
    with av.open(str(path)) as container:
        parts = [out.to_ndarray()[0] for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    return np.concatenate(parts)


def test_the_words_of_a_recording_are_understood_with_high_probability(recognizer: MoonshineRecognizer) -> None:
    words = recognizer.transcribe(_read(SPEECH / "jfk.flac"))
    assert " ".join(spelling(word.text) for word in words) == KENNEDY
    assert all(0 < word.probability <= 1 for word in words)
    assert float(np.median([word.probability for word in words])) > 0.8


def test_the_same_samples_give_the_same_words(recognizer: MoonshineRecognizer) -> None:
    pcm = _read(SPEECH / "jfk.flac")[: 3 * 16_000]
    assert recognizer.transcribe(pcm) == recognizer.transcribe(pcm)


@pytest.mark.parametrize("level", [0.0, 1e-4])
def test_silence_has_hardly_a_word_in_it(recognizer: MoonshineRecognizer, level: float) -> None:
    noise = np.random.default_rng(0).standard_normal(3 * 16_000).astype(np.float32)
    assert len(recognizer.transcribe(noise * np.float32(level))) <= 2


@pytest.mark.parametrize("length", [0, 1, 894, 1023])
def test_less_audio_than_the_encoder_can_read_has_no_words(recognizer: MoonshineRecognizer, length: int) -> None:
    assert recognizer.transcribe(np.zeros(length, np.float32)) == ()


def test_the_least_audio_the_encoder_can_read_is_read(recognizer: MoonshineRecognizer) -> None:
    assert len(recognizer.transcribe(np.zeros(1024, np.float32))) <= 1


def test_missing_weights_say_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"encoder_model\.ort; reinstall with: pip install moonshine-voice"):
        MoonshineRecognizer(tmp_path)


def test_a_guess_from_a_shorter_stretch_leaves_the_words_as_they_are(recognizer: MoonshineRecognizer) -> None:
    pcm = _read(SPEECH / "jfk.flac")
    begun = recognizer.transcribe(pcm[: 5 * 16_000])
    wrong = recognizer.transcribe(pcm[8 * 16_000 :])
    alone, guided, misled = (recognizer.transcribe(pcm, guess) for guess in ((), begun, wrong))
    assert [spelling(word.text) for word in guided] == [spelling(word.text) for word in alone]
    assert [spelling(word.text) for word in misled] == [spelling(word.text) for word in alone]


def test_a_careful_decode_measures_when_words_were_said_and_a_quick_one_does_not(
    recognizer: MoonshineRecognizer,
) -> None:
    pcm = _read(SPEECH / "jfk.flac")
    careful = recognizer.transcribe(pcm)
    intervals = [word.interval for word in careful if word.interval is not None]
    assert len(intervals) == len(careful)
    assert all(before.end_ns <= after.start_ns for before, after in pairwise(intervals))
    assert all(30_000_000 <= interval.duration_ns <= 1_000_000_000 for interval in intervals)
    assert 0 <= intervals[0].start_ns < intervals[-1].end_ns <= len(pcm) * 10**9 // 16_000
    assert {word.interval for word in recognizer.transcribe(pcm, ())} == {None}


def test_sound_too_long_to_be_aligned_in_a_pause_has_its_words_without_times(recognizer: MoonshineRecognizer) -> None:
    pcm = _read(SPEECH / "jfk.flac")
    words = MoonshineRecognizer(longest_aligned_s=10).transcribe(pcm)
    assert {word.interval for word in words} == {None}
    assert [word.text for word in words] == [word.text for word in recognizer.transcribe(pcm)]


def test_measured_times_are_those_of_the_aligned_recordings(recognizer: MoonshineRecognizer) -> None:
    starts, ends = list[float](), list[float]()
    for path in sorted((SPEECH / "librivox").glob("*.wav"))[:3]:
        aligned = [word for word in json.loads(path.with_suffix(".json").read_text())["w"] if word["t"][0] != "<"]
        spoken = [re.sub(r"\(\d+\)$", "", word["t"]) for word in aligned]
        words = recognizer.transcribe(_read(path))
        heard = [spelling(word.text) for word in words]
        for place in SequenceMatcher(None, spoken, heard, autojunk=False).get_matching_blocks():
            for step in range(place.size):
                said, interval = aligned[place.a + step], words[place.b + step].interval
                assert interval is not None
                starts.append(abs(interval.start_ns / 1e9 - said["b"]))
                ends.append(abs(interval.end_ns / 1e9 - said["b"] - said["d"]))
    if not starts:
        pytest.skip("needs the shared recordings of LibriVox")
    assert len(starts) >= 30
    assert float(np.median(starts)) <= 0.06
    assert float(np.median(ends)) <= 0.07
    assert float(np.quantile(starts, 0.9)) <= 0.18


@pytest.mark.parametrize("length", [1024, 1600, 4000, 8000])
def test_the_beginning_of_a_recording_has_its_words_inside_it_however_short(
    recognizer: MoonshineRecognizer, length: int
) -> None:
    pcm = _read(SPEECH / "jfk.flac")[4800 : 4800 + length]
    for word in recognizer.transcribe(pcm):
        assert word.interval is None or word.interval.end_ns <= length * 10**9 // 16_000
