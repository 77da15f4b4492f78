"""A table of what a heart did during a recording in, measurements out.

The first line names the columns: `time_s`, from the beginning of the recording, and `bpm` (a measurement a line) or
`rr_ms` (a beat a line, the interval that it ends).
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import numpy as np

from agent.capture.source import CaptureError, Problem
from encoders.samples import NS_PER_S, Measurement

_KINDS = ("bpm", "rr_ms")


class HeartFile:
    """A recorded source. Losses: malformed lines, and lines out_of_order."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = str(path)
        self.losses: Counter[str] = Counter()

    def __enter__(self) -> Self:
        try:
            self._lines: TextIO = self._path.open(newline="", encoding="utf-8")
            self._rows = csv.DictReader(self._lines)
            columns = self._rows.fieldnames or ()
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise CaptureError(Problem.ABSENT, f"{self.name} cannot be read: {error}") from error
        kinds = [kind for kind in _KINDS if kind in columns]
        if "time_s" not in columns or len(kinds) != 1:
            self._lines.close()
            raise CaptureError(
                Problem.NOT_MEDIA, f"{self.name} has no columns time_s and bpm, or time_s and rr_ms, in its first line"
            )
        [self._kind] = kinds
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()

    def __iter__(self) -> Iterator[Measurement]:
        last_s, seq = -math.inf, 0
        for row in self._rows:
            try:
                at_s, number = float(row["time_s"]), float(row[self._kind])
            except (TypeError, ValueError):
                at_s, number = math.nan, math.nan
            if not (math.isfinite(at_s) and math.isfinite(number) and at_s >= 0 and number > 0):
                self.losses["malformed"] += 1
            elif at_s <= last_s:
                self.losses["out_of_order"] += 1
            else:
                values = [number] if self._kind == "bpm" else [60_000 / number, number]
                yield Measurement(seq, round(at_s * NS_PER_S), np.array(values, np.float64))
                last_s, seq = at_s, seq + 1
