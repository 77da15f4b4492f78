"""Processes of their own: what a process is let have cannot be given back."""

from __future__ import annotations

import multiprocessing
import resource
import socket
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from agent.stream.descriptors import MOST, connections
from agent.stream.publisher import Publisher
from tests.stand_ins.nuisance import greeted

_SPAWN = multiprocessing.get_context("spawn")


def _room(pipe: Connection, soft: int, hard: int, wanted: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    pipe.send((connections(wanted), resource.getrlimit(resource.RLIMIT_NOFILE)))


@pytest.mark.parametrize(
    ("soft", "hard", "room", "raised"),
    [
        (256, 4096, 500, 4096),  # as systems begin
        (1024, 1024, 480, 1024),  # where no more may be had, fewer are let in
        (70, 70, 3, 70),
        (4096, MOST + 1000, 500, MOST),
    ],
)
def test_as_many_are_let_in_as_there_is_room_for(soft: int, hard: int, room: int, raised: int) -> None:
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_room, args=(theirs, soft, hard, 500))
    process.start()
    assert ours.recv() == (room, (raised, hard))
    process.join()


def _publish(pipe: Connection, endpoint: str) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (60, 4096))
    publisher = Publisher(endpoint)
    pipe.send("open")
    pipe.recv()
    pipe.send(publisher.counters["connections"])
    publisher.close()


def test_a_crowd_larger_than_what_systems_begin_with_does_not_end_the_process(tmp_path: Path) -> None:
    """Libzmq aborts where it has no descriptor left."""
    endpoint = f"ipc://{tmp_path}/out"
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_publish, args=(theirs, endpoint))
    process.start()
    theirs.close()
    assert ours.recv() == "open"
    with ExitStack() as stack:
        crowd: list[socket.socket] = [stack.enter_context(greeted(endpoint)) for _ in range(100)]
        ours.send("how many?")
        assert ours.recv() == len(crowd)
    process.join()
    assert process.exitcode == 0
