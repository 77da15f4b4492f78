"""Utterances in, the tiers that annotators know out: stretches of time, each with what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deadpan.messages import Utterance

_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Annotation:
    """A stretch and its text. Times are in ms, ends exclusive."""

    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """An utterance with its words, and what was found in it, by the name of the tier."""

    utterance: Annotation
    words: tuple[Annotation, ...]
    findings: dict[str, str]


FINDINGS = ("sarcasm", "said", "heard", "meant", "cues")
"""The tiers that say something of each utterance: P(sarcasm), the three sentiments, the reasons with their effects."""


def said(utterances: Sequence[Utterance]) -> list[Said]:
    """Each utterance with its words: none over the one before it, words within theirs, and of some duration."""
    every: list[Said] = []
    end_ms = 0
    for each in utterances:
        start_ms = max(end_ms, each.start_ns // _MS)
        end_ms = max(start_ms + 1, each.end_ns // _MS)
        words: list[Annotation] = []
        at_ms = start_ms
        for word in each.words:
            begin_ms = min(max(at_ms, word.start_ns // _MS), end_ms)
            at_ms = min(max(begin_ms, word.end_ns // _MS), end_ms)
            if at_ms > begin_ms:
                words.append(Annotation(begin_ms, at_ms, clean(word.text)))
        every.append(Said(Annotation(start_ms, end_ms, clean(each.text)), tuple(words), _found(each)))
    return every


def clean(text: str) -> str:
    """The text without what XML and Praat cannot hold: control characters."""
    return "".join(character for character in text if character.isprintable())


def _found(utterance: Utterance) -> dict[str, str]:
    feelings, probability = utterance.sentiment, utterance.sarcasm.probability
    sentiments = zip(("said", "heard", "meant"), (feelings.literal, feelings.delivered, feelings.intended), strict=True)
    return {
        "sarcasm": "" if probability is None else f"{probability:.2f}",
        **{name: "" if value is None else f"{value:+.2f}" for name, value in sentiments},
        "cues": clean(", ".join(f"{cue.name} {cue.effect:+.2f}" for cue in utterance.cues)),
    }
