"""The subscriber in JavaScript, with ZeroMQ from npm, beside a publisher and a real session."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.session import demo_location
from deadpan.messages import Message, to_json
from tests.agent.capture.films import beginning
from tests.deadpan.guarded import Guarded, key_file
from tests.deadpan.sent import estimate, every_type, utterance
from tests.deadpan.stage import PATIENCE_S, Stage
from tests.integration.processes import PATIENCE_S as PROCESSES_S
from tests.integration.processes import started
from tests.npm import install, node

SOURCE = Path(__file__).parents[2] / "examples" / "javascript"
ENDED = msgspec.structs.replace(every_type()[3], name="source_ended", seq=1)
AGAIN: Message = msgspec.structs.replace(utterance(), seq=0, session="s2", published_ns=1)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example as somebody would copy and install it."""
    copy = tmp_path_factory.mktemp("javascript") / "example"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("node_modules"))
    node()
    install(copy)
    return copy / "subscriber.mjs"


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


@contextmanager
def running(program: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [node(), str(program), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _told(process: subprocess.Popen[str], timeout_s: float = PATIENCE_S) -> tuple[list[str], Any]:
    """The lines it printed, and what it says of the whole at its end."""
    out, err = process.communicate(timeout=timeout_s)
    assert process.returncode == 0, err
    *lines, last = out.splitlines()
    return lines, json.loads(last)


def test_it_tells_messages_from_repetitions_gaps_restarts_and_garbage(program: Path, stage: Stage) -> None:
    with running(program, stage.endpoint) as process:
        stage.await_subscriptions()
        stage.publish(every_type()[-1], estimate(1), utterance())
        stage.publish(estimate(1), utterance())  # as for a newcomer
        stage.publish(estimate(4), estimate(4, revision=1), every_type()[4])
        for garbage in (b"{", b"\xff\xfe", b'{"type":"event"}', to_json(utterance())):
            stage.publish_body(garbage)
        stage.publish(AGAIN, ENDED)
        lines, whole = _told(process)
    assert lines == [
        "welcome: live, 5 estimates a second",
        "“Oh great…” 82 % sarcastic",
        "degraded: face is failed: no model",
        "“Oh great…” 82 % sarcastic",
        "source ended",
    ]
    told = {"lost": {"estimate": 2}, "repeated": 2, "sessions": 3}
    assert whole == {"messages": 8, "unreadable": 4, "streams": {"default": told}}


def test_another_version_ends_it_with_what_to_do(program: Path, stage: Stage) -> None:
    with running(program, stage.endpoint) as process:
        stage.await_subscriptions()
        stage.publish_body(b"{}", b"deadpan/2/default/estimate")
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode != 0
    assert "the agent speaks specification 2 of the stream, this program 1" in err


def test_it_reads_a_secured_stream_with_its_key(program: Path, tmp_path: Path) -> None:
    door = Guarded(admits=True)
    try:
        with running(program, door.endpoint, str(key_file(tmp_path, door.public))) as process:
            assert door.socket.poll(1000 * int(PATIENCE_S)), "nobody was admitted"
            door.socket.send_multipart([b"deadpan/1/default/event", to_json(ENDED)])
            lines, whole = _told(process)
    finally:
        door.close()
    assert lines == ["source ended"]
    assert whole["messages"] == 1


def test_it_follows_a_real_session_without_a_loss(program: Path, tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/out"
    film = beginning(demo_location(), tmp_path / "film.mp4", 10.9)  # three lines of it
    with started("run", "--source", str(film), "--publish", endpoint), running(program, endpoint) as process:
        lines, whole = _told(process, timeout_s=PROCESSES_S)
    assert lines[0].startswith("welcome: ")
    assert sum(line.startswith("“") and line.endswith(" % sarcastic") for line in lines) >= 3
    assert lines[-1] == "source ended"
    assert whole["messages"] > 100
    assert whole["unreadable"] == 0
    # Repeated is what the command's own subscription, or this one, was sent as a newcomer.
    assert whole["streams"]["default"] | {"repeated": 0} == {"lost": {}, "repeated": 0, "sessions": 1}
