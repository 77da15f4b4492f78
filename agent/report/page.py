"""Scored results in, one page for people out: a timeline, what was said, and what was found in it.

The page holds everything it shows, and its own policy forbids it to ask anybody for anything. What was said can be read
without scripts, too.
"""

from __future__ import annotations

import html
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from agent import __version__
from agent.report.captions import hint
from agent.report.findings import SARCASTIC_FROM, Findings
from agent.report.tracing import STEP_NS, Trace, trace
from deadpan.messages import Estimate, NamedCue, Sentiment, SpokenWord, Utterance

_NS_PER_S = 1_000_000_000
_STATUS_LETTERS = {"ok": "o", "stale": "s", "absent": "a", "off": "-"}
_UNDERLINED = ((0.8, "u3"), (0.65, "u2"), (0.5, "u1"))
_STRONGEST_TINT = 0.45


def write(findings: Findings, path: Path) -> None:
    """The page of one recording. Its sound is looked at once more, for how loud and how high it is; raises ReadingError
    when that fails.
    """
    utterances = list(findings.utterances())
    path.write_text(page(findings, utterances, trace(findings.location)), encoding="utf-8")


def page(findings: Findings, utterances: Sequence[Utterance], sound: Trace) -> str:
    """The page's text."""
    curves = _Curves()
    for estimate in findings.estimates():
        curves.add(estimate)
    texts = {
        "title": html.escape(findings.title),
        "length": _clock(findings.duration_ns),
        "model": html.escape(curves.model),
        "version": __version__,
        "figures": _figures(utterances),
        "utterances": "\n".join(_utterance(each) for each in utterances),
        "found": _embedded(curves.columns() | _sound(sound) | _spoken(findings, utterances)),
        "style": _part("page.css"),
        "script": _part("page.js"),
    }
    return re.sub(r"{{(\w+)}}", lambda match: texts[match[1]], _part("page.html"))


@dataclass(slots=True)
class _Curves:
    """Estimates in, what is drawn of them out: columns of hundredths, as numbers without a point are shorter."""

    model: str = ""
    ends_ns: list[int] = field(default_factory=list)
    values: dict[str, list[int | None]] = field(
        default_factory=lambda: {name: [] for name in ("sarcasm", "literal", "delivered", "intended")}
    )
    states: list[str] = field(default_factory=list)
    cues: list[str] = field(default_factory=list)
    statuses: dict[str, list[str]] = field(default_factory=dict)
    contributions: dict[str, list[int]] = field(default_factory=dict)

    def add(self, estimate: Estimate) -> None:
        self.model = estimate.model
        self.ends_ns.append(estimate.end_ns)
        feelings = estimate.sentiment
        for name, value in (
            ("sarcasm", estimate.sarcasm.probability),
            ("literal", feelings.literal),
            ("delivered", feelings.delivered),
            ("intended", feelings.intended),
        ):
            self.values[name].append(None if value is None else round(value * 100))
        self.states.append(estimate.sarcasm.state)
        self.cues.append(_cues(estimate.cues))
        for name, reading in estimate.modalities.items():
            self.statuses.setdefault(name, []).append(_STATUS_LETTERS.get(reading.status, "?"))
            self.contributions.setdefault(name, []).append(round(reading.contribution * 100))

    def columns(self) -> dict[str, Any]:
        ends_s = [end_ns / _NS_PER_S for end_ns in self.ends_ns]
        spacing_s = ends_s[0] if ends_s else 0.2
        return {
            **self.values,
            "end_s": ends_s,
            "tick_hz": 1 / spacing_s,
            "on": list(_on(self.states, ends_s, spacing_s)),
            "cues": self.cues,
            "modalities": {
                name: {"status": "".join(self.statuses[name]), "contribution": contributions}
                for name, contributions in self.contributions.items()
            },
            "largest": [max(map(abs, contributions), default=0) for contributions in self.contributions.values()],
        }


def _on(states: Sequence[str], ends_s: Sequence[float], spacing_s: float) -> Iterator[tuple[float, float]]:
    """The stretches of ticks at which sarcasm is on."""
    for state, ticks in groupby(range(len(states)), key=lambda tick: states[tick]):
        run = list(ticks)
        if state == "on":
            yield ends_s[run[0]] - spacing_s, ends_s[run[-1]]


