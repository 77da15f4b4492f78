"""Messages in, the lines of a terminal's panel out: what stands now, and the last minute of it. Knows no terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from agent.console import Onlooker, estimate_line, marks, seconds
from deadpan.messages import Estimate, Health, Message, ModalityReading, SpokenWord, Transcript, Utterance, Welcome

_LEAST_ROWS = 12  # with less there is room for one line
_SPAN_NS = 60_000_000_000
_TICKS = 600  # of the fastest grid
_BAR = "▁▂▃▄▅▆▇█"
_HALF = 10  # columns of a sentiment's bar on either side of its middle
_PLAIN = 0.15  # a word's sentiment below which it says nothing either way
_SARCASTIC = 0.6
_MARKS = {"ok": "●", "stale": "◐", "absent": "○", "off": "-"}


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line. It may look dim, bold, italic, underline, and red, blue, yellow or magenta."""

    text: str
    looks: tuple[str, ...] = ()


Line: TypeAlias = tuple[Part, ...]


class Panel:
    """What is known of the stream."""

    def __init__(self) -> None:
        self._ticks: dict[int, Estimate] = {}
        self._now: Estimate | None = None
        self._committed: tuple[SpokenWord, ...] = ()
        self._tentative: tuple[SpokenWord, ...] = ()
        self._health: Health | None = None
        self._onlooker = Onlooker()
        self._source = ""

    def take(self, message: Message) -> None:
        """Note what a message says."""
        match message:
            case Estimate():
                self._note(message)
            case Transcript():
                self._committed, self._tentative = message.committed, message.tentative
            case Utterance():
                self._committed, self._tentative = (), ()
            case Health():
                self._health = message
                self._onlooker.take(message)
            case Welcome():
                self._source = message.source.rpartition("/")[2]
            case _:
                pass

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show yet."""
        return self._now is None

    def lines(self, columns: int, rows: int) -> list[Line]:
        """As many lines as there is room for, none wider than `columns`. Empty before the first estimate."""
        if self._now is None:
            return []
        if rows < _LEAST_ROWS:
            words = " ".join(word.text for word in self._committed + self._tentative)
            return [clipped((Part(estimate_line(self._now, words, pictured=self._onlooker.looks)),), columns)]
        lines = [self._head(self._now), self._sarcasm(self._now, columns), *_sentiments(self._now)]
        lines += [_modalities(self._now), _cues(self._now, columns), self._words(columns), self._trouble()]
        return [clipped(line, columns) for line in lines]

    def _note(self, estimate: Estimate) -> None:
        if self._now is not None and estimate.session != self._now.session:
            self._ticks.clear()
        self._ticks[estimate.seq] = estimate
        for seq in list(islice(self._ticks, max(0, len(self._ticks) - _TICKS))):
            del self._ticks[seq]
        if self._now is None or estimate.seq >= self._now.seq or estimate.session != self._now.session:
            self._now = estimate

    def _head(self, now: Estimate) -> Line:
        parts = [Part("deadpan ", ("bold",)), Part(f"{self._source}  {seconds(now.end_ns).strip()} s", ("dim",))]
        parts.append(Part(f"  {now.latency_ms:.0f} ms late", ("dim",)))
        parts += [Part(f"  {mark}", ("bold", "red")) for mark in marks(now, pictured=self._onlooker.looks)]
        return tuple(parts)

    def _sarcasm(self, now: Estimate, columns: int) -> Line:
        """The last minute column by column; what may still change is dim."""
        width = max(10, min(60, columns - 24))
        begin_ns = max(0, now.end_ns - _SPAN_NS)
        cells: list[list[Estimate]] = [[] for _ in range(width)]
        for tick in self._ticks.values():
            if begin_ns < tick.end_ns <= begin_ns + _SPAN_NS:
                cells[(tick.end_ns - begin_ns - 1) * width // _SPAN_NS].append(tick)
        level = now.sarcasm.probability
        told = f" {'  · ' if level is None else f'{level:.2f}'} {now.sarcasm.state}"
        on = ("bold", "magenta") if now.sarcasm.state == "on" else ("bold",)
        return (Part("sarcasm  "), *map(_cell, cells), Part(told, on))

    def _words(self, columns: int) -> Line:
        parts = [Part("words    ", ("dim",))]
        words = [_word(word) for word in self._committed] + [
            Part(word.text, ("dim", "italic")) for word in self._tentative
        ]
        room = columns - 12
        kept: list[Part] = []
        for part in reversed(words):  # the newest are the ones to see
            room -= wide(part.text) + 1
            if room < 0:
                kept.append(Part("…"))
                break
            kept.append(part)
        for part in reversed(kept):
            parts += [part, Part(" ")]
        return tuple(parts)

    def _trouble(self) -> Line:
        if self._health is None or not self._health.reasons:
            return (Part("health   ", ("dim",)), Part("ok" if self._health else "·", ("dim",)))
        return (Part("health   ", ("dim",)), Part(f"▲ {'; '.join(self._health.reasons)}", ("red",)))


def wide(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text
    )


def clipped(line: Sequence[Part], columns: int) -> Line:
    """As much of a line as fits."""
    parts: list[Part] = []
    for part in line:
        text = ""
        for each in part.text:
            columns -= wide(each)
            if columns < 0:
                break
            text += each
        if text:
            parts.append(Part(text, part.looks))
        if columns < 0:
            break
    return tuple(parts)


def _cell(ticks: Iterable[Estimate]) -> Part:
    known = [tick for tick in ticks if tick.sarcasm.probability is not None]
    if not known:
        return Part(" ")
    newest = max(known, key=lambda tick: tick.seq)
    level = newest.sarcasm.probability or 0.0
    looks = ("magenta",) if newest.final else ("magenta", "dim")
    return Part(_BAR[min(7, int(level * 8))], looks)


def _sentiments(now: Estimate) -> list[Line]:
    feelings = now.sentiment
    named = (("said", feelings.literal), ("heard", feelings.delivered), ("meant", feelings.intended))
    return [(Part(f"{name:9}"), *_gauge(value)) for name, value in named]


def _gauge(value: float | None) -> Line:
    """A bar from its middle, to the left below zero: told by its place, and by its number."""
    length = 0 if value is None else round(abs(value) * _HALF)
    left = "━" * length if value is not None and value < 0 else ""
    right = "━" * length if value is not None and value > 0 else ""
    number = "   ·" if value is None else f"{value:+z.2f}"
    bar = Part(f"{left:>{_HALF}}│{right:<{_HALF}}", ("yellow",) if left else ("blue",))
    return (bar, Part(f" {number}"))


def _modalities(now: Estimate) -> Line:
    parts = [Part("evidence ", ("dim",))]
    for name, reading in now.modalities.items():
        parts.append(Part(f"{_MARKS.get(reading.status, '?')} {name}"))
        parts.append(Part(f" {_standing(reading)}   ", ("dim",)))
    return tuple(parts)


def _standing(reading: ModalityReading) -> str:
    if reading.status != "ok":
        return reading.status if reading.age_ms is None else f"{reading.status} {reading.age_ms / 1000:.1f} s"
    return f"{reading.contribution:+z.2f}"


def _cues(now: Estimate, columns: int) -> Line:
    """Those that fit, each whole: half a number would be another one. They come by the size of their effect."""
    told = ""
    for cue in now.cues:
        longer = f"{told}{', ' if told else ''}{cue.label} {cue.effect:+.2f}"
        if told and wide(longer) > columns - len("cues     "):
            break
        told = longer
    return (Part("cues     ", ("dim",)), Part(told or "·"))


def _word(word: SpokenWord) -> Part:
    looks = ["underline"] if word.sarcasm is not None and word.sarcasm >= _SARCASTIC else []
    if word.sentiment is not None and abs(word.sentiment) >= _PLAIN:
        looks.append("blue" if word.sentiment > 0 else "yellow")
    return Part(word.text, tuple(looks))
