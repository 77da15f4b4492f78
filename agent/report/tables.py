"""Scored results in, tables for spreadsheets and data frames out: estimates, utterances and words, a row for each."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Generic, Literal, TypeAlias, TypeVar

from agent.report.findings import Findings
from deadpan.messages import Estimate, NamedCue, SpokenWord, Utterance

Cell: TypeAlias = str | float | int | None
Row: TypeAlias = Sequence[Cell]
T = TypeVar("T")
M = TypeVar("M", Estimate, Utterance)
T_contra = TypeVar("T_contra", contravariant=True)

BUILT_IN = ("face", "voice", "text")
"""The modalities that a table without rows has columns for."""
_NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Column(Generic[T_contra]):
    """A column's name, what it holds, and how it is read. What is not known is None, an empty cell."""

    name: str
    kind: Literal["number", "count", "text"]
    read: Callable[[T_contra], Cell]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word, which of its utterance's it is, and the utterance."""

    utterance: Utterance
    index: int
    word: SpokenWord


def _verdict(modalities: Iterable[str]) -> list[Column[Estimate | Utterance]]:
    """What estimates and utterances both say; `modalities`: those that there are."""
    columns: list[Column[Estimate | Utterance]] = [
        Column("start_s", "number", lambda each: each.start_ns / _NS_PER_S),
        Column("end_s", "number", lambda each: each.end_ns / _NS_PER_S),
        Column("sarcasm", "number", lambda each: each.sarcasm.probability),
        Column("sarcasm_state", "text", lambda each: each.sarcasm.state),
        Column("literal", "number", lambda each: each.sentiment.literal),
        Column("delivered", "number", lambda each: each.sentiment.delivered),
        Column("intended", "number", lambda each: each.sentiment.intended),
        Column("confidence", "number", lambda each: each.confidence),
        Column("gap_text_voice", "number", lambda each: each.incongruity.text_voice),
        Column("gap_text_face", "number", lambda each: each.incongruity.text_face),
        Column("gap_voice_face", "number", lambda each: each.incongruity.voice_face),
    ]
    for modality in modalities:
        columns.append(Column(f"{modality}_status", "text", _reading(modality, "status")))
        columns += [
            Column(f"{modality}_{part}", "number", _reading(modality, part))
            for part in ("sarcasm", "sentiment", "activation", "contribution")
        ]
    columns.append(Column("cues", "text", lambda each: _cues(each.cues)))
    return columns


def _reading(modality: str, part: str) -> Callable[[Estimate | Utterance], Cell]:
    def read(each: Estimate | Utterance) -> Cell:
        reading = each.modalities.get(modality)
        cell: Cell = None if reading is None else getattr(reading, part)
        return cell

    return read


def _cues(cues: Sequence[NamedCue]) -> str:
    return ";".join(f"{cue.name}:{cue.effect:+.4f}" for cue in cues)


def estimates(findings: Findings) -> tuple[Sequence[Column[Estimate]], Iterator[Estimate]]:
    """The columns and the values of the table of final estimates."""
    modalities, values = _modalities(findings.estimates())
    return (Column("seq", "count", lambda each: each.seq), *_verdict(modalities)), values


def utterances(findings: Findings) -> tuple[Sequence[Column[Utterance]], Iterator[Utterance]]:
    """The columns and the values of the table of utterances."""
    modalities, values = _modalities(findings.utterances())
    number: Column[Utterance] = Column("utterance_id", "count", lambda each: each.utterance_id)
    text: Column[Utterance] = Column("text", "text", lambda each: each.text)
    return (number, *_verdict(modalities), text), values


def _modalities(values: Iterator[M]) -> tuple[Sequence[str], Iterator[M]]:
    """The modalities that the first message knows, as all of a session do; and all of the messages."""
    first = next(values, None)
    if first is None:
        return BUILT_IN, values
    return tuple(first.modalities), chain([first], values)


WORDS: Sequence[Column[Spoken]] = (
    Column("utterance_id", "count", lambda each: each.utterance.utterance_id),
    Column("word", "count", lambda each: each.index),
    Column("start_s", "number", lambda each: each.word.start_ns / _NS_PER_S),
    Column("end_s", "number", lambda each: each.word.end_ns / _NS_PER_S),
    Column("text", "text", lambda each: each.word.text),
    Column("probability", "number", lambda each: each.word.probability),
    Column("sentiment", "number", lambda each: each.word.sentiment),
    Column("sarcasm", "number", lambda each: each.word.sarcasm),
)


def words(findings: Findings) -> tuple[Sequence[Column[Spoken]], Iterator[Spoken]]:
    """The columns and the values of the table of words, with what the words alone say of each."""
    spoken = (
        Spoken(utterance, index, word)
        for utterance in findings.utterances()
        for index, word in enumerate(utterance.words)
    )
    return WORDS, spoken


def rows(columns: Sequence[Column[T]], values: Iterator[T]) -> Iterator[Row]:
    """A row for each value."""
    for value in values:
        yield [column.read(value) for column in columns]


def write_estimates_csv(findings: Findings, path: Path) -> None:
    """A row for each final estimate."""
    _write_csv(*estimates(findings), path)


def write_utterances_csv(findings: Findings, path: Path) -> None:
    """A row for each utterance."""
    _write_csv(*utterances(findings), path)


def write_words_csv(findings: Findings, path: Path) -> None:
    """A row for each word."""
    _write_csv(*words(findings), path)


def _write_csv(columns: Sequence[Column[T]], values: Iterator[T], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([column.name for column in columns])
        writer.writerows(rows(columns, values))
