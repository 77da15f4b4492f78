"""deadpan watch beside publishers of the test's own: one stream of several, with a key, and what is in the way."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from deadpan.messages import to_json
from tests.deadpan.guarded import Guarded, key_file
from tests.deadpan.sent import estimate
from tests.deadpan.stage import PATIENCE_S, Stage
from tests.integration.processes import DEADPAN, messages, started


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


@pytest.fixture
def door() -> Iterator[Guarded]:
    door = Guarded(admits=True)
    yield door
    door.close()


def test_one_stream_of_several_is_shown(stage: Stage) -> None:
    with started("watch", stage.endpoint, "--stream", "kitchen", "--json", "--count", "2") as process:
        assert b"deadpan/1/kitchen/estimate" in stage.await_subscriptions(5)
        stage.publish(estimate(1), estimate(1, stream="kitchen"), estimate(2), estimate(2, stream="kitchen"))
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert [(message["stream"], message["seq"]) for message in messages(out)] == [("kitchen", 1), ("kitchen", 2)]


def test_with_a_key_a_secured_stream_is_shown(door: Guarded, tmp_path: Path) -> None:
    key = key_file(tmp_path, door.public)
    with started("watch", door.endpoint, "--key", str(key), "--json", "--count", "1") as process:
        assert door.socket.poll(1000 * int(PATIENCE_S)), "nobody was admitted"
        door.socket.send_multipart([b"deadpan/1/default/estimate", to_json(estimate(1))])
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert [message["seq"] for message in messages(out)] == [1]


def test_without_a_key_it_ends_with_what_to_do(door: Guarded) -> None:
    with started("watch", door.endpoint) as process:
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "deadpan keys new NAME" in err
    assert "Traceback" not in err


def test_a_newer_agent_ends_it_with_what_to_upgrade(stage: Stage) -> None:
    with started("watch", stage.endpoint) as process:
        stage.await_subscriptions()
        stage.publish_body(b"{}", b"deadpan/2/default/estimate")
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "deadpan: the agent at" in err
    assert "upgrade this client" in err


def test_a_key_others_may_read_is_refused(stage: Stage, tmp_path: Path) -> None:
    key = key_file(tmp_path, b"x" * 40)
    key.chmod(0o644)
    with started("watch", stage.endpoint, "--key", str(key)) as process:
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "chmod 600" in err


def test_a_terminal_is_drawn_on_within_its_size_and_left_in_order(stage: Stage) -> None:
    ours, theirs = pty.openpty()
    _resize(theirs, 100)
    command = [*DEADPAN, "watch", stage.endpoint]
    with subprocess.Popen(command, stdout=theirs, stdin=theirs, env=os.environ | {"TERM": "xterm"}) as process:
        os.close(theirs)
        stage.await_subscriptions()
        stage.publish(estimate(1))
        wide = _read(ours, until="health")
        _resize(ours, 40)
        stage.publish(estimate(2))
        narrow = _read(ours, until="health")
        process.send_signal(signal.SIGINT)
        last = _read(ours, until="\x1b[J")
        assert process.wait(PATIENCE_S) == 0
    os.close(ours)
    assert 60 < max(map(len, _lines(wide))) < 100
    assert max(map(len, _lines(narrow))) < 40
    assert last.endswith("\r\x1b[J")  # nothing of it stays


def _resize(terminal: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))


def _read(terminal: int, until: str) -> str:
    told = ""
    decoder = codecs.getincrementaldecoder("utf-8")()  # what is read may end in the midst of a letter
    while until not in told or decoder.getstate()[0]:
        told += decoder.decode(os.read(terminal, 65_536))
    return told


def _lines(drawn: str) -> list[str]:
    """What is to be seen, without the orders to the terminal."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn).splitlines()
