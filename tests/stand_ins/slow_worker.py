"""A process of a session whose recognizer is as slow as the test wishes: run in place of agent.processes.worker.

SECONDS_PER_SECOND in its surroundings is how long it takes over a second of sound, at the least.
"""

from __future__ import annotations

import os
import sys
import time

import numpy as np
from numpy.typing import NDArray

from agent.processes import worker
from encoders.speech.moonshine import MoonshineRecognizer
from encoders.speech.recognizer import SAMPLE_RATE_HZ, HeardWord

SECONDS_PER_SECOND = "SECONDS_PER_SECOND"

_transcribe = MoonshineRecognizer.transcribe


def transcribe_slowly(
    recognizer: MoonshineRecognizer, pcm: NDArray[np.float32], guess: tuple[HeardWord, ...] | None = None, /
) -> tuple[HeardWord, ...]:
    """The recognizer's own words, later."""
    due_s = time.monotonic() + float(os.environ[SECONDS_PER_SECOND]) * len(pcm) / SAMPLE_RATE_HZ
    words = _transcribe(recognizer, pcm, guess)
    time.sleep(max(0.0, due_s - time.monotonic()))
    return words


if __name__ == "__main__":
    MoonshineRecognizer.transcribe = transcribe_slowly  # type: ignore[method-assign]
    sys.exit(worker.main())
