"""Clips replayed through the live Fuser, and the figures of their courses, on made-up clips whose answer is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("parselmouth", reason="the training extra is not installed")
pytest.importorskip("ai_edge_litert", reason="the training extra is not installed")

from encoders.samples import Embedding, Interval, Modality, Reading, Transcript, Word
from fusion.estimate import Scores, Window
from training.clips.observation import Course as Row
from training.clips.observation import Observation
from training.evaluate.courses import Played, measure_after, measure_calibration, measure_fraction, measure_steadiness
from training.evaluate.expectations import Outcome
from training.evaluate.manipulation import Retold
from training.evaluate.replay import Course, replay, time_ticks
from training.evaluate.retelling import move_words

MS = 1_000_000
NOTHING = Row(np.zeros((0, 2), np.int64), np.zeros((0, 1), np.float32), np.zeros(0), np.zeros((0, 1)))


class LastSaid:
    """Repeats what the newest embedding of any modality says of sarcasm."""

    name = "last said"

    def fuse(self, window: Window, /) -> Scores:
        told = [e for each in window.embeddings.values() for e in each if e.reading is not None]
        newest = max(told, key=lambda e: e.interval.end_ns, default=None)
        said = None if newest is None or newest.reading is None else newest.reading.sarcasm
        return Scores(said, None, None, None, 1.0, {}, {}, ())


def transcript(revision: int, end_ms: int, *, final: bool) -> Transcript:
    interval = Interval(200 * MS, end_ms * MS)
    return Transcript(0, revision, interval, (Word("so", interval, 1.0, "measured"),), (), final)


def voice(sarcasms: Sequence[float]) -> list[Embedding]:
    """One hop of 100 ms for each."""
    return [
        Embedding(
            i, Modality.VOICE, Interval(100 * i * MS, 100 * (i + 1) * MS), np.zeros(1, np.float32), 1.0, Reading(p, 0)
        )
        for i, p in enumerate(sarcasms)
    ]


def clip(transcripts: tuple[tuple[int, Transcript], ...] = ()) -> Observation:
    return Observation("1_2", NOTHING, NOTHING, transcripts, 0, 2000 * MS)


def played(sarcastic: bool, first: Sequence[float], seconds: float = 2.0) -> Played:
    """A clip whose estimates come five times a second."""
    at_ns = (np.arange(len(first)) + 1) * 200 * MS
    p = np.array(first)
    return Played(sarcastic, 0, round(seconds * 1e9), Course(at_ns, p, p >= 0.6, p), float(p[-1]))


def test_a_tick_hears_what_had_come_by_then_and_is_settled_by_what_comes_later() -> None:
    heard = ((900 * MS, transcript(1, 800, final=False)), (2600 * MS, transcript(2, 1900, final=True)))
    text = [
        Embedding(i, Modality.TEXT, told.interval, np.zeros(1, np.float32), 1.0, Reading(p, 0))
        for i, ((_, told), p) in enumerate(zip(heard, (0.3, 0.9), strict=True))
    ]
    course = replay(clip(heard), {Modality.TEXT: text}, LastSaid(), 2000 * MS)
    assert course.at_ns.tolist() == [200 * k * MS for k in range(1, 11)]
    assert course.at(700 * MS) == 0.5  # nothing was known yet
    assert course.at(1500 * MS) == pytest.approx(0.3)
    assert course.first[-1] == pytest.approx(0.3)
    assert course.final[-1] == pytest.approx(0.9)


def test_the_voice_is_heard_hop_by_hop() -> None:
    course = replay(clip(), {Modality.VOICE: voice([0.1] * 10 + [0.8] * 10)}, LastSaid(), 2000 * MS)
    assert course.at(1000 * MS) == pytest.approx(0.1)
    assert course.at(1200 * MS) == pytest.approx(0.8)
    assert np.flatnonzero(course.on)[0] == 5
    assert np.array_equal(course.first, course.final)


def test_every_moment_that_makes_an_estimate_is_timed() -> None:
    ticking = iter(range(0, 10**9, 1000))
    spent_ns = time_ticks(clip(), {Modality.VOICE: voice([0.1] * 20)}, LastSaid(), lambda: next(ticking))
    assert len(spent_ns) >= 8
    assert all(0 < each <= 1000 for each in spent_ns)


def test_scores_by_fraction_and_by_seconds() -> None:
    late = played(True, [0.4] * 5 + [0.9] * 5)
    short = played(False, [0.5] * 5, seconds=1.0)
    steady = played(False, [0.5] * 10)
    clips = [late, short, steady]
    assert measure_fraction(clips, 0.5)["AUC at 50%"].value == 0
    assert measure_fraction(clips, 1.0)["AUC at 100%"].value == 1
    assert measure_after(clips, 1.5)["AUC at 1.5 s"].value == 1
    assert measure_after(clips, 1.5)["Brier at 1.5 s"].value == pytest.approx((0.1**2 + 0.5**2) / 2)


def test_steadiness_counts_flips_by_the_minute_and_detections_by_the_second() -> None:
    found = played(True, [0.4, 0.4, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7])
    false = played(False, [0.4, 0.7, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3])
    figures = measure_steadiness([found, false])
    assert figures["flips a minute"].value == pytest.approx(3 / (4 / 60))
    assert figures["flips a minute, sincere clips"].value == pytest.approx(2 / (2 / 60))
    assert figures["unnecessary flips among all flips"].value == pytest.approx(2 / 3)
    assert figures["sarcastic clips found before their end"].value == 1
    assert figures["sincere clips taken for sarcastic meanwhile"].value == 1
    assert figures["seconds from onset to detection, median"].value == pytest.approx(0.6)


def test_without_a_detection_there_is_no_time_to_it() -> None:
    figures = measure_steadiness([played(True, [0.4] * 5), played(False, [0.4] * 5)])
    assert figures["sarcastic clips found before their end"].value == 0
    assert "seconds from onset to detection, median" not in figures


def test_the_calibration_of_a_perfect_one_is_what_it_would_be_by_chance() -> None:
    rng = np.random.default_rng(0)
    chances = rng.uniform(0.2, 0.8, 100)
    honest = [played(bool(rng.random() < p), [float(p)] * 3) for p in chances]
    liars = [replace(p, sarcastic=p.end < 0.5) for p in honest]
    figures = measure_calibration(honest)
    perfect = figures["ECE final, if perfect"]
    assert perfect.low <= figures["ECE final"].value <= perfect.high
    assert measure_calibration(liars)["ECE final"].value > perfect.high


def test_expectations_hold_within_their_tolerances() -> None:
    changes = np.array([-0.2, -0.04, 0.0, 0.01, 0.04, 0.2])
    held = {
        rule: Outcome("x", rule, changes).held.tolist() for rule in ("not lower", "not higher", "the same", "higher")
    }
    assert held["not lower"] == [False, True, True, True, True, True]
    assert held["not higher"] == [True, True, True, True, True, False]
    assert held["the same"] == [False, False, True, True, False, False]
    assert held["higher"] == [False, False, False, True, True, True]
    assert Outcome("x", "not lower", changes).met
    assert not Outcome("x", "higher", changes).met


def test_words_follow_a_sound_that_takes_longer() -> None:
    retold = Retold(np.zeros(1, np.float32), np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 3.0]))
    ((known_ns, told),) = move_words(clip(((2000 * MS, transcript(1, 1500, final=True)),)), retold)
    assert known_ns == 3000 * MS
    assert (told.interval.start_ns, told.interval.end_ns) == (200 * MS, 2000 * MS)
    assert told.words[0].interval == told.interval
