"""What the recognizer's ears make of a talk: when they listen, and that gain says nothing."""

from __future__ import annotations

import numpy as np
import pytest

from encoders.acoustics import HOP
from encoders.prosody import VOICE_DIMS, ProsodyEncoder, ProsodyModel
from encoders.samples import AudioChunk
from encoders.sound import LEAD_HOPS, REST_HOPS, SOUND_DIMS, WINDOW_HOPS, SoundModel, TalkWindow
from tests.encoders.test_prosody import RATE_HZ, buzz, silence

SOUND = [VOICE_DIMS.index(name) for name in SOUND_DIMS]


@pytest.fixture(scope="module")
def model() -> SoundModel:
    return SoundModel.load()


def hop(number: int) -> np.typing.NDArray[np.float32]:
    return np.full(HOP, number, np.float32)


def heard(voiced: list[bool]) -> list[tuple[int, int, int]]:
    """At which hops the talk is due, and the first and last hop of it."""
    window, due = TalkWindow(), []
    for at, voice in enumerate(voiced):
        talk = window.push(hop(at), voice)
        if talk is not None:
            due.append((at, int(talk[0]), int(talk[-1])))
    return due


def test_a_talk_is_heard_every_half_second_and_once_long_every_second() -> None:
    quiet = 20
    due = heard([False] * quiet + [True] * 70)
    assert [at - quiet for at, _, _ in due] == [4, 9, 14, 19, 24, 34, 44, 54, 64]
    assert all(last == at for at, _, last in due)
    assert due[0][1] == quiet - LEAD_HOPS
    assert all(last - first < WINDOW_HOPS for _, first, last in due)


def test_nothing_is_heard_while_nobody_talks_and_a_pause_does_not_end_a_talk() -> None:
    assert heard([False] * 100) == []
    paused = [True] * 6 + [False] * (REST_HOPS - 1) + [True] * 6
    assert {first for _, first, _ in heard(paused)} == {0}
    rested = [True] * 6 + [False] * (REST_HOPS + LEAD_HOPS) + [True] * 6
    assert heard(rested)[-1][1] == 6 + REST_HOPS


def test_coordinates_are_bounded_and_do_not_hear_gain(model: SoundModel) -> None:
    voice = buzz(150, 2.0)
    soft = model.locate(voice)
    assert soft.shape == (len(SOUND_DIMS),)
    assert np.abs(soft).max() <= 4.0
    np.testing.assert_array_equal(soft, model.locate(4.0 * voice))
    # Six decibels are no power of two: samples round differently, and int8 activations tell.
    np.testing.assert_allclose(soft, model.locate(np.float32(1.9953) * voice), atol=0.3)
    assert np.abs(soft - model.locate(buzz(300, 2.0))).max() > 1.0
    assert np.isfinite(model.locate(silence(1.0))).all()


def test_a_voice_s_vector_holds_the_coordinates_of_the_talk_from_its_first_half_second_on() -> None:
    encoder = ProsodyEncoder(ProsodyModel.load())
    pcm = np.concatenate([silence(1.5), buzz(150, 2.0), silence(2.0), buzz(200, 0.3)])
    vectors = np.array([each.vector[SOUND] for each in encoder.push(AudioChunk(0, 0, RATE_HZ, pcm))])
    known = np.abs(vectors).any(axis=1)
    assert not known[:18].any()
    assert known[24:50].all()  # through the pause: what was said is still what was said
    assert not known[-1]  # another talk has begun and was not heard yet
