"""An utterance being spoken: which windows of it are voice, in; where it may be cut and what was read of it, out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from encoders.samples import NS_PER_S, Interval
from encoders.speech.agreement import LocalAgreement
from encoders.speech.recognizer import HeardWord
from encoders.speech.voice_activity import WINDOW_NS

LATE_WINDOWS = 2
"""How late voice activity is, at the end of a voice as at its beginning."""


class Utterance:
    """Windows are numbered from the stream's beginning; `first_window` is the first one decoded with it."""

    def __init__(self, utterance_id: int, first_window: int, start_ns: int) -> None:
        self.utterance_id = utterance_id
        self.first_window = first_window
        self.start_ns = start_ns
        self.settled_ns = start_ns
        """How far the newest transcript told of it reaches."""
        self.revision = 0
        self.read = 0
        """How many of its windows had been spoken when it was last read."""
        self.guess: tuple[HeardWord, ...] = ()
        self.whole: tuple[HeardWord, ...] | None = None
        """What was heard in all of it, if it ended with the last voiced window and its tail."""
        self.agreement = LocalAgreement()
        self.voiced: list[tuple[int, int]] = []
        """Runs of voiced windows, first and last of each."""
        self.voiced_windows = 0
        self.understood = False
        """Whether words were understood since the stream last asked."""

    @property
    def last_voiced(self) -> int:
        return self.voiced[-1][1]

    @property
    def voiced_s(self) -> float:
        return self.voiced_windows * WINDOW_NS / NS_PER_S

    def time_ns(self, window: int) -> int:
        """When a window begins. A clock that drifts is followed between utterances, not within one."""
        return self.start_ns + (window - self.first_window) * WINDOW_NS

    def voiced_spans(self) -> list[Interval]:
        """When there was voice, voice activity's lateness taken out."""
        edges = [(first - LATE_WINDOWS, last + 1 - LATE_WINDOWS) for first, last in self.voiced]
        within = [(max(self.first_window, begin), end) for begin, end in edges]
        return [Interval(self.time_ns(begin), self.time_ns(end)) for begin, end in within if begin < end]

    def mark_voiced(self, window: int) -> None:
        """Voice goes on in this window, so what was read as the whole was not."""
        if self.voiced and self.voiced[-1][1] == window - 1:
            self.voiced[-1] = (self.voiced[-1][0], window)
        else:
            self.voiced.append((window, window))
        self.voiced_windows += 1
        self.whole = None

    def best_cut(self, since: int, loudness: NDArray[np.float32]) -> int:
        """The window from `since` on at which to cut an utterance that has grown too long, without hitting a word.

        That is the middle of the longest pause, else the quietest place. `loudness` [n] is that of the windows from
        `since` on.
        """
        pauses = [
            (next_first - last - 1, (last + 1 + next_first) // 2)
            for (_, last), (next_first, _) in zip(self.voiced, self.voiced[1:], strict=False)
            if last + 1 >= since
        ]
        if pauses:
            return max(pauses)[1]
        smooth = np.convolve(loudness, np.full(3, 1 / 3), "valid")  # a plosive's closure is shorter than three windows
        return since + len(smooth) - int(np.argmin(smooth[::-1]))

    def split(self, window: int, utterance_id: int, start_ns: int) -> Utterance:
        """The utterance that goes on from `window`; this one keeps what came before."""
        rest = Utterance(utterance_id, window, start_ns)
        for first, last in self.voiced:
            for each in range(max(first, window), last + 1):
                rest.mark_voiced(each)
        self.voiced = [(first, min(last, window - 1)) for first, last in self.voiced if first < window]
        self.voiced_windows -= rest.voiced_windows
        self.whole = None
        return rest
