"""Sounds without speech: as long and as loud as they are said to be, and the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from bench.speech.speechless import LEVELS_DB, speechless

SHORT_MINUTES = 10 / 60


def test_the_three_sounds_last_as_long_as_asked() -> None:
    sounds = list(speechless(SHORT_MINUTES))
    assert [sound.name for sound in sounds] == ["silence", "white noise", "music"]
    assert {len(sound.pcm) for sound in sounds} == {160_000}


def test_noise_and_music_climb_through_the_levels() -> None:
    for sound in list(speechless(SHORT_MINUTES))[1:]:
        parts = np.array_split(sound.pcm.astype(np.float64), len(LEVELS_DB))
        levels_db = [10 * np.log10(np.mean(part**2)) for part in parts]
        assert levels_db == pytest.approx(LEVELS_DB, abs=0.5)  # the loudest peaks are clipped


def test_they_are_the_same_each_time() -> None:
    for one, again in zip(speechless(SHORT_MINUTES), speechless(SHORT_MINUTES), strict=True):
        assert np.array_equal(one.pcm, again.pcm)
