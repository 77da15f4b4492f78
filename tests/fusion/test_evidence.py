from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from encoders.samples import Embedding, Interval, Modality, Reading, WordEmbeddings
from fusion.estimate import Window
from fusion.evidence import LEAST_PRESENCE, ORDER, STEPS, WORDS, Dims, Evidence, gather, hear
from fusion.timeline import Timeline
from tests.fusion.evidence import MS, evidence

DIMS = Dims(text=4, voice=2, face=3)
WIDTHS = {Modality.TEXT: 4, Modality.VOICE: 2, Modality.FACE: 3}
END_MS = 8000


def _said(start_ms: int, end_ms: int, count: int, confidence: float = 1.0, seq: int = 0) -> Embedding:
    """An utterance of `count` words that share its time; every word's vector holds its number."""
    edges = np.linspace(start_ms, end_ms, count + 1) * MS
    numbers = np.arange(count, dtype=np.float32)
    words = WordEmbeddings(
        np.stack([edges[:-1], edges[1:]], axis=1).astype(np.int64),
        np.repeat(numbers[:, None], 4, axis=1),
        numbers / 100,
        np.full(count, 0.5, np.float32),
    )
    interval = Interval(start_ms * MS, end_ms * MS)
    reading = Reading(0.6, 0.3)
    return Embedding(seq, Modality.TEXT, interval, np.zeros(4, np.float32), confidence, reading, words)


def _told(modality: Modality, start_ms: int, end_ms: int, value: float, confidence: float = 1.0) -> Embedding:
    vector = np.full(WIDTHS[modality], value, np.float32)
    interval = Interval(start_ms * MS, end_ms * MS)
    return Embedding(0, modality, interval, vector, confidence, Reading(0.5, 0.0, activation=0.25))


def _gather(*embeddings: Embedding, end_ms: int = END_MS, dims: Dims = DIMS) -> Evidence:
    timelines = {modality: Timeline(growing=modality is Modality.TEXT) for modality in Modality}
    for each in embeddings:
        timelines[each.modality].push(each, settled_ns=-1, now_ns=end_ms * MS)
    known = {m: told for m, timeline in timelines.items() if (told := timeline.known(0, end_ms * MS))}
    window = Window(Interval(0, end_ms * MS), known)
    return gather(window, hear(window, 2.0), dims)


def _same(one: Evidence, other: Evidence) -> bool:
    return all(np.array_equal(getattr(one, field.name), getattr(other, field.name)) for field in fields(Evidence))


hops = st.lists(
    st.tuples(
        st.sampled_from([Modality.VOICE, Modality.FACE]),
        st.integers(0, 150),
        st.integers(1, 4),
        st.floats(-1, 1, width=32),
        st.sampled_from([0.0, 0.5, 1.0]),
    ),
    max_size=25,
    unique_by=lambda hop: hop[:3],
)


@given(hops.flatmap(lambda every: st.tuples(st.just(every), st.permutations(every))))
@settings(max_examples=40)
def test_the_order_of_arrival_changes_nothing(
    orders: tuple[list[tuple[Modality, int, int, float, float]], ...],
) -> None:
    one, other = (
        _gather(
            *(
                _told(m, start * 50, (start + length) * 50, value, confidence)
                for m, start, length, value, confidence in order
            )
        )
        for order in orders
    )
    assert _same(one, other)


def test_words_come_from_the_first_row_on_with_times_from_the_window_s_end() -> None:
    found = _gather(_said(5000, 7000, 4))
    assert found.word_mask.tolist() == [1.0] * 4 + [0.0] * (WORDS - 4)
    assert found.words[:5, 0].tolist() == [0, 1, 2, 3, 0]
    assert found.word_marks[:4, 0].tolist() == [-3.0, -2.5, -2.0, -1.5]
    assert found.word_marks[3, 1] == -1.0


def test_of_a_long_utterance_the_last_words_are_kept() -> None:
    found = _gather(_said(0, 7000, WORDS + 5))
    assert found.words[0, 0] == 5
    assert found.words[-1, 0] == WORDS + 4


