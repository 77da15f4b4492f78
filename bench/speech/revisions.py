"""The transcripts of a recording in; how steady they were, what was committed when, and how long it took, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import jiwer

from bench.speech.corpora import AlignedWord
from bench.speech.errors import matches, unmatched
from bench.speech.hearing import WINDOW_S, Shown
from bench.speech.spoken import spoken
from encoders.samples import NS_PER_S, Word

_FORCED_S = 0.1
"""A final this soon after the last voice did not wait for silence: the utterance had become too long."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A word as it was first committed, by a partial transcript or by the final one, and when."""

    word: Word
    heard_s: float
    shown_s: float
    early: bool
    """Committed before the final transcript."""


@dataclass(frozen=True, slots=True)
class Delay:
    """Seconds from a moment of speech to a transcript: by the rules alone, and with computing."""

    rules_s: float
    shown_s: float


@dataclass(frozen=True, slots=True)
class Edits:
    """Changes of words between successive revisions; `needed` of them put the final words there once."""

    changes: int
    needed: int

    @property
    def overhead(self) -> float:
        """Unnecessary changes over all changes: 0 is the best, towards 1 the text never stands still."""
        return (self.changes - self.needed) / self.changes if self.changes else 0.0


def utterances(shown: Sequence[Shown]) -> list[list[Shown]]:
    """The revisions of each utterance, in order."""
    ordered = sorted(shown, key=lambda one: one.transcript.utterance_id)
    return [list(revisions) for _, revisions in groupby(ordered, key=lambda one: one.transcript.utterance_id)]


def final_text(shown: Sequence[Shown]) -> str:
    return " ".join(one.transcript.text for one in shown if one.transcript.final)


def settled_words(revisions: Sequence[Shown]) -> list[Settled]:
    """One utterance as somebody reads it who acts on each word when it is committed, and never takes it back.

    Words committed by partial transcripts stand as they were committed. The final transcript adds its words after the
    place where the committed ones end in it.
    """
    settled: list[Settled] = []
    for one in revisions:
        if not one.transcript.final:
            new = one.transcript.committed[len(settled) :]
            settled += [Settled(word, one.heard_s, one.shown_s, early=True) for word in new]
            continue
        words = one.transcript.words
        begin = _reaches([held.word.text for held in settled], [word.text for word in words])
        settled += [Settled(word, one.heard_s, one.shown_s, early=False) for word in words[begin:]]
    return settled


def contradicted(revisions: Sequence[Shown]) -> int:
    """How many committed words sound otherwise in the final transcript, or are not in their place."""
    early = [held.word.text for held in settled_words(revisions) if held.early]
    final = [word.text for one in revisions if one.transcript.final for word in one.transcript.words]
    return len(unmatched(early, final))


def edits(revisions: Sequence[Shown]) -> Edits:
    """Edit overhead's parts (Baumann, Atterer, Schlangen 2009, "Assessing and Improving the Performance of Speech
    Recognition for Incremental Systems"; Baumann, Buß, Schlangen 2011, "Evaluation and Optimisation of Incremental
    Processors").

    An edit is a word put in, taken out or exchanged from one revision to the next, spelling and punctuation aside.
    The final text needs one for each of its words.
    """
    before: tuple[str, ...] = ()
    changes = 0
    for one in revisions:
        after = spoken(one.transcript.text)
        changes += _distance(before, after)
        before = after
    return Edits(changes, len(before))


def first_word_delay(revisions: Sequence[Shown], aligned: Sequence[AlignedWord]) -> Delay | None:
    """From the end of the first spoken word of the utterance (from its start where unknown) to any word shown."""
    with_words = [one for one in revisions if one.transcript.words]
    if not with_words:
        return None
    first = with_words[0]
    interval = revisions[-1].transcript.interval
    start_s, end_s = interval.start_ns / NS_PER_S, interval.end_ns / NS_PER_S
    since_s = next((word.end_s for word in aligned if start_s <= (word.start_s + word.end_s) / 2 < end_s), start_s)
    return Delay(first.heard_s - since_s, first.shown_s - since_s)


def commit_delays(settled: Sequence[Settled], aligned: Sequence[AlignedWord]) -> list[Delay]:
    """From the end of each word, by its own time where no other is known, to the transcript that commits it."""
    if not aligned:
        ends_s = [(held, held.word.interval.end_ns / NS_PER_S) for held in settled]
    else:
        pairs = matches([word.text for word in aligned], [held.word.text for held in settled])
        ends_s = [(settled[heard], aligned[said].end_s) for said, heard in pairs]
    return [Delay(held.heard_s - end_s, held.shown_s - end_s) for held, end_s in ends_s]


def ending_delay(final: Shown) -> Delay:
    """From the moment that ended the utterance (voice activity end) to its final transcript: computing alone."""
    return Delay(0.0, final.shown_s - final.heard_s)


def speech_end_delay(final: Shown, voiced: Sequence[bool], aligned: Sequence[AlignedWord]) -> Delay | None:
    """From the true end of the last word, else the last voiced window, to the final transcript.

    None where no silence ended the utterance, or nothing is known of its end.
    """
    start_s = final.transcript.interval.start_ns / NS_PER_S
    end_s = final.transcript.interval.end_ns / NS_PER_S
    first, last = round(start_s / WINDOW_S), min(len(voiced), round(end_s / WINDOW_S))
    windows = [window for window in range(first, last) if voiced[window]]
    if not windows:
        return None
    voice_end_s = (windows[-1] + 1) * WINDOW_S
    if final.heard_s - voice_end_s < _FORCED_S:
        return None
    ends_s = [word.end_s for word in aligned if start_s <= (word.start_s + word.end_s) / 2 < end_s]
    since_s = max(ends_s) if ends_s else voice_end_s
    return Delay(final.heard_s - since_s, final.shown_s - since_s)


def is_cut_in_two(final: Shown, voiced: Sequence[bool], patience_s: float) -> bool:
    """Whether the voice was back before so much silence had passed: who had waited would have heard one utterance."""
    heard = round(final.heard_s / WINDOW_S)
    last = max(window for window in range(min(heard, len(voiced))) if voiced[window])
    return any(voiced[heard : last + 1 + round(patience_s / WINDOW_S)])


def time_errors(finals: Sequence[Shown], aligned: Sequence[AlignedWord]) -> list[tuple[float, float]]:
    """Signed errors in seconds of the start and the end of every word heard right: positive is too late."""
    words = [word for one in finals for word in one.transcript.words]
    return [
        (
            words[heard].interval.start_ns / NS_PER_S - aligned[said].start_s,
            words[heard].interval.end_ns / NS_PER_S - aligned[said].end_s,
        )
        for said, heard in matches([word.text for word in aligned], [word.text for word in words])
    ]


def _distance(before: tuple[str, ...], after: tuple[str, ...]) -> int:
    if not before or not after:
        return len(before) + len(after)
    counts = jiwer.process_words(" ".join(before), " ".join(after))
    return counts.substitutions + counts.deletions + counts.insertions


def _reaches(committed: Sequence[str], final: Sequence[str]) -> int:
    """How many words of the final text the committed words cover, by the last word on which both agree."""
    pairs = matches(committed, final)
    if not pairs:
        return min(len(committed), len(final))
    said, heard = pairs[-1]
    return min(len(final), heard + len(committed) - said)
