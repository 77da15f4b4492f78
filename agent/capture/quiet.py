"""A noisy native library in, silence on standard error out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def native_stderr_silenced() -> Iterator[None]:
    """Send what C libraries write to standard error nowhere: ALSA and JACK report every device they do not find there.

    It covers the whole process, so keep what is inside short.
    """
    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error to silence
        yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
