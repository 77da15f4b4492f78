"""A notification of a heart rate strap in, its rate and beats out; and the other way round.

The Heart Rate Measurement characteristic (0x2A37) of the Bluetooth SIG's Heart Rate Service 1.0: a byte of flags, the
rate in beats per minute in one byte or two, the energy expended where it is told, and the intervals between beats since
the last notification in 1/1024 s, oldest first; little endian.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_WIDE, _CONTACT, _HAS_CONTACT, _ENERGY, _INTERVALS = 1, 2, 4, 8, 16
LARGEST = 20  # bytes: what one notification holds at Bluetooth's least packet size


def read(value: bytes) -> NDArray[np.float64]:
    """The rate in beats per minute, 0 where the strap says that it is not worn, and the intervals in ms [1 + beats].

    Raises ValueError for what is none.
    """
    try:
        flags = value[0]
        rate, at = (struct.unpack_from("<H", value, 1)[0], 3) if flags & _WIDE else (value[1], 2)
    except (IndexError, struct.error) as error:
        raise ValueError("a heart rate measurement of too few bytes") from error
    at += 2 if flags & _ENERGY else 0
    count, rest = divmod(len(value) - at, 2)
    if rest or count < 0 or (count and not flags & _INTERVALS):
        raise ValueError("a heart rate measurement whose length is not what its flags say")
    intervals = struct.unpack_from(f"<{count}H", value, at)
    off = flags & _HAS_CONTACT and not flags & _CONTACT
    return np.array([0 if off else rate, *(1000 * each / 1024 for each in intervals)], np.float64)


def write(rate_bpm: int, intervals_ms: Sequence[float] = ()) -> bytes:
    """What a strap that is worn would notify."""
    flags = _HAS_CONTACT | _CONTACT | (_INTERVALS if len(intervals_ms) else 0)
    beats = [round(each * 1024 / 1000) for each in intervals_ms]
    return struct.pack(f"<BB{len(beats)}H", flags, rate_bpm, *beats)
