from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from encoders.speech.tape import Tape
from encoders.speech.voice_activity import WINDOW_SAMPLES


@given(st.lists(st.tuples(st.integers(1, 60_000), st.integers(0, 40)), min_size=1, max_size=40), st.integers(0, 2**16))
@settings(max_examples=50)
def test_what_is_kept_is_what_was_put_there_and_there_is_room_for_little_else(
    pieces: list[tuple[int, int]], seed: int
) -> None:
    random = np.random.default_rng(seed)
    tape, whole = Tape(), np.zeros(0, np.float32)
    lent = []
    for count, forgotten in pieces:
        pcm = random.uniform(-1, 1, count).astype(np.float32)
        whole = np.concatenate([whole, pcm])
        tape.append(pcm)
        assert tape.windows == len(whole) // WINDOW_SAMPLES
        assert len(tape) == len(whole) - tape.first * WINDOW_SAMPLES
        kept = whole[tape.first * WINDOW_SAMPLES : tape.windows * WINDOW_SAMPLES]
        lent.append((tape.between(tape.first, tape.windows), kept))
        tape.forget_before(min(tape.first + forgotten, tape.windows))
        tape.forget_before(0)
    for window in range(tape.first, tape.windows):
        expected = whole[window * WINDOW_SAMPLES : (window + 1) * WINDOW_SAMPLES]
        assert np.array_equal(tape.between(window, window + 1), expected)
    assert all(np.array_equal(one, as_it_was) for one, as_it_was in lent), "what was lent has been written over"


def test_the_room_follows_what_is_kept() -> None:
    tape = Tape()
    for at in range(100):
        tape.append(np.zeros(16_000, np.float32))
        assert len(tape._room) <= 4 * (12 + 2) * 16_000
        tape.forget_before(tape.windows - 12 * 16_000 // WINDOW_SAMPLES if at < 60 else tape.windows)
    assert len(tape._room) <= 6 * 16_000
