"""An utterance and its samples in, its transcripts out: decoded, doubted, committed, and given their times."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from encoders.samples import Conflict, Interval, Transcript, Word
from encoders.speech.agreement import contradicted
from encoders.speech.guards import Doubt, GuardSettings, believable, doubt, without_loops
from encoders.speech.recognizer import HeardWord, Recognizer
from encoders.speech.utterance import LATE_WINDOWS, Utterance
from encoders.speech.word_timing import spread_words

Pcm = NDArray[np.float32]


class UtteranceReader:
    """Reads utterances with one recognizer, and counts what it did not believe. Of a stream it keeps nothing else."""

    def __init__(self, recognizer: Recognizer, guards: GuardSettings) -> None:
        self._recognizer = recognizer
        self._guards = guards
        self.suppressed: Counter[str] = Counter()
        """Utterances and loops dropped, by reason."""

    def revise(self, utterance: Utterance, pcm: Pcm, until: int) -> Transcript | None:
        """Read quickly what has been said up to the window `until`; what of it can be believed, if there is any."""
        heard = utterance.guess = self._decode(pcm, utterance.guess)
        if self._doubt(utterance, heard):
            return None  # it may yet become something
        utterance.understood = True
        going_on = until - utterance.last_voiced - 1 < LATE_WINDOWS
        committed, tentative = utterance.agreement.push(believable(heard[:-1] if going_on else heard))
        if not (committed or tentative or utterance.revision):
            return None
        words = _timed(utterance, committed + tentative)
        utterance.revision += 1
        utterance.settled_ns = utterance.time_ns(until)
        return Transcript(
            utterance.utterance_id,
            utterance.revision,
            Interval(utterance.start_ns, utterance.settled_ns),
            words[: len(committed)],
            words[len(committed) :],
            final=False,
        )

    def read_whole(self, utterance: Utterance, pcm: Pcm) -> None:
        """Read carefully what will be all of it if the voice does not go on."""
        utterance.whole = self._decode(pcm)

    def foresee(self, utterance: Utterance, until: int) -> Transcript | None:
        """The final transcript as it would be now, if all was read and believed."""
        if utterance.whole is None or self._doubt(utterance, utterance.whole):
            return None
        return _final(utterance, utterance.whole, until)

    def finish(self, utterance: Utterance, pcm: Pcm, until: int, *, forced: bool = False) -> Transcript | None:
        """The final transcript: of what was read when the voice paused, else of `pcm`. None when it has no words and
        nobody has heard of the utterance.
        """
        heard = utterance.whole if utterance.whole is not None else self._decode(pcm)
        if doubted := self._doubt(utterance, heard):
            return self.drop(utterance, doubted, until, forced=forced)
        utterance.understood = True
        return _final(utterance, heard, until, forced=forced)

    def drop(self, utterance: Utterance, reason: str, until: int, *, forced: bool = False) -> Transcript | None:
        """Count an utterance as suppressed; an empty final transcript if others have heard of it."""
        self.suppressed[reason] += 1
        return _final(utterance, (), until, forced=forced) if utterance.revision else None

    def _decode(self, pcm: Pcm, guess: tuple[HeardWord, ...] | None = None) -> tuple[HeardWord, ...]:
        heard = self._recognizer.transcribe(pcm, guess)
        kept = without_loops(heard)
        self.suppressed["loop"] += len(kept) < len(heard)
        return kept

    def _doubt(self, utterance: Utterance, heard: tuple[HeardWord, ...]) -> Doubt | None:
        return doubt(heard, utterance.voiced_s, self._guards)


def _final(utterance: Utterance, heard: tuple[HeardWord, ...], until: int, *, forced: bool = False) -> Transcript:
    committed = () if forced else utterance.agreement.committed  # of one cut, the next may have the last words
    return Transcript(
        utterance.utterance_id,
        utterance.revision + 1,
        Interval(utterance.start_ns, utterance.time_ns(until)),
        _timed(utterance, heard),
        (),
        final=True,
        forced=forced,
        conflicts=tuple(Conflict(at, committed[at].text, now) for at, now in contradicted(committed, heard)),
    )


def _timed(utterance: Utterance, heard: tuple[HeardWord, ...]) -> tuple[Word, ...]:
    """Give words their place: the engine's own alignment, else spread over the voiced time."""
    aligned = [word.interval for word in heard if word.interval is not None]
    if len(aligned) == len(heard):
        origin_ns = utterance.start_ns
        places = tuple(Interval(origin_ns + each.start_ns, origin_ns + each.end_ns) for each in aligned)
        return tuple(Word(w.text, place, w.probability, "measured") for w, place in zip(heard, places, strict=True))
    places = spread_words([word.text for word in heard], utterance.voiced_spans())
    return tuple(Word(w.text, place, w.probability, "estimated") for w, place in zip(heard, places, strict=True))
