"""Loudness frames in, syllable nuclei out: voiced loudness peaks between dips, after de Jong and Wempe (2009)."""

from __future__ import annotations

DIP_DB = 2.0
FAINT_DB = 25.0  # a peak this far below the loudest recent one is no vowel
FORGET_DB = 0.1  # per frame (16 ms): how fast the loudest peak fades


class SyllableCounter:
    """Marks a nucleus once the level has fallen DIP_DB from a voiced peak that had risen DIP_DB from the last dip."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._smooth_db = -100.0
        self._peak_db = -100.0
        self._dip_db = -100.0
        self._loudest_db = -100.0
        self._voiced = False
        self._rising = True

    def push(self, level_db: float, voiced: bool) -> bool:
        """Take the next frame; True when it completes a nucleus."""
        self._smooth_db += 0.5 * (level_db - self._smooth_db)
        level = self._smooth_db
        self._loudest_db = max(level, self._loudest_db - FORGET_DB)
        if not self._rising:
            self._dip_db = min(self._dip_db, level)
            if level > self._dip_db + DIP_DB:
                self._rising, self._peak_db, self._voiced = True, level, voiced
            return False
        if level > self._peak_db:
            self._peak_db = level
            self._voiced = voiced
        if level > self._peak_db - DIP_DB:
            return False
        self._rising, self._dip_db = False, level
        return self._voiced and self._peak_db > self._loudest_db - FAINT_DB
