"""Messages in, lines a person reads in a terminal out."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from typing import Protocol, TextIO

from deadpan.messages import (
    Estimate,
    Event,
    Health,
    Message,
    ModalityReading,
    Transcript,
    Utterance,
    WorkerHealth,
    to_json,
)
from deadpan.subscription import TypeName

_NS_PER_S = 1_000_000_000
_BAR = "▁▂▃▄▅▆▇█"
_LEGEND = "  time  sarcasm      said  heard  meant   "
_NAMES = ("face", "voice", "text")
_COLUMN = 6
_LOOK_NS = 2_500_000_000  # after which no picture has been shown in two pulses of the camera's process


class View(Protocol):
    """A way to show messages."""

    types: tuple[TypeName, ...]
    """Those it shows something of."""

    def show(self, message: Message) -> None: ...

    def close(self) -> None:
        """Leave the place in order, for whoever writes there next."""
        ...


class JsonLines:
    """Prints bodies as they are, one a line: revision 0 of each estimate, and later ones only when asked for."""

    types: tuple[TypeName, ...] = ("estimate", "utterance", "transcript", "event")

    def __init__(self, out: TextIO | None = None, *, revisions: bool = False) -> None:
        self._out, self._revisions = out or sys.stdout, revisions

    def show(self, message: Message) -> None:
        if isinstance(message, Estimate) and message.revision > 0 and not self._revisions:
            return
        self._out.write(to_json(message).decode() + "\n")
        self._out.flush()

    def close(self) -> None:
        """Nothing is held back."""


class Journal:
    """What is worth keeping of a session: its utterances, its troubles, its end."""

    def __init__(self) -> None:
        self._reasons: tuple[str, ...] = ()  # why it was not ok when health was last told

    def lines(self, message: Message) -> list[str]:
        """The lines that a message adds."""
        match message:
            case Utterance():
                return utterance_line(message).splitlines()
            case Event() if message.name == "source_ended":
                return [f"{seconds(message.end_ns)}  the recording has ended{_damage(message.detail)}"]
            case Health():
                return self._health(message)
            case _:
                return []

    def _health(self, health: Health) -> list[str]:
        """What is new in it, once; health itself comes every second."""
        at = seconds(health.end_ns)
        told = [f"{at}  {health.state}: {reason}" for reason in health.reasons if reason not in self._reasons]
        if self._reasons and not health.reasons:
            told.append(f"{at}  {health.state} again")
        self._reasons = health.reasons
        return told


class Lines:
    """Prints what the journal keeps, and an estimate once a second: for whatever cannot be drawn over."""

    types: tuple[TypeName, ...] = ("estimate", "utterance", "transcript", "event", "health")

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._journal = Journal()
        self._words = ""
        self._onlooker = Onlooker()
        self._began = False
        self._next_ns = 0  # when the next estimate is due

    def show(self, message: Message) -> None:
        for line in self._journal.lines(message):
            self._out.write(line + "\n")
        match message:
            case Transcript() if not message.final:
                self._words = " ".join(word.text for word in message.committed + message.tentative)
            case Utterance():
                self._words = ""
            case Health():
                self._onlooker.take(message)
            case Estimate() if message.revision == 0 and message.end_ns >= self._next_ns:
                self._estimate(message)
            case _:
                pass
        self._out.flush()

    def close(self) -> None:
        """Nothing is held back."""

    def _estimate(self, estimate: Estimate) -> None:
        if not self._began:
            self._began = True
            names = "".join(f"{name[: _COLUMN - 1]:{_COLUMN}}" for name in _names(estimate))
            self._out.write(f"{_LEGEND}{names} words\n")
        self._next_ns = (estimate.end_ns // _NS_PER_S + 1) * _NS_PER_S
        self._out.write(estimate_line(estimate, self._words, pictured=self._onlooker.looks) + "\n")


def network_line(workers: Mapping[str, WorkerHealth]) -> str:
    """Which processes can reach the network, and how much of it."""
    names = {
        reach: [name for name, worker in workers.items() if worker.network == reach] for reach in ("none", "stream")
    }
    others = [name for name, worker in workers.items() if worker.network and worker.network not in names]
    silent = [name for name, worker in workers.items() if not worker.network]
    parts = [
        f"none for {', '.join(names['none'])}" if names["none"] else "",
        f"the stream's alone for {', '.join(names['stream'])}" if names["stream"] else "",
        f"all of it for {', '.join(others)}" if others else "",
        f"not known yet for {', '.join(silent)}" if silent else "",
    ]
    return f"Network: {'; '.join(part for part in parts if part)}."


def recording_line(folder: str) -> str:
    """Where everything is being written to, and how it is undone."""
    return (
        f"Recording pictures, sound and words into {folder} until this ends; everybody who is seen or heard must know."
        f" To delete it: deadpan purge {shlex.quote(folder)}"
    )


def picture_line(*, shown: bool) -> str:
    """What --picture means for whoever is seen."""
    if not shown:
        return "There is no camera, and so no picture to show."
    return "The page shows the camera's picture while it is open; nothing of it is kept."


class Onlooker:
    """Whether somebody looks at the camera's picture. Its process tells, by counting those that it has shown."""

    def __init__(self) -> None:
        self.looks = False
        self._shown: int | None = None
        self._looked_ns: int | None = None

    def take(self, health: Health) -> None:
        """Note what is told every second or so."""
        camera = health.workers.get("camera")
        shown = 0 if camera is None else camera.counters.get("pictures_shown", 0)
        if self._shown is not None and shown not in (0, self._shown):
            self._looked_ns = health.end_ns
        self._shown = shown
        self.looks = self._looked_ns is not None and 0 <= health.end_ns - self._looked_ns < _LOOK_NS


