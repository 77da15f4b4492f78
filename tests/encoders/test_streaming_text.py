"""The text stream is the same however it is broken off, thinned out or begun again: one transcript is its unit."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from encoders.samples import NS_PER_S, Embedding, Interval, Transcript, Word
from encoders.text import TextEncoder, TextModel

WORDS = ("great", "I", "love", "waiting", "terrible", "so", "happy", "food")


@pytest.fixture(scope="module")
def model() -> TextModel:
    return TextModel.load()


def _revision(utterance: int, revision: int, start_s: float, words: tuple[str, ...], *, final: bool) -> Transcript:
    start_ns = round(start_s * NS_PER_S)
    heard = tuple(
        Word(word, Interval(start_ns + n * 10**8, start_ns + (n + 1) * 10**8), 0.9, "estimated")
        for n, word in enumerate(words)
    )
    interval = Interval(start_ns, start_ns + (revision + 1) * NS_PER_S // 2)
    return Transcript(utterance, revision, interval, heard if final else (), () if final else heard, final)


@st.composite
def talks(draw: st.DrawFn) -> list[Transcript]:
    """Utterances that grow and become final, some without words, some long after the last."""
    said: list[Transcript] = []
    at_s = 0.0
    for utterance in range(draw(st.integers(1, 4))):
        words = tuple(draw(st.lists(st.sampled_from(WORDS), max_size=4)))
        partials = range(1, draw(st.integers(1, 3)))
        said += [_revision(utterance, revision, at_s, words[:revision], final=False) for revision in partials]
        said.append(_revision(utterance, 3, at_s, words, final=True))
        at_s += draw(st.sampled_from([2.0, 3.0, 40.0]))
    return said


def _encode(encoder: TextEncoder, said: list[Transcript], *, numbered: bool = True) -> list[tuple[object, ...]]:
    embeddings: list[Embedding] = [e for transcript in said for e in encoder.push(transcript)]
    return [
        (e.seq if numbered else 0, e.interval, e.vector.tobytes(), e.confidence, e.reading)
        for e in [*embeddings, *encoder.flush()]
    ]


@given(talks(), st.integers(0, 12))
@settings(max_examples=8)
def test_later_words_never_change_what_was_returned(model: TextModel, talk: list[Transcript], kept: int) -> None:
    whole, part = _encode(TextEncoder(model), talk), _encode(TextEncoder(model), talk[:kept])
    assert whole[: len(part)] == part
    assert len(part) == min(kept, len(talk))


@given(talks(), talks())
@settings(max_examples=6)
def test_a_reset_stream_is_a_new_one_whatever_it_heard_before(
    model: TextModel, before: list[Transcript], talk: list[Transcript]
) -> None:
    encoder = TextEncoder(model)
    for cut in (1, len(before)):
        _encode(encoder, before[:cut])
        encoder.reset()
        assert _encode(encoder, talk) == _encode(TextEncoder(model), talk)
        encoder.reset()


@given(talks(), st.lists(st.booleans(), min_size=1, max_size=5))
@settings(max_examples=8)
def test_how_often_an_utterance_was_read_while_it_grew_changes_nothing_of_its_end(
    model: TextModel, talk: list[Transcript], kept: list[bool]
) -> None:
    """A machine that lags reads unfinished utterances less often: what is final must not depend on that."""
    thinned = [each for number, each in enumerate(talk) if each.final or kept[number % len(kept)]]
    ends = {each.interval for each in talk if each.final}
    told = [
        [embedding for embedding in _encode(TextEncoder(model), said, numbered=False) if embedding[1] in ends]
        for said in (talk, thinned)
    ]
    assert told[0] == told[1]


@given(talks(), talks())
@settings(max_examples=6)
def test_two_streams_of_one_model_do_not_hear_each_other(
    model: TextModel, one: list[Transcript], other: list[Transcript]
) -> None:
    encoders = TextEncoder(model), TextEncoder(model)
    told: tuple[list[tuple[object, ...]], list[tuple[object, ...]]] = ([], [])
    for number in range(max(len(one), len(other))):
        for encoder, talk, into in zip(encoders, (one, other), told, strict=True):
            into += _encode(encoder, talk[number : number + 1])
    assert list(told) == [_encode(TextEncoder(model), talk) for talk in (one, other)]
