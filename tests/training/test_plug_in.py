"""A term is fitted where a sensor tells something that f() does not know, and said to be worth nothing where not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from agent.plug_ins.roster import Plugged
from agent.session import demo_location
from encoders.samples import Embedding, Interval, Modality, Reading
from fusion.estimate import Window
from fusion.shipped import load
from fusion.term import TOLD
from tests.agent.capture.films import beginning
from tests.fusion.evidence import MS, evidence
from tests.fusion.models import LATE
from tests.plug_ins import HEART as INSTALLED
from tests.plug_ins import install
from training.clips.corpora import Clip
from training.plug_in.examples import Examples, observe
from training.plug_in.fit import fit

HEART = Modality("heart")
PEOPLE, EACH = 12, 20


def simulate(seed: int, told: float, *, worn: Sequence[float] = (0.5, 1.0)) -> Examples:
    """Sessions of people whose heart moves the log odds of sarcasm by `told` a standard deviation, besides f().

    They are sarcastic more often than f() was calibrated for.
    """
    rng = np.random.default_rng(seed)
    count = PEOPLE * EACH
    offset, roused, noise = rng.normal(0, 1, count), rng.normal(0, 1, count), rng.normal(0, 1, count)
    presence = rng.choice(worn, count)
    sarcasm = rng.random(count) < 1 / (1 + np.exp(-(0.8 + offset + told * presence * roused)))
    features = np.column_stack([np.full((count, 2), np.nan), np.tanh(roused), 10 * roused + 3, noise])
    names = np.array([f"clip {n}" for n in range(count)])
    return Examples(offset, features, presence, sarcasm, names, np.repeat([f"person {n}" for n in range(PEOPLE)], EACH))


def test_a_heart_that_tells_something_is_heeded_and_people_held_out_are_judged_better_by_it() -> None:
    fitted = fit(simulate(1, told=1.2), HEART, "1")
    assert fitted.gains
    assert fitted.within < fitted.without - 0.03
    assert fitted.auc_within > fitted.auc_without
    _, _, activation, rate, noise = fitted.term.weights[: len(TOLD) + 2]
    assert activation + rate > 0.5 > abs(noise)
    assert fitted.term.weights[:2] == (0.0, 0.0)  # its head tells neither


def test_what_was_learnt_holds_for_people_nobody_has_met() -> None:
    term = fit(simulate(1, told=1.2), HEART, "1").term
    strangers = simulate(2, told=1.2)
    added = strangers.presence * (term.standardise(strangers.features) @ np.array(term.weights))
    odds = np.array([strangers.offset, strangers.offset + added]) + 0.8
    losses = (np.logaddexp(0, odds) - strangers.sarcasm * odds).mean(axis=1)
    assert losses[1] < losses[0] - 0.03


def test_in_the_message_it_has_a_contribution_then_and_a_named_reason() -> None:
    heeding = LATE.heeding([fit(simulate(1, told=1.2), HEART, "1", ("rate", "noise")).term])
    vector = np.array([23.0, 0.0], np.float32)
    beat = Embedding(0, HEART, Interval(0, 1000 * MS), vector, 1.0, Reading(activation=math.tanh(2.0)))
    window = Window(Interval(0, 1000 * MS), {Modality.TEXT: (evidence(Modality.TEXT, 0, 1000),), HEART: (beat,)})
    scores = heeding.fuse(window)
    assert scores.contributions[HEART] > 0.1
    assert "rate" in [cue.name for cue in scores.cues if cue.modality == HEART]
    assert LATE.fuse(window).contributions[HEART] == 0.0


@pytest.mark.parametrize("seed", range(8))
def test_a_heart_that_tells_nothing_is_said_to_gain_nothing_however_often_people_are_sarcastic(seed: int) -> None:
    fitted = fit(simulate(seed, told=0.0), HEART, "1")
    assert not fitted.gains
    assert abs(fitted.within - fitted.without) < 0.02


def test_few_people_are_not_taken_for_many() -> None:
    few = simulate(3, told=1.2)
    one = Examples(few.offset, few.features, few.presence, few.sarcasm, few.recording, np.full(len(few), "ann"))
    assert fit(one, HEART, "1").held_out == f"{len(few)} recordings"
    assert fit(few, HEART, "1").held_out == f"{PEOPLE} people"


def test_a_long_recording_counts_as_much_as_a_short_one() -> None:
    once = simulate(4, told=1.2)
    often = np.concatenate([np.arange(len(once)), np.zeros(500, np.intp)])  # the first recording has many utterances
    fields = ("offset", "features", "presence", "sarcasm", "recording", "speaker")
    long = Examples(*(getattr(once, name)[often] for name in fields))
    assert fit(long, HEART, "1").without == pytest.approx(fit(once, HEART, "1").without, abs=0.005)


@pytest.mark.parametrize("kept", [slice(0, 5), slice(0, 0)])
def test_too_little_to_learn_from_is_said(kept: slice) -> None:
    every = simulate(5, told=1.2)
    fields = ("offset", "features", "presence", "sarcasm", "recording", "speaker")
    with pytest.raises(ValueError, match="too little to learn from"):
        fit(Examples(*(getattr(every, name)[kept] for name in fields)), HEART, "1")


def test_examples_are_what_a_live_session_would_have_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "site", monkeypatch, INSTALLED)
    talk = beginning(demo_location(), tmp_path / "talk.mp4", 5.0)
    strap = tmp_path / "talk.heart.csv"
    strap.write_text("time_s,bpm\n" + "".join(f"{n / 2},{70 + n}\n" for n in range(20)))
    plugged = Plugged("heart", str(strap), 3, 5.0)
    clips = [Clip(name, "own", talk, "own", "ann", sarcasm) for name, sarcasm in (("talk", True), ("unknown", None))]
    examples = observe(clips, lambda _: plugged, load(), lambda _: None)
    assert set(examples.recording) == {"talk"}
    assert np.isfinite(examples.offset).all()
    assert np.isnan(examples.features[:, :2]).all()
    assert (examples.features[:, 2] > 0).all()
    assert ((examples.presence > 0.1) & (examples.presence <= 1)).all()
    with pytest.raises(ValueError, match="no labelled recording"):
        observe(clips[1:], lambda _: plugged, load(), lambda _: None)
