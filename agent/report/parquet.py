"""Scored results in, the same tables as agent.report.tables in Parquet out. Needs the parquet extra."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

import pyarrow
from pyarrow.parquet import ParquetWriter

from agent.report.findings import Findings
from agent.report.tables import Column, estimates, rows, utterances, words

T = TypeVar("T")

_TYPES = {"number": pyarrow.float64(), "count": pyarrow.int64(), "text": pyarrow.string()}
_GROUP_ROWS = 10_000  # in memory at a time: recordings of hours have many more


def write_estimates(findings: Findings, path: Path) -> None:
    """A row for each final estimate."""
    _write(*estimates(findings), path)


def write_utterances(findings: Findings, path: Path) -> None:
    """A row for each utterance."""
    _write(*utterances(findings), path)


def write_words(findings: Findings, path: Path) -> None:
    """A row for each word."""
    _write(*words(findings), path)


def _write(columns: Sequence[Column[T]], values: Iterator[T], path: Path) -> None:
    schema = pyarrow.schema([(column.name, _TYPES[column.kind]) for column in columns])
    every = rows(columns, values)
    with ParquetWriter(path, schema) as writer:
        while group := list(islice(every, _GROUP_ROWS)):
            cells = [list(each) for each in zip(*group, strict=True)]
            arrays = [pyarrow.array(each, kind) for each, kind in zip(cells, schema.types, strict=True)]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
