"""What a fusion model says beside f()'s number, over the late average, whose numbers can be checked by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from encoders.samples import Cue, Embedding, Interval, Modality, WordEmbeddings
from fusion.estimate import Scores, Window
from fusion.evidence import ORDER, WORD_MARKS, Dims, Evidence
from fusion.late import Late
from fusion.model import Fusion, intended_sentiment
from tests.fusion.evidence import MS, evidence
from tests.fusion.models import LATE, WEIGHTS

SUBSETS = [frozenset(some) for some in chain.from_iterable(combinations(Modality, count) for count in range(4))]

probabilities = st.floats(0, 1)
sentiments = st.floats(-1, 1)


def _fuse(*embeddings: Embedding, end_ms: int = 8000) -> Scores:
    sorted_by = {
        modality: tuple(each for each in embeddings if each.modality is modality)
        for modality in Modality
        if any(each.modality is modality for each in embeddings)
    }
    return LATE.fuse(Window(Interval(0, end_ms * MS), sorted_by))


def _all(sarcasm: float = 0.7, sentiment: float = 0.2) -> dict[Modality, Embedding]:
    return {m: evidence(m, 7000, 8000, sarcasm=sarcasm, sentiment=sentiment) for m in Modality}


@pytest.mark.parametrize("subset", SUBSETS, ids=lambda subset: "+".join(sorted(subset)) or "nothing")
def test_any_subset_of_modalities_is_scored_and_only_what_was_said_can_be_sarcastic(
    subset: frozenset[Modality],
) -> None:
    scores = _fuse(*(each for modality, each in _all().items() if modality in subset))
    assert (scores.sarcasm is not None) == bool(subset & {Modality.TEXT, Modality.VOICE})
    assert (scores.literal is not None) == (Modality.TEXT in subset)
    assert (scores.delivered is not None) == bool(subset & {Modality.FACE, Modality.VOICE})
    assert (scores.intended is not None) == bool(subset)
    assert set(scores.readings) == set(scores.contributions) == subset


def test_nothing_known_gives_no_confidence_and_no_cues() -> None:
    scores = _fuse()
    assert scores.confidence == 0.0
    assert scores.cues == ()


@given(st.lists(st.tuples(probabilities, sentiments), min_size=3, max_size=3), st.integers(0, 30_000))
def test_scores_stay_in_their_ranges(heard: list[tuple[float, float]], age_ms: int) -> None:
    scores = _fuse(
        *(evidence(m, 0, 1000, sarcasm=p, sentiment=s) for m, (p, s) in zip(Modality, heard, strict=True)),
        end_ms=1000 + age_ms,
    )
    assert scores.sarcasm is None or 0 <= scores.sarcasm <= 1
    assert 0 <= scores.confidence <= 1
    assert all(
        feeling is None or -1.0001 <= feeling <= 1.0001
        for feeling in (scores.literal, scores.delivered, scores.intended)
    )


def test_the_score_is_the_weighted_sum_of_log_odds_and_the_gap() -> None:
    scores = _fuse(
        evidence(Modality.TEXT, 0, 8000, sarcasm=0.6, sentiment=0.8),
        evidence(Modality.VOICE, 0, 8000, sarcasm=0.7, sentiment=-0.4, confidence=0.5),
    )
    odds = -0.2 + 0.5 * math.log(0.6 / 0.4) + 0.8 * 0.5 * math.log(0.7 / 0.3) + 1.0 * (0.8 - -0.4)
    assert scores.sarcasm == pytest.approx(1 / (1 + math.exp(-odds)))


@given(sentiments, sentiments)
def test_a_wider_gap_between_friendly_words_and_unfriendly_delivery_is_never_less_sarcastic(
    literal: float, delivered: float
) -> None:
    def sarcasm(heard: float) -> float:
        scores = _fuse(
            evidence(Modality.TEXT, 0, 8000, sentiment=literal), evidence(Modality.VOICE, 0, 8000, sentiment=heard)
        )
        return scores.sarcasm or 0.0

    assert sarcasm(max(-1.0, delivered - 0.3)) >= sarcasm(delivered)


def test_delivery_friendlier_than_the_words_is_no_gap() -> None:
    scores = _fuse(evidence(Modality.TEXT, 0, 8000, sentiment=-0.9), evidence(Modality.VOICE, 0, 8000, sentiment=0.9))
    assert scores.sarcasm == pytest.approx(1 / (1 + math.exp(0.2)))


@given(probabilities, probabilities, probabilities)
def test_a_contribution_is_what_leaving_the_modality_out_would_take_away(
    face: float, voice: float, text: float
) -> None:
    every = {
        Modality.FACE: evidence(Modality.FACE, 0, 8000, sarcasm=face, sentiment=-0.4),
        Modality.VOICE: evidence(Modality.VOICE, 0, 8000, sarcasm=voice, sentiment=-0.2),
        Modality.TEXT: evidence(Modality.TEXT, 0, 8000, sarcasm=text, sentiment=0.9),
    }
    whole = _fuse(*every.values())
    for left_out in Modality:
        rest = _fuse(*(each for modality, each in every.items() if modality is not left_out))
        assert whole.sarcasm is not None
        assert rest.sarcasm is not None
        assert whole.contributions[left_out] == pytest.approx(whole.sarcasm - rest.sarcasm)


def test_the_only_voice_heard_contributes_its_distance_from_the_bias() -> None:
    scores = _fuse(evidence(Modality.VOICE, 0, 8000, sarcasm=0.9))
    assert scores.sarcasm is not None
    assert scores.contributions[Modality.VOICE] == pytest.approx(scores.sarcasm - 1 / (1 + math.exp(0.2)))


def test_older_evidence_weighs_less() -> None:
    fresh, older = (_fuse(evidence(Modality.VOICE, 0, end_ms, sarcasm=0.9)) for end_ms in (8000, 6000))
    assert fresh.sarcasm is not None
    assert older.sarcasm is not None
    assert fresh.sarcasm > older.sarcasm > 0.5
    assert older.confidence == pytest.approx(fresh.confidence / 2)


def test_evidence_grown_too_old_is_no_evidence() -> None:
    scores = _fuse(evidence(Modality.VOICE, 0, 1000, sarcasm=0.9), end_ms=20_000)
    assert scores.sarcasm is None
    assert scores.readings == {}


def test_a_look_that_saw_nothing_does_not_hide_what_was_seen_before_it() -> None:
    seen = evidence(Modality.FACE, 6000, 7000, sentiment=0.5)
    nothing = evidence(Modality.FACE, 7000, 8000, confidence=0.0, read=False)
    assert _fuse(seen, nothing).delivered == pytest.approx(0.5)


@pytest.mark.parametrize(("sarcasm", "sentiment"), [(math.nan, 0.0), (0.5, math.nan), (math.inf, 0.0)])
def test_a_head_that_gives_no_number_is_masked(sarcasm: float, sentiment: float) -> None:
    broken = evidence(Modality.VOICE, 0, 8000, sarcasm=sarcasm, sentiment=sentiment)
    text = evidence(Modality.TEXT, 0, 8000, sarcasm=0.7, sentiment=0.2)
    assert _fuse(broken, text) == _fuse(text)


def test_delivered_sentiment_weighs_modalities_by_their_reliability() -> None:
    scores = _fuse(evidence(Modality.VOICE, 0, 8000, sentiment=0.6), evidence(Modality.FACE, 0, 8000, sentiment=-0.6))
    assert scores.delivered == pytest.approx((1.0 * 0.6 + 0.5 * -0.6) / 1.5)


def test_the_strongest_cues_of_all_modalities_come_first_and_are_few() -> None:
    voice = tuple(Cue(f"voice_{n}", Modality.VOICE, 1.0, n / 100) for n in range(5))
    face = (Cue("smirk", Modality.FACE, 1.0, -0.2),)
    scores = _fuse(evidence(Modality.VOICE, 0, 8000, cues=voice), evidence(Modality.FACE, 0, 8000, cues=face))
    assert [cue.name for cue in scores.cues] == ["smirk", "voice_4", "voice_3", "voice_2", "voice_1"]


@given(st.floats(0.01, 1))
def test_positive_words_change_sign_where_sarcasm_becomes_more_likely_than_not(literal: float) -> None:
    below, at, above = (intended_sentiment(p, literal, None) for p in (0.49, 0.5, 0.51))
    assert below is not None
    assert above is not None
    assert below > 0 > above
    assert at == pytest.approx(0)


@given(st.floats(-1, 0), probabilities, sentiments)
def test_negative_words_stay_as_negative_as_they_are(literal: float, sarcasm: float, delivered: float) -> None:
    assert intended_sentiment(sarcasm, literal, delivered) == pytest.approx(literal)


def test_without_words_the_delivery_is_what_was_meant() -> None:
    assert intended_sentiment(0.9, None, -0.3) == -0.3
    assert intended_sentiment(None, None, None) is None


class Counted:
    """The late average, and how often it was asked."""

    name, dims = "counted", Dims()

    def __init__(self) -> None:
        self.asked: list[int] = []

    def log_odds(self, evidence: Sequence[Evidence], /) -> NDArray[np.float64]:
        self.asked.append(len(evidence))
        return Late(WEIGHTS).log_odds(evidence)


def test_contributions_and_cues_cost_one_pass() -> None:
    function = Counted()
    fusion = Fusion(function, "test", half_life_s=2.0, shares=WEIGHTS.shares, reliability=WEIGHTS.reliability)
    every = {m: (evidence(m, 0, 8000, sentiment=0.5, cues=(Cue("cue", m, 1.0, 0.1),)),) for m in Modality}
    fusion.fuse(Window(Interval(0, 8000 * MS), every))
    assert function.asked == [1 + 3 + 3]


def test_a_cue_s_effect_is_what_undoing_it_would_take_from_the_fused_probability() -> None:
    cue = Cue("flat_pitch", Modality.VOICE, -1.4, 0.2)
    (told,) = _fuse(evidence(Modality.VOICE, 0, 8000, sarcasm=0.7, cues=(cue,))).cues
    undone = _fuse(evidence(Modality.VOICE, 0, 8000, sarcasm=0.5)).sarcasm
    whole = _fuse(evidence(Modality.VOICE, 0, 8000, sarcasm=0.7)).sarcasm
    assert whole is not None
    assert undone is not None
    assert (told.name, told.value) == ("flat_pitch", -1.4)
    assert told.effect == pytest.approx(whole - undone)


def test_praise_in_a_cold_voice_names_the_gap_and_what_it_did() -> None:
    words = evidence(Modality.TEXT, 0, 8000, sentiment=0.8)
    cold, warm = (_fuse(words, evidence(Modality.VOICE, 0, 8000, sentiment=each)) for each in (-0.4, 0.8))
    (cue,) = cold.cues
    assert (cue.name, cue.modality) == ("cold_voice_on_praise", Modality.VOICE)
    assert cue.value == pytest.approx(-1.2)
    assert cold.sarcasm is not None
    assert warm.sarcasm is not None
    assert cue.effect == pytest.approx(cold.sarcasm - warm.sarcasm)
    assert warm.cues == ()


class Blank:
    """Sarcastic where the face shows little."""

    name, dims = "blank", Dims()

    def log_odds(self, evidence: Sequence[Evidence], /) -> NDArray[np.float64]:
        return np.array([-float(each.readings[ORDER.index(Modality.FACE), 2]) for each in evidence])


class Pausing:
    """Sarcastic where words are apart."""

    name, dims = "pausing", Dims()

    def log_odds(self, evidence: Sequence[Evidence], /) -> NDArray[np.float64]:
        return np.array([float(each.word_marks[:, WORD_MARKS.index("pause_s")].sum()) for each in evidence])


def test_a_blank_face_on_praise_is_named_with_how_blank_it_was() -> None:
    words = evidence(Modality.TEXT, 0, 8000, sentiment=0.8)
    face = evidence(Modality.FACE, 0, 8000, sentiment=0.8, activation=-0.6)
    window = Window(Interval(0, 8000 * MS), {Modality.TEXT: (words,), Modality.FACE: (face,)})
    scores = Fusion(Blank(), "test", half_life_s=2.0, shares={}, reliability={}).fuse(window)
    (cue,) = scores.cues
    assert (cue.name, cue.modality) == ("blank_face_on_praise", Modality.FACE)
    assert cue.value == pytest.approx(-0.6)
    assert cue.effect == pytest.approx(1 / (1 + math.exp(-0.6)) - 0.5)


def test_a_pause_before_the_telling_word_is_named_with_its_length() -> None:
    edges_ms = np.array([[6000, 6300], [6300, 6600], [7200, 7600], [7600, 7900]])
    odds = np.array([0.2, 0.3, 0.9, 0.4], np.float32)
    said = WordEmbeddings(edges_ms * MS, np.zeros((4, 1), np.float32), np.zeros(4, np.float32), odds)
    words = replace(evidence(Modality.TEXT, 6000, 7900), words=said)
    window = Window(Interval(0, 8000 * MS), {Modality.TEXT: (words,)})
    (cue,) = Fusion(Pausing(), "test", half_life_s=2.0, shares={}, reliability={}).fuse(window).cues
    assert (cue.name, cue.modality) == ("pause_before_telling_word", Modality.VOICE)
    assert cue.value == pytest.approx(0.6)
    assert cue.effect > 0


def test_where_less_is_sarcastic_the_odds_are_lower_by_just_that() -> None:
    window = Window(Interval(0, 8000 * MS), {modality: (each,) for modality, each in _all().items()})
    half = LATE.fuse(window).sarcasm
    rare = LATE.expecting(0.1).fuse(window).sarcasm
    assert half is not None
    assert rare is not None
    assert half / (1 - half) == pytest.approx(9 * rare / (1 - rare))


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.5, math.nan])
def test_a_base_rate_that_is_no_share_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="share of speech"):
        LATE.expecting(rate)
