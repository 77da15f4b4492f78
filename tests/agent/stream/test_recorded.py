from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stream.recorded import RecordingError, check, read
from deadpan.messages import Message, to_json
from tests.deadpan.sent import estimate, every_type


def _said(seq: int, published_ns: int, session: str = "a") -> Message:
    return msgspec.structs.replace(estimate(seq), published_ns=published_ns, session=session)


def _file(folder: Path, *lines: bytes) -> Path:
    path = folder / "messages.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def test_bodies_come_back_as_they_were(tmp_path: Path) -> None:
    bodies = [to_json(message) for message in every_type()]
    bodies.append(bodies[0].replace(b'"spec":1', b'"spec": 1, "new_field": [1, 2]'))
    recorded = list(read(_file(tmp_path, *bodies)))
    assert [each.body for each in recorded] == bodies
    assert [each.message for each in recorded][:-1] == list(every_type())
    assert check(tmp_path / "messages.jsonl") == len(bodies)


def test_messages_are_due_as_they_were_published(tmp_path: Path) -> None:
    path = _file(tmp_path, *(to_json(_said(seq, ns)) for seq, ns in ((0, 500), (1, 700), (2, 650), (3, 1500))))
    assert [each.due_ns for each in read(path)] == [0, 200, 200, 1000]


def test_a_session_after_another_and_one_beside_it_keep_their_own_time(tmp_path: Path) -> None:
    said = [_said(0, 10**12), _said(1, 10**12 + 100), _said(0, 5, "b"), _said(2, 10**12 + 150), _said(1, 105, "b")]
    path = _file(tmp_path, *map(to_json, said))
    assert [each.due_ns for each in read(path)] == [0, 100, 100, 150, 200]


def test_a_last_line_without_its_end_is_a_line_and_windows_ends_are_ends(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    path.write_bytes(to_json(estimate(0)) + b"\r\n" + to_json(estimate(1)))
    assert [each.message for each in read(path)] == [estimate(0), estimate(1)]


GOOD = to_json(estimate(0))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "not a JSON object"),
        (b"hello", "not a JSON object"),
        (b"[]", "not a JSON object"),
        (b"{}", "no message"),
        (GOOD[:-5], "no message"),
        (GOOD + GOOD, "no message"),
        (b'{"type":"estimate"', "no message"),
        (b"{" + b"\xff" * 20, "no message"),
        (b'{"type":"nonsense"}', "no message"),
        (b"{" * 5000, "no message"),
        (b"{" + b" " * (1 << 21) + b"}", "longer than"),
        (GOOD.replace(b'"spec":1', b'"spec":2'), "specification 2"),
        (GOOD.replace(b'"stream":"default"', b'"stream":"a/b"'), "no name of a stream"),
    ],
)
def test_a_line_that_is_no_message_is_named(tmp_path: Path, line: bytes, reason: str) -> None:
    path = _file(tmp_path, GOOD, GOOD, line, GOOD)
    with pytest.raises(RecordingError, match=rf"messages\.jsonl, line 3: .*{reason}"):
        check(path)


def test_an_empty_file_a_missing_one_and_a_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="holds no messages"):
        check(_file(tmp_path))
    with pytest.raises(RecordingError, match="cannot be read"):
        check(tmp_path / "none.jsonl")
    with pytest.raises(RecordingError, match="cannot be read"):
        check(tmp_path)


@given(st.lists(st.one_of(st.binary(max_size=60), st.just(GOOD)), max_size=8))
def test_any_bytes_are_messages_or_a_clear_error(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    path = _file(tmp_path_factory.getbasetemp(), *lines)
    broken = [number for number, line in enumerate(_lines(path.read_bytes()), 1) if line != GOOD]
    if broken or not lines:
        with pytest.raises(RecordingError, match=f"line {broken[0]}: " if broken else "holds no messages"):
            check(path)
    else:
        assert check(path) == len(lines)


def _lines(content: bytes) -> list[bytes]:
    """As a file's lines are counted: a carriage return alone ends none."""
    return [line.removesuffix(b"\r") for line in content.split(b"\n")[:-1]]
