"""Messages in, lines a person reads in a terminal out."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping
from typing import TextIO

from deadpan.messages import (
    Estimate,
    Event,
    Health,
    Message,
    ModalityReading,
    Transcript,
    Utterance,
    Welcome,
    WorkerHealth,
    to_json,
)
from deadpan.subscription import TypeName

_NS_PER_S = 1_000_000_000
_BAR = "▁▂▃▄▅▆▇█"
_LEGEND = "  time  sarcasm      said  heard  meant   face  voice text   words"


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


class Lines:
    """Prints utterances, and the estimate as a line that is written over (or one a second where that cannot be)."""

    types: tuple[TypeName, ...] = ("estimate", "utterance", "transcript", "event", "health")

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._over = self._out.isatty()
        self._words = ""
        self._began = False
        self._reasons: tuple[str, ...] = ()  # why it was not ok when health was last shown
        self._next_ns = 0  # when the next line is due where lines cannot be written over

    def show(self, message: Message) -> None:
        match message:
            case Transcript() if not message.final:
                self._words = " ".join(word.text for word in message.committed + message.tentative)
            case Utterance():
                self._words = ""
                self._line(utterance_line(message))
            case Estimate() if message.revision == 0:
                self._estimate(message)
            case Event() if message.name == "source_ended":
                self._line(f"{seconds(message.end_ns)}  the recording has ended")
            case Health():
                self._health(message)
            case Welcome() | Event() | Transcript() | Estimate():
                pass

    def close(self) -> None:
        if self._over and self._began:
            self._out.write("\r\x1b[K")
            self._out.flush()

    def _estimate(self, estimate: Estimate) -> None:
        if not self._began:
            self._began = True
            self._out.write(_LEGEND + "\n")
        line = estimate_line(estimate, self._words)
        if self._over:
            width = shutil.get_terminal_size((100, 24)).columns
            self._out.write("\r\x1b[K" + line[: width - 1])
        elif estimate.end_ns >= self._next_ns:
            self._next_ns = (estimate.end_ns // _NS_PER_S + 1) * _NS_PER_S
            self._out.write(line + "\n")
        self._out.flush()

    def _health(self, health: Health) -> None:
        """Say what is new in it, once; health itself comes every second."""
        for reason in health.reasons:
            if reason not in self._reasons:
                self._line(f"{seconds(health.end_ns)}  {health.state}: {reason}")
        if self._reasons and not health.reasons:
            self._line(f"{seconds(health.end_ns)}  {health.state} again")
        self._reasons = health.reasons

    def _line(self, line: str) -> None:
        self._out.write(("\r\x1b[K" if self._over else "") + line + "\n")
        self._out.flush()


def network_line(workers: Mapping[str, WorkerHealth]) -> str:
    """Which processes can reach the network, and how much of it."""
    names = {
        reach: [name for name, worker in workers.items() if worker.network == reach] for reach in ("none", "stream")
    }
    others = [name for name, worker in workers.items() if worker.network not in names]
    parts = [
        f"cut off from it: {', '.join(names['none'])}" if names["none"] else "",
        f"but for the stream: {', '.join(names['stream'])}" if names["stream"] else "",
        f"not cut off: {', '.join(others)}" if others else "",
    ]
    return f"Network: {'; '.join(part for part in parts if part)}."


def recording_line(folder: str) -> str:
    """Where everything is being written to, and how it is undone."""
    return (
        f"Recording pictures, sound and words into {folder} until this ends; everybody who is seen or heard must know."
        f" To delete it: deadpan purge {shlex.quote(folder)}"
    )


def estimate_line(estimate: Estimate, words: str) -> str:
    """One estimate on one line: time, sarcasm, the three sentiments, how each modality stands, the words so far."""
    feelings = estimate.sentiment
    modalities = "  ".join(_standing(estimate.modalities.get(name)) for name in ("face", "voice", "text"))
    return (
        f"{seconds(estimate.end_ns)}  {_sarcasm(estimate.sarcasm.probability)} {estimate.sarcasm.state:7s}"
        f" {_signed(feelings.literal)}  {_signed(feelings.delivered)}  {_signed(feelings.intended)}"
        f"   {modalities}   {'[recording] ' if estimate.recording else ''}{words}"
    ).rstrip()


def utterance_line(utterance: Utterance) -> str:
    """A finished utterance: its words, what they say and what was meant, and the strongest reasons."""
    feelings = utterance.sentiment
    reasons = ", ".join(f"{cue.name.replace('_', ' ')} {cue.effect:+.2f}" for cue in utterance.cues[:3])
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
    return "  ·  " if sentiment is None else f"{sentiment:+.2f}"


def _standing(reading: ModalityReading | None) -> str:
    if reading is None:
        return "·   "
    return {"ok": "●   ", "stale": "◐   ", "absent": "○   ", "off": "-   "}.get(reading.status, "?   ")
