from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoders.speech.whisper_words import AlignedWord, context_samples, heard_words, is_invented, most_tokens

SECOND = 16_000


def _tone(*spans_s: tuple[float, float], length_s: float = 3.0) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Silence with a tone in these spans."""
    pcm = np.zeros(int(length_s * SECOND), np.float32)
    for start_s, end_s in spans_s:
        first, last = int(start_s * SECOND), int(end_s * SECOND)
        pcm[first:last] = 0.2 * np.sin(np.arange(last - first) * 0.3)
    return pcm


@pytest.mark.parametrize(
    ("length_s", "context_s"),
    [(0.0, 10), (3.2, 10), (8.0, 10), (8.1, 11), (12.0, 14), (27.5, 30), (28.0, 30), (30, 30)],
)
def test_ten_seconds_or_the_speech_and_two_are_encoded_and_never_more_than_thirty(
    length_s: float, context_s: int
) -> None:
    assert context_samples(int(length_s * SECOND)) == context_s * SECOND


def test_more_than_thirty_seconds_are_refused() -> None:
    with pytest.raises(ValueError, match=r"at most 30 s at once, got 30\.5 s"):
        context_samples(int(30.5 * SECOND))


def test_a_decoder_that_loops_is_stopped_by_the_length_of_the_speech() -> None:
    assert most_tokens(SECOND, 224) == 28
    assert most_tokens(30 * SECOND, 224) == 224


@pytest.mark.parametrize(
    ("text", "no_speech", "log_probability", "invented"),
    [
        ("Great food.", 0.1, -0.2, False),
        ("Great food.", 0.9, -0.2, False),
        ("Great food.", 0.3, -1.5, False),
        ("Great food.", 0.7, -1.1, True),
        ("Thank you. " * 12, 0.1, -0.2, True),
    ],
)
def test_text_is_invented_when_nobody_spoke_and_it_is_unlikely_or_when_it_repeats_itself(
    text: str, no_speech: float, log_probability: float, invented: bool
) -> None:
    assert is_invented(text, no_speech, log_probability) is invented


def test_the_pauses_around_a_word_are_not_part_of_it() -> None:
    pcm = _tone((0.5, 0.9), (1.6, 2.0))
    words = heard_words([AlignedWord(" wow", (1,), 0.0, 1.2, 0.9), AlignedWord(" great", (2,), 1.2, 2.5, 0.8)], pcm)
    edges_s = [edge / 1e9 for word in words if word.interval for edge in (word.interval.start_ns, word.interval.end_ns)]
    assert edges_s == pytest.approx([0.5, 0.9, 1.6, 2.0], abs=0.01)


def test_a_pause_inside_a_word_stays_part_of_it() -> None:
    (word,) = heard_words([AlignedWord(" wow", (1,), 0.0, 2.5, 0.9)], _tone((0.5, 0.9), (1.6, 2.0)))
    assert word.interval is not None
    assert word.interval.duration_ns == pytest.approx(1.5e9, abs=2e7)


def test_bare_marks_join_the_word_before_them_with_their_tokens_or_are_left_out() -> None:
    aligned = [
        AlignedWord(" ♪", (7,), 0.0, 0.5, 0.1),
        AlignedWord(" great", (1, 2), 0.5, 1.0, 0.9),
        AlignedWord("!", (3,), 1.0, 1.2, 0.1),
    ]
    (word,) = heard_words(aligned, _tone((0.5, 1.0)))
    assert (word.text, word.tokens, word.probability) == ("great!", (1, 2, 3), 0.9)


@given(
    st.lists(st.tuples(st.floats(-1, 5), st.floats(0, 5), st.floats(-0.1, 1.1)), max_size=8),
    st.floats(0.1, 4),
    st.booleans(),
)
def test_whatever_the_alignment_words_follow_each_other_inside_the_audio(
    places: list[tuple[float, float, float]], length_s: float, silent: bool
) -> None:
    pcm = np.random.default_rng(0).standard_normal(int(length_s * SECOND)).astype(np.float32) * (not silent)
    aligned = [
        AlignedWord(f" w{n}", (n,), start_s, start_s + long_s, p) for n, (start_s, long_s, p) in enumerate(places)
    ]
    words = heard_words(aligned, pcm)
    assert len(words) == len(places)
    assert all(0 <= word.probability <= 1 for word in words)
    edges = [edge for word in words if word.interval for edge in (word.interval.start_ns, word.interval.end_ns)]
    assert edges == sorted(edges)
    assert all(0 <= edge <= len(pcm) * 1_000_000_000 // SECOND for edge in edges)
