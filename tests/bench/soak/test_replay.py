"""What a scoring that is looked at when its time is over has come to."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.soak.replay import scored

LINES = b'{"seq":0,"end_ns":200}\n{"seq":1,"end_ns":400}\n'


@pytest.mark.parametrize(
    ("name", "written", "expected"),
    [
        ("estimates.jsonl.part", LINES + b'{"seq":2,"en', (False, [0, 1])),
        ("estimates.jsonl", LINES, (True, [0, 1])),
    ],
)
def test_what_is_being_written_is_not_all_and_what_has_its_name_is(
    tmp_path: Path, name: str, written: bytes, expected: tuple[bool, list[int]]
) -> None:
    (tmp_path / name).write_bytes(written)
    assert scored(tmp_path / "estimates.jsonl", tmp_path / "estimates.jsonl.part") == expected
