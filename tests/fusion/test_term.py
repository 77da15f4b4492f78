"""A modality that fusion has never heard of: told of from the start, heeded once a term for it was fitted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain, combinations
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from encoders.samples import Embedding, Interval, Modality, Reading
from fusion.cues import CUES, LEAST_EFFECT
from fusion.estimate import Scores, Window
from fusion.model import Fusion
from fusion.term import LARGEST_DEVIATION, TOLD, Term, load, save
from tests.fusion.evidence import HEART, HEART_DIM, MS, evidence
from tests.fusion.models import LATE, WEIGHTS
from tests.fusion.sessions import (
    IDLE_MS,
    LATENESS_MS,
    MAX_WAIT_MS,
    PERIOD_MS,
    Said,
    Told,
    delays,
    finals,
    fuser_of,
    live,
    sessions,
    steady,
)
from tests.fusion.test_model import Counted

SIZE = len(TOLD) + HEART_DIM
TERM = Term(HEART, "1", (0.0,) * SIZE, (1.0, 1.0, 0.5, 2.0, 2.0), (0.2, 0.0, 0.9, 0.4, -0.3))
HEEDING = LATE.heeding([TERM])
FOUR = (*Modality, HEART)
SUBSETS = [frozenset(some) for some in chain.from_iterable(combinations(FOUR, count) for count in range(5))]

levels = st.floats(-1, 1)
four_delays = st.tuples(delays, delays, delays, delays)
with_heart = st.tuples(sessions, steady(HEART)).map(lambda drawn: (*drawn[0], drawn[1]))


def beat(activation: float, confidence: float = 1.0) -> Embedding:
    """An embedding as of a plug-in whose head tells of activation alone."""
    vector = np.array([activation * 3, -activation], np.float32)
    reading = Reading(activation=activation)
    return Embedding(0, HEART, Interval(7000 * MS, 8000 * MS), vector, confidence, reading)


def fuse(model: Fusion, embeddings: Iterable[Embedding]) -> Scores:
    return model.fuse(Window(Interval(0, 8000 * MS), {each.modality: (each,) for each in embeddings}))


def three() -> list[Embedding]:
    return [evidence(m, 7000, 8000, sarcasm=0.6, sentiment=0.2) for m in Modality]


# Unheard of.


@given(levels)
def test_without_a_term_it_is_told_of_and_moves_nothing(activation: float) -> None:
    alone, beside = fuse(LATE, three()), fuse(LATE, [*three(), beat(activation)])
    assert beside.readings[HEART] == Reading(activation=activation)
    assert beside.contributions[HEART] == 0.0
    others = {modality: reading for modality, reading in beside.readings.items() if modality != HEART}
    changes = {modality: each for modality, each in beside.contributions.items() if modality != HEART}
    assert replace(beside, readings=others, contributions=changes) == alone


@given(with_heart, four_delays)
@settings(max_examples=25)
def test_a_session_s_finals_say_of_the_three_what_they_say_without_it(
    session: tuple[Said, ...], ways: Sequence[Sequence[int]]
) -> None:
    until_ms = max(said.end_ms for said in session) + 10_000
    arrivals = [said.delayed(way) for said, way in zip(session, ways, strict=True)]
    told = [
        finals(live(fuser_of(LATE, modalities), chain(*some), until_ms + LATENESS_MS), until_ms)
        for modalities, some in ((FOUR, arrivals), (tuple(Modality), arrivals[:3]))
    ]
    assert len(told[0]) == len(told[1]) > 0
    for four, alone in zip(*told, strict=True):
        assert four.scores.sarcasm == alone.scores.sarcasm
        assert four.state == alone.state
        assert four.scores.cues == alone.scores.cues
        assert {m: four.scores.contributions[m] for m in alone.scores.contributions} == alone.scores.contributions
        assert {m: four.standings[m] for m in Modality} == dict(alone.standings)


def test_first_revisions_do_not_wait_for_it_and_final_ones_only_while_it_lives() -> None:
    """A sensor that tells something once a second, and then dies."""
    hops = [evidence(m, end - 50, end) for m in (Modality.FACE, Modality.VOICE) for end in range(50, 20_000, 50)]
    beats = [evidence(HEART, end - 1000, end) for end in range(1000, 7000, 1000)]
    told = [Told(each.interval.end_ns // MS + 5, each) for each in [*hops, *beats]]
    told += [Told(t.at_ms, (t.what.modality, t.at_ms - 5)) for t in told if isinstance(t.what, Embedding)]
    published = live(fuser_of(LATE, [Modality.FACE, Modality.VOICE, HEART]), told, 19_900)
    waits = {(e.seq, e.final): (now_ns - e.interval.end_ns) // MS for now_ns, e in published}
    firsts = {wait for (_, final), wait in waits.items() if not final}
    lives, dead = 6000 // PERIOD_MS, (6000 + IDLE_MS[HEART]) // PERIOD_MS
    assert firsts == {5}
    assert max(wait for (tick, final), wait in waits.items() if final and tick < lives) <= 1005
    assert {wait for (tick, final), wait in waits.items() if final and tick > dead} == {MAX_WAIT_MS}


# Heeded.


@pytest.mark.parametrize("subset", SUBSETS, ids=lambda subset: "+".join(sorted(subset)) or "nothing")
def test_any_subset_is_scored_and_a_heart_alone_is_neither_sincere_nor_sarcastic(subset: frozenset[Modality]) -> None:
    scores = fuse(HEEDING, [each for each in [*three(), beat(0.5)] if each.modality in subset])
    assert (scores.sarcasm is not None) == bool(subset & {Modality.TEXT, Modality.VOICE})
    assert set(scores.readings) == set(scores.contributions) == subset
    assert (scores.delivered is not None) == bool(subset & {Modality.FACE, Modality.VOICE})


@given(levels, st.floats(0.1, 1))
def test_it_adds_its_weighted_deviations_as_far_as_it_is_present(activation: float, confidence: float) -> None:
    alone, heeded = fuse(LATE, three()), fuse(HEEDING, [*three(), beat(activation, confidence)])
    deviations = np.clip([activation / 0.5, activation * 1.5, -activation / 2], -LARGEST_DEVIATION, LARGEST_DEVIATION)
    added = confidence * float(deviations @ [0.9, 0.4, -0.3])
    assert alone.sarcasm is not None
    assert heeded.sarcasm is not None
    assert math.log(heeded.sarcasm / (1 - heeded.sarcasm)) == pytest.approx(
        math.log(alone.sarcasm / (1 - alone.sarcasm)) + added, abs=1e-6
    )


@given(levels)
def test_every_contribution_is_what_leaving_that_modality_out_would_take_away(activation: float) -> None:
    every = [*three(), beat(activation)]
    whole = fuse(HEEDING, every)
    for left_out in FOUR:
        rest = fuse(HEEDING, [each for each in every if each.modality != left_out])
        assert whole.sarcasm is not None
        assert rest.sarcasm is not None
        assert whole.contributions[left_out] == pytest.approx(whole.sarcasm - rest.sarcasm)


@given(with_heart, four_delays, four_delays)
@settings(max_examples=25)
def test_finals_do_not_depend_on_the_order_of_arrival(
    session: tuple[Said, ...], one: Sequence[Sequence[int]], other: Sequence[Sequence[int]]
) -> None:
    until_ms = max(said.end_ms for said in session) + 10_000
    told = [
        finals(
            live(
                fuser_of(HEEDING, FOUR),
                chain.from_iterable(said.delayed(way) for said, way in zip(session, ways, strict=True)),
                until_ms + LATENESS_MS,
            ),
            until_ms,
        )
        for ways in (one, other)
    ]
    assert told[0] == told[1]


@given(levels, st.floats(0.1, 1))
def test_a_named_number_is_a_reason_by_what_leaving_it_out_would_take_away(
    activation: float, confidence: float
) -> None:
    named = LATE.heeding([msgspec.structs.replace(TERM, names=("rate", "rise"))])
    whole = fuse(named, [*three(), beat(activation, confidence)])
    usual = fuse(
        named, [*three(), replace(beat(activation, confidence), vector=np.array([0.0, -activation], np.float32))]
    )
    assert whole.sarcasm is not None
    assert usual.sarcasm is not None
    effects = {cue.name: cue.effect for cue in whole.cues if cue.modality == HEART}
    effect = whole.sarcasm - usual.sarcasm
    assert set(effects) <= {"own_activation", "rate", "rise"}
    if abs(effect) >= LEAST_EFFECT and len(whole.cues) < CUES:
        assert effects["rate"] == pytest.approx(effect, abs=1e-6)
    assert replace(whole, cues=()) == replace(fuse(HEEDING, [*three(), beat(activation, confidence)]), cues=())


def test_without_names_it_gives_no_reasons() -> None:
    assert fuse(HEEDING, [*three(), beat(1.0)]).cues == fuse(LATE, three()).cues


def test_it_costs_no_pass_of_its_own() -> None:
    function = Counted()
    fusion = Fusion(function, "test", half_life_s=2.0, shares=WEIGHTS.shares, reliability=WEIGHTS.reliability)
    fuse(fusion.heeding([TERM]), [*three(), beat(0.5)])
    assert function.asked == [1 + 3]


def test_a_head_that_gives_no_number_is_masked() -> None:
    broken = replace(beat(0.5), reading=Reading(sarcasm=math.nan, activation=0.5))
    assert fuse(HEEDING, [*three(), broken]) == fuse(HEEDING, three())


def test_what_its_head_does_not_tell_counts_as_usual_and_what_slips_as_no_more_than_unusual() -> None:
    silent, wild = replace(beat(0.0), reading=Reading()), replace(beat(0.0), vector=np.array([1e9, 0.0], np.float32))
    known = fuse(HEEDING, three()).sarcasm
    assert fuse(HEEDING, [*three(), silent]).sarcasm == known
    assert known is not None
    slipped = fuse(HEEDING, [*three(), wild]).sarcasm
    assert slipped is not None
    assert math.log(slipped / (1 - slipped)) == pytest.approx(
        math.log(known / (1 - known)) + 0.4 * LARGEST_DEVIATION, abs=1e-6
    )


def test_the_model_s_version_names_what_had_a_say() -> None:
    assert HEEDING.version == "test+heart-1"
    assert HEEDING.expecting(0.2).version == "test+heart-1"
    assert LATE.heeding([]).version == "test"


# The file.


def test_weights_come_back_from_their_file_as_they_went(tmp_path: Path) -> None:
    save(TERM, tmp_path / "heart.json")
    assert load(tmp_path / "heart.json") == TERM


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"modality": "voice"}, "trained on the voice"),
        ({"modality": "Heart rate"}, "Invalid enum value"),
        ({"mean": [0.0]}, "each of them"),
        ({"mean": [], "scale": [], "weights": []}, "each of them"),
        ({"scale": [0.0] * SIZE}, "above 0"),
        ({"weights": ["much"] * SIZE}, "Expected `float`"),
        ({"names": ["rate"]}, "as many as the vector's numbers: 2, not 1"),
    ],
)
def test_a_file_of_no_use_is_refused_with_the_reason(changed: dict[str, object], said: str, tmp_path: Path) -> None:
    path = tmp_path / "heart.json"
    path.write_bytes(msgspec.json.encode(msgspec.to_builtins(TERM) | changed))
    with pytest.raises(msgspec.ValidationError, match=said):
        load(path)


def test_vectors_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="vectors of 2, got 5"):
        fuse(HEEDING, [*three(), replace(beat(0.1), vector=np.zeros(5, np.float32))])
