"""Orders as the supervisor writes them, through a pipe as a process reads them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TextIO

import msgspec
import pytest

from agent.config import CameraConfig, Config
from agent.processes.assignment import Assignment, Go, Orders

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


def test_the_go_brings_the_session_s_origin(pipe: tuple[TextIO, TextIO]) -> None:
    orders = _followed(pipe[0])
    pipe[1].write(msgspec.json.encode(Go(123)).decode() + "\n")
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
    pipe[1].write('{"go": 5}\n')
    pipe[1].close()
    assert orders.stopped.wait(PATIENCE_S)
    assert orders.wait_for_go() is None  # there is nothing left to begin


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
