"""Orders as the supervisor writes them, through a pipe as a process reads them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TextIO

import msgspec
import pytest

from agent.config import CameraConfig, Config
from agent.processes.assignment import Assignment, Go, KeepPace, Order, Orders
from deadpan.messages import Pace

PATIENCE_S = 20


@pytest.fixture
def pipe() -> Iterator[tuple[TextIO, TextIO]]:
    """What a process reads, and what its supervisor writes."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as lines, os.fdopen(writing, "w", buffering=1) as orders:
        yield lines, orders
        orders.close()


def _followed(lines: TextIO) -> Orders:
    orders = Orders(lines)
    orders.follow()
    return orders


def _order(pipe: TextIO, order: Order) -> None:
    pipe.write(msgspec.json.encode(order).decode() + "\n")


def test_the_go_brings_the_session_s_origin(pipe: tuple[TextIO, TextIO]) -> None:
    orders = _followed(pipe[0])
    _order(pipe[1], Go(123))
    assert orders.wait_for_go() == 123
    assert not orders.stopped.is_set()
    pipe[1].close()
    assert orders.stopped.wait(PATIENCE_S)


def test_the_end_of_input_before_the_go_is_the_order_to_stop(pipe: tuple[TextIO, TextIO]) -> None:
    orders = _followed(pipe[0])
    pipe[1].close()
    assert orders.wait_for_go() is None
    assert orders.stopped.wait(PATIENCE_S)


def test_the_end_of_input_after_the_go_stops_the_work(pipe: tuple[TextIO, TextIO]) -> None:
    orders = _followed(pipe[0])
    _order(pipe[1], Go(5))
    pipe[1].close()
    assert orders.stopped.wait(PATIENCE_S)
    assert orders.wait_for_go() is None  # there is nothing left to begin


def test_the_newest_pace_is_the_one_to_keep(pipe: tuple[TextIO, TextIO]) -> None:
    orders = _followed(pipe[0])
    assert orders.pace is None
    for level in (1, 2):
        _order(pipe[1], KeepPace(Pace(level=level, step_s=level / 2)))
    pipe[1].close()
    assert orders.stopped.wait(PATIENCE_S)
    assert orders.pace == Pace(level=2, step_s=1.0)


@pytest.mark.parametrize("line", ["", "go", "{}", '{"order": "jump"}', '{"order": "go"}', "[" * 100_000])
def test_a_line_that_is_no_order_is_counted_and_those_after_it_are_heard(
    pipe: tuple[TextIO, TextIO], capsys: pytest.CaptureFixture[str], line: str
) -> None:
    orders = _followed(pipe[0])
    pipe[1].write(line + "\n")
    _order(pipe[1], Go(123))
    assert orders.wait_for_go() == 123
    assert orders.unread == 1
    assert "ignoring a line that is no order" in capsys.readouterr().err


def test_an_assignment_is_one_line_that_reads_back_as_it_was() -> None:
    assignment = Assignment(
        name="camera",
        folder="/tmp/with\nbreak",  # noqa: S108 - never opened
        config=Config(source="demo", camera=CameraConfig(device=1)),
        session="s1",
        source="live",
        camera=1,
        microphone="USB – Gerät",
        modalities=("face", "voice"),
        origin_unix_ns=7,
    )
    line = msgspec.json.encode(assignment)
    assert b"\n" not in line
    assert msgspec.json.decode(line, type=Assignment) == assignment