def test_the_pause_before_a_word_is_marked() -> None:
    said = _said(5000, 7000, 4)
    assert said.words is not None
    said.words.intervals_ns[2:] += 400 * MS
    assert _gather(said).word_marks[:4, 2].tolist() == pytest.approx([0.0, 0.0, 0.4, 0.0])


def test_a_step_holds_the_mean_of_what_overlaps_it_and_how_much_of_it_was_seen() -> None:
    found = _gather(_told(Modality.FACE, 7850, 7950, 1.0), _told(Modality.FACE, 7950, 8000, 3.0))
    assert found.face[-1].tolist() == [2.0] * 3
    assert found.face_mask[-2:].tolist() == [0.5, 1.0]
    assert found.face[-2].tolist() == [1.0] * 3


def test_voice_and_face_from_before_the_utterance_are_not_its_evidence() -> None:
    hops = [_told(Modality.VOICE, start, start + 100, 1.0) for start in range(0, 8000, 100)]
    found = _gather(_said(6000, 7500, 3), *hops)
    assert np.flatnonzero(found.voice_mask)[0] == STEPS - 25  # half a second before it began
    assert np.flatnonzero(_gather(*hops).voice_mask)[0] == STEPS - 60


def test_what_saw_nothing_is_masked() -> None:
    found = _gather(_told(Modality.FACE, 7000, 7100, 1.0, confidence=0.0), _told(Modality.FACE, 7900, 8000, 1.0))
    assert found.face_mask.sum() == 1.0


def test_what_was_clearly_said_outweighs_the_breath_after_it() -> None:
    clear, breath = _told(Modality.VOICE, 7000, 7100, 1.0), _told(Modality.VOICE, 7900, 8000, 1.0, confidence=0.1)
    window = Window(Interval(0, END_MS * MS), {Modality.VOICE: (clear, breath)})
    heard = hear(window, 2.0)[Modality.VOICE]
    assert heard.embedding is clear
    assert heard.presence == pytest.approx(0.5**0.45)


@given(st.lists(st.floats(0, 1), max_size=60))
def test_the_most_present_is_found_wherever_it_lies(confidences: list[float]) -> None:
    told = [_told(Modality.FACE, at * 100, (at + 1) * 100, 1.0, each) for at, each in enumerate(confidences)]
    present = [(each.confidence * 0.5 ** ((END_MS * MS - each.interval.end_ns) / 2e9), each) for each in told]
    greatest = max((presence for presence, _ in present if presence >= LEAST_PRESENCE), default=None)
    heard = hear(Window(Interval(0, END_MS * MS), {Modality.FACE: tuple(told)}), 2.0).get(Modality.FACE)
    if greatest is None or heard is None:
        assert heard is greatest is None
    else:
        assert heard.presence == greatest
        assert heard.embedding is [each for presence, each in present if presence == greatest][-1]  # of equals


@given(st.sets(st.sampled_from(list(Modality))))
def test_leaving_a_modality_out_is_never_having_had_it(left_out: set[Modality]) -> None:
    every = {
        Modality.TEXT: _said(5500, 7000, 3),
        Modality.VOICE: _told(Modality.VOICE, 7000, 8000, 1.0),
        Modality.FACE: _told(Modality.FACE, 6000, 8000, 1.0),
    }
    found = _gather(*every.values()).without(*left_out)
    alone = _gather(*(each for modality, each in every.items() if modality not in left_out))
    assert np.array_equal(found.readings, alone.readings)
    assert np.array_equal(found.presence, alone.presence)


def test_readings_and_presence_stand_in_their_order() -> None:
    found = _gather(evidence(Modality.VOICE, 0, 8000, sarcasm=0.75, sentiment=-0.5, confidence=0.5), dims=Dims())
    row = ORDER.index(Modality.VOICE)
    assert found.readings[row].tolist() == pytest.approx([math.log(3), -0.5, 0.0])
    assert found.presence.tolist() == [0.5 if i == row else 0.0 for i in range(3)]


def test_vectors_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match="trained for vectors of 2"):
        _gather(evidence(Modality.VOICE, 0, 8000))


def test_numbers_that_are_none_do_not_spread() -> None:
    broken = _told(Modality.FACE, 7900, 8000, math.nan)
    assert np.isfinite(_gather(broken).face).all()