def _sound(sound: Trace) -> dict[str, Any]:
    return {
        "step_s": STEP_NS / _NS_PER_S,
        "peaks": b64encode(sound.peaks).decode(),
        "pitch_hz": b64encode(sound.pitch_hz).decode(),
    }


def _spoken(findings: Findings, utterances: Sequence[Utterance]) -> dict[str, Any]:
    return {
        "duration_s": max([0.2, findings.duration_ns / _NS_PER_S, *(each.end_ns / _NS_PER_S for each in utterances)]),
        "utterances": [
            {
                "start_s": each.start_ns / _NS_PER_S,
                "end_s": each.end_ns / _NS_PER_S,
                "text": each.text,
                "sarcasm": None if each.sarcasm.probability is None else round(each.sarcasm.probability * 100),
            }
            for each in utterances
        ],
    }


def _figures(utterances: Sequence[Utterance]) -> str:
    sarcastic = sum((each.sarcasm.probability or 0) >= SARCASTIC_FROM for each in utterances)
    figures = [
        ("utterances", str(len(utterances))),
        ("perhaps not meant literally", f"{sarcastic} <small>of {len(utterances)}</small>"),
        ("said, on average", _mean(utterances, lambda each: each.literal)),
        ("heard", _mean(utterances, lambda each: each.delivered)),
        ("meant", _mean(utterances, lambda each: each.intended)),
    ]
    return "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in figures)


def _mean(utterances: Sequence[Utterance], value: Callable[[Sentiment], float | None]) -> str:
    """By duration, as in the summary beside the page."""
    known = [
        (told, max(1, each.end_ns - each.start_ns))
        for each in utterances
        if (told := value(each.sentiment)) is not None
    ]
    whole_ns = sum(duration_ns for _, duration_ns in known)
    return _signed(sum(told * duration_ns for told, duration_ns in known) / whole_ns) if known else "–"


def _utterance(utterance: Utterance) -> str:
    probability, feelings = utterance.sarcasm.probability, utterance.sentiment
    hinted = hint(utterance)
    sarcastic = probability is not None and probability >= SARCASTIC_FROM
    words = " ".join(map(_word, utterance.words)) + (f'<span class="hint">{hinted}</span>' if hinted else "")
    reasons = html.escape(_cues(utterance.cues))
    sentiments = (
        f"said {_signed(feelings.literal)} · heard {_signed(feelings.delivered)} · meant {_signed(feelings.intended)}"
    )
    told = "unknown" if probability is None else f"{probability:.0%}"
    return (
        f'<li class="said{" sarcastic" if sarcastic else ""}">'
        f"<button>{_clock(utterance.start_ns)}</button>"
        f'<div class="words">{words}<small>{reasons}</small></div>'
        f'<div class="verdict">sarcasm <b>{told}</b>'
        f'<span class="meter"><i style="width:{(probability or 0):.0%}"></i></span>'
        f"{sentiments}</div></li>"
    )


def _word(word: SpokenWord) -> str:
    strength = 0.0 if word.sentiment is None else word.sentiment
    pole, tint = "", ""
    if abs(strength) >= 0.1:
        pole = "positive" if strength > 0 else "negative"
        tint = f' style="--tint:{min(1.0, abs(strength)) * _STRONGEST_TINT:.0%}"'
    underlined = next((name for least, name in _UNDERLINED if (word.sarcasm or 0) >= least), "")
    kinds = " ".join(filter(None, (underlined, pole)))
    kind = f' class="{kinds}"' if kinds else ""
    return f"<span{kind}{tint}>{html.escape(word.text)}</span>"


def _cues(cues: Sequence[NamedCue]) -> str:
    return " · ".join(f"{cue.label}\N{NO-BREAK SPACE}{_signed(cue.effect)}" for cue in cues)


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{round(value, 2) + 0.0:+.2f}".replace("-", "−")  # no −0.00


def _clock(t_ns: int) -> str:
    minutes, seconds = divmod(round(t_ns / _NS_PER_S), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}" if minutes >= 60 else f"{minutes}:{seconds:02d}"


def _embedded(found: dict[str, Any]) -> str:
    """JSON that cannot end the element it is in."""
    return msgspec.json.encode(found).decode().replace("<", "\\u003c")


def _part(name: str) -> str:
    return files("agent.report").joinpath(name).read_text(encoding="utf-8").rstrip("\n")
