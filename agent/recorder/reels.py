"""A session's samples in, as they come from its processes; its films out, the next begun where one cannot go on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from agent.recorder.reel import Reel, is_fit, size_of
from agent.recorder.shelf import film
from encoders.samples import AudioChunk, VideoFrame

_TOGETHER_NS = 2_000_000_000
"""A film says at its beginning what is in it, so it is begun when both have come, or one for this long alone."""
_MOST_HELD = 120
_AHEAD_NS = 10_000_000_000


class Reels:
    """The films of one recording, in its folder. `losses`: unfit, out_of_order. Raises OSError as Reel does.

    A film cannot go on when pictures come in another size, or when sound or pictures come that were missing at its
    beginning. A recorder that is started again begins a film of its own.
    """

    def __init__(self, folder: Path, *, seen: bool, heard: bool) -> None:
        self.losses: Counter[str] = Counter()
        self.kept: Counter[str] = Counter()
        self._folder = folder
        self._expected = {kind for kind, comes in ((VideoFrame, seen), (AudioChunk, heard)) if comes}
        self._held: list[VideoFrame | AudioChunk] = []
        self._reel: Reel | None = None

    def push(self, sample: VideoFrame | AudioChunk, now_ns: int) -> None:
        """Take a sample of either kind; each kind's in order of time."""
        if not is_fit(sample) or sample.pts_ns > now_ns + _AHEAD_NS:
            self.losses["unfit"] += 1
            return
        if self._reel is not None and not self._reel.takes(sample):
            self._end()
        if self._reel is not None:
            self._write(self._reel, sample)
            return
        self._held.append(sample)
        if self._is_complete():
            self._begin()

    def close(self) -> None:
        """Finish the film that is being written, or the short one that was not begun yet."""
        if self._reel is None and self._held:
            self._begin()
        self._end()

    def _is_complete(self) -> bool:
        times_ns = [sample.pts_ns for sample in self._held]
        came = {type(sample) for sample in self._held}
        waited = max(times_ns) - min(times_ns) >= _TOGETHER_NS or len(self._held) >= _MOST_HELD
        return came >= self._expected or waited

    def _begin(self) -> None:
        held, self._held = self._held, []
        began_ns = min(sample.pts_ns for sample in held)
        sizes = [size_of(sample) for sample in held if isinstance(sample, VideoFrame)]
        sound = any(isinstance(sample, AudioChunk) for sample in held)
        number = 1
        while (path := film(self._folder, number)).exists():
            number += 1
        self._reel = Reel(path, sizes[-1] if sizes else None, sound=sound, began_ns=began_ns, losses=self.losses)
        for sample in held:
            if self._reel.takes(sample):
                self._write(self._reel, sample)
            else:
                self.losses["unfit"] += 1  # pictures that came in two sizes within two seconds

    def _end(self) -> None:
        reel, self._reel = self._reel, None
        if reel is not None:
            reel.close()

    def _write(self, reel: Reel, sample: VideoFrame | AudioChunk) -> None:
        reel.push(sample)
        self.kept["pictures" if isinstance(sample, VideoFrame) else "chunks"] += 1
