"""Utterances in, captions for players and subtitle editors out: WebVTT and SubRip.

A caption has at most two lines of 42 characters, as broadcasters keep it, and what does not fit makes another caption,
timed by its words. Where an utterance was perhaps not meant literally, a last line says so, gently.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.report.findings import SARCASTIC_FROM, Findings
from deadpan.messages import SpokenWord, Utterance

_LINE_CHARACTERS, _LINES = 42, 2
_LEAST_NS = 1_000_000_000  # shorter cannot be read
_PROBABLY_FROM = 0.8

_VTT_HEAD = """WEBVTT

NOTE Written by deadpan. A hint is an estimate, not a verdict: deadpan score --no-hints leaves all of them out.

STYLE
::cue(.hint) { font-style: italic; opacity: 0.8; }
"""


@dataclass(frozen=True, slots=True)
class Caption:
    """What stands on the screen from when to when. `hint` is empty where there is nothing to hint at."""

    start_ns: int
    end_ns: int
    lines: tuple[str, ...]
    hint: str


def captions(utterances: Iterator[Utterance], *, hints: bool) -> Iterator[Caption]:
    """The captions of utterances, in order of time, none over another: each is left on the screen for a second at
    least, if the next one leaves it so long.
    """
    waiting: Caption | None = None
    for utterance in utterances:
        for caption in _of(utterance, hint(utterance) if hints else ""):
            if waiting is not None:
                yield _lasting(waiting, caption.start_ns)
            waiting = caption
    if waiting is not None:
        yield _lasting(waiting, None)


def hint(utterance: Utterance) -> str:
    """What a caption says beside the words: how likely it is that they were not meant literally; mostly nothing."""
    probability = utterance.sarcasm.probability
    if probability is None or probability < SARCASTIC_FROM:
        return ""
    return f"({'probably' if probability >= _PROBABLY_FROM else 'perhaps'} not meant literally)"


def broken(words: Sequence[str], width: int = _LINE_CHARACTERS) -> list[list[str]]:
    """Words in lines of at most `width` characters, but for a word that is longer on its own."""
    lines: list[list[str]] = []
    for word in words:
        if lines and len(" ".join([*lines[-1], word])) <= width:
            lines[-1].append(word)
        else:
            lines.append([word])
    return lines


def write_vtt(findings: Findings, path: Path) -> None:
    """WebVTT (W3C, webvtt1). Hints are of the class `hint`, so that a page can style or hide them."""
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.write(_VTT_HEAD)
        for caption in captions(findings.utterances(), hints=findings.hints):
            lines = [_escaped(line) for line in caption.lines]
            lines += [f"<c.hint>{caption.hint}</c>"] if caption.hint else []
            out.write(
                f"\n{_clock(caption.start_ns, '.')} --> {_clock(caption.end_ns, '.')}\n" + "\n".join(lines) + "\n"
            )


def write_srt(findings: Findings, path: Path) -> None:
    """SubRip, in UTF-8."""
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for number, caption in enumerate(captions(findings.utterances(), hints=findings.hints), start=1):
            lines = [*caption.lines, *([f"<i>{caption.hint}</i>"] if caption.hint else [])]
            times = f"{_clock(caption.start_ns, ',')} --> {_clock(caption.end_ns, ',')}"
            out.write(f"{number}\n{times}\n" + "\n".join(lines) + "\n\n")


def _of(utterance: Utterance, hint: str) -> Iterator[Caption]:
    words: Sequence[SpokenWord] = utterance.words
    lines = broken([word.text for word in words])
    parts = [lines[first : first + _LINES] for first in range(0, len(lines), _LINES)]
    begins = [utterance.start_ns]
    for part in parts[:-1]:
        words = words[sum(map(len, part)) :]
        begins.append(max(begins[-1], words[0].start_ns))
    for part, start_ns, end_ns in zip(parts, begins, [*begins[1:], utterance.end_ns], strict=True):
        lines = _balanced([word for line in part for word in line]) if len(part) == _LINES else part
        yield Caption(start_ns, max(start_ns, end_ns), tuple(" ".join(line) for line in lines), hint)


def _balanced(words: Sequence[str]) -> list[list[str]]:
    """Words that need two lines, in two lines as long as one another as they can be."""
    ways = ((list(words[:first]), list(words[first:])) for first in range(1, len(words)))
    return list(min(ways, key=lambda way: max(len(" ".join(line)) for line in way)))


def _lasting(caption: Caption, next_ns: int | None) -> Caption:
    end_ns = max(caption.end_ns, caption.start_ns + _LEAST_NS)
    if next_ns is not None:
        end_ns = max(caption.start_ns, min(end_ns, next_ns))
    return Caption(caption.start_ns, end_ns, caption.lines, caption.hint)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(t_ns: int, point: str) -> str:
    seconds, ms = divmod(round(t_ns / 1e6), 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{point}{ms:03d}"