def estimate_line(estimate: Estimate, words: str, *, pictured: bool = False) -> str:
    """One estimate on one line: time, sarcasm, the three sentiments, how each modality stands, the words so far."""
    feelings = estimate.sentiment
    modalities = "  ".join(_standing(estimate.modalities.get(name)) for name in _names(estimate))
    return (
        f"{seconds(estimate.end_ns)}  {_sarcasm(estimate.sarcasm.probability)} {estimate.sarcasm.state:7s}"
        f" {_signed(feelings.literal)}  {_signed(feelings.delivered)}  {_signed(feelings.intended)}"
        f"   {modalities}   {''.join(f'{mark} ' for mark in marks(estimate, pictured=pictured))}{words}"
    ).rstrip()


def marks(estimate: Estimate, *, pictured: bool) -> list[str]:
    """What everybody who is seen or heard must know, in every line."""
    return ["[recording]"] * estimate.recording + ["[picture shown]"] * pictured


def _damage(losses: str) -> str:
    """What a recording lost on its way, as the stream counts it, behind the word that it has ended."""
    return f" (damaged: {losses.replace('_', ' ')})" if losses else ""


def _names(estimate: Estimate) -> list[str]:
    """The three that are built in, and after them those of plug-ins."""
    return list(dict.fromkeys([*_NAMES, *estimate.modalities]))


def utterance_line(utterance: Utterance) -> str:
    """A finished utterance: its words, what they say and what was meant, and the strongest reasons."""
    feelings = utterance.sentiment
    reasons = ", ".join(f"{cue.label} {cue.effect:+.2f}" for cue in utterance.cues[:3])
    return (
        f"{seconds(utterance.end_ns)}  “{utterance.text}”\n"
        f"        sarcasm {_percent(utterance.sarcasm.probability)}, said {_signed(feelings.literal).strip()},"
        f" heard {_signed(feelings.delivered).strip()}, meant {_signed(feelings.intended).strip()}"
        + (f"  ({reasons})" if reasons else "")
    )


def seconds(t_ns: int) -> str:
    return f"{t_ns / 1e9:6.1f}"


def _sarcasm(probability: float | None) -> str:
    if probability is None:
        return "·  ·  "
    return f"{_BAR[min(7, int(probability * 8))]} {probability:.2f}"


def _percent(probability: float | None) -> str:
    return "unknown" if probability is None else f"{probability:.0%}"


def _signed(sentiment: float | None) -> str:
    return "  ·  " if sentiment is None else f"{sentiment:+z.2f}"  # no -0.00


def _standing(reading: ModalityReading | None) -> str:
    if reading is None:
        return "·   "
    return {"ok": "●   ", "stale": "◐   ", "absent": "○   ", "off": "-   "}.get(reading.status, "?   ")
