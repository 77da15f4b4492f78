from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from encoders.speech.moonshine_alignment import FRAME_SAMPLES, lost, rises, word_intervals
from encoders.speech.recognizer import SAMPLE_RATE_HZ

MS = 1_000_000


class Sound:
    """Tokens that are as good as certain from the frame on at which each begins, and next to impossible before."""

    def __init__(self, begins: Sequence[int]) -> None:
        self.begins = np.array(begins)
        self.asked: list[tuple[int, int, tuple[int, ...]]] = []

    def listen(self, begin: int, end: int, cuts: Sequence[int]) -> NDArray[Any]:
        self.asked.append((begin, end, tuple(cuts)))
        heard = np.array(cuts)[:, None] >= self.begins[None, begin:end]
        return np.where(heard, 0.9, 0.01)

    @property
    def full(self) -> NDArray[Any]:
        return np.full(len(self.begins), 0.9)


def _bursts(frames: int, spans: Sequence[tuple[float, float]]) -> NDArray[np.float32]:
    """Noise in the spans of seconds, and 60 dB less of it elsewhere."""
    loudness = np.full(frames * FRAME_SAMPLES, 3e-4)
    for start_s, end_s in spans:
        loudness[round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)] = 0.3
    noise = np.random.default_rng(0).standard_normal(len(loudness))
    return np.asarray(noise * loudness, np.float32)


def test_a_word_rises_at_the_first_cut_that_has_its_beginning() -> None:
    sound = Sound([2, 3, 9, 10, 40])
    assert rises([0, 2, 4], sound.full, sound.listen, [8, 16, 24, 32, 40]) == [0, 1, 4]


def test_a_word_counts_as_likely_beside_how_likely_it_is_with_all_the_sound() -> None:
    def listen(begin: int, end: int, cuts: Sequence[int]) -> NDArray[Any]:
        return np.full((len(cuts), end - begin), 0.1)

    assert rises([0], np.array([0.2]), listen, [8, 16, 24]) == [0]
    assert rises([0], np.array([0.9]), listen, [8, 16, 24]) == [2]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6)), min_size=1, max_size=30))
def test_windows_find_what_asking_for_every_word_at_every_cut_would(words: list[tuple[int, int]]) -> None:
    begins, firsts, at = list[int](), list[int](), 0
    for gap, tokens in words:
        at += gap
        firsts.append(len(begins))
        begins += [at] * tokens
    cuts = [*range(8, at + 8, 8), at + 8]
    sound = Sound(begins)
    expected = [next(n for n, cut in enumerate(cuts) if cut >= begins[first]) for first in firsts]
    assert rises(firsts, sound.full, sound.listen, cuts) == expected
    assert len(sound.asked) <= len(cuts) + len(words)


def test_words_start_and_end_where_the_sound_does_within_three_hundredths_of_a_second() -> None:
    spans = [(0.30, 0.62), (0.70, 0.95), (1.60, 2.10)]
    sound = Sound([14, 31, 69])
    found = word_intervals([0, 1, 2], sound.full, sound.listen, 100, _bursts(100, spans))
    assert found is not None
    for interval, (start_s, end_s) in zip(found, spans, strict=True):
        assert abs(interval.start_ns - start_s * 1000 * MS) <= 30 * MS
        assert abs(interval.end_ns - end_s * 1000 * MS) <= 30 * MS


def test_what_stays_loud_after_the_last_word_is_not_all_of_it() -> None:
    sound = Sound([14])
    found = word_intervals([0], sound.full, sound.listen, 200, _bursts(200, [(0.3, 4.8)]))
    assert found is not None
    assert found[0].duration_ns <= 1000 * MS


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=12), st.integers(0, 3))
def test_words_are_in_order_and_apart_and_inside_the_samples(gaps: list[int], seed: int) -> None:
    begins = np.cumsum(gaps).tolist()
    frames = begins[-1] + 20
    sound = Sound(begins)
    pcm = np.random.default_rng(seed).standard_normal(frames * FRAME_SAMPLES).astype(np.float32)
    found = word_intervals(list(range(len(begins))), sound.full, sound.listen, frames, pcm)
    for before, after in zip(found or (), (found or ())[1:], strict=False):
        assert before.end_ns <= after.start_ns
    for interval in found or ():
        assert interval.start_ns >= 0
        assert 30 * MS <= interval.duration_ns <= 1000 * MS
        assert interval.end_ns * SAMPLE_RATE_HZ <= len(pcm) * 1000 * MS


def test_words_that_only_all_the_sound_makes_likely_are_lost_and_so_is_a_fourth_at_one_cut() -> None:
    assert lost([0, 1, 1, 1, 1, 2, 4], 5) == [4, 6]
    assert lost([0, 0], 1) == []  # there is but one cut


def test_where_more_than_a_third_of_the_words_are_lost_there_are_no_intervals() -> None:
    pcm = _bursts(100, [(0.2, 2.2)])
    for late, expected in ((1, True), (2, False)):
        sound = Sound([*range(10, 10 * (4 - late), 10), *[100] * late])
        found = word_intervals(list(range(len(sound.begins))), sound.full, sound.listen, 100, pcm)
        assert (found is not None) == expected


def test_words_that_have_no_room_have_no_intervals() -> None:
    sound = Sound([0, 0, 0])
    assert word_intervals([0, 1, 2], sound.full, sound.listen, 5, _bursts(5, [(0, 0.12)])) is None
