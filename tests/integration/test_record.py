"""A real session recorded, published again and recorded again: the same lines."""

from __future__ import annotations

import json
import re
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import deadpan
from tests.integration.processes import PATIENCE_S, finished, messages, started

SECONDS = 5
LAST = 5 * SECONDS - 1


@contextmanager
def recording(endpoint: str, out: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A recorder that is there before anything is published."""
    with started("record", endpoint, "--out", str(out), *arguments) as recorder:
        assert recorder.stderr is not None
        assert "Recording" in recorder.stderr.readline()
        yield recorder


def interrupted(recorder: subprocess.Popen[str], out: Path, last: bytes) -> str:
    """What a recorder said last, having been ended with Ctrl-C once what came last (a pattern) is in its file."""
    while not re.search(last, out.read_bytes()):
        assert recorder.poll() is None
        time.sleep(0.02)  # nobody tells when a file grows
    recorder.send_signal(signal.SIGINT)
    _, told = recorder.communicate(timeout=PATIENCE_S)
    assert recorder.returncode == 0, told
    return told


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"ipc://{tmp_path_factory.mktemp('stream')}/out"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, endpoint: str) -> Path:
    """Some seconds of the demo, recorded from a real session from its first message on."""
    path = tmp_path_factory.mktemp("recorded") / "messages.jsonl"
    with recording(endpoint, path) as recorder:
        session = finished("run", "--source", "demo", "--seconds", str(SECONDS), "--publish", endpoint)
        assert session.returncode == 0, session.stderr
        told = interrupted(recorder, path, rb'"type":"estimate".*"seq":%d,' % LAST)
    assert f"{len(path.read_bytes().splitlines())} messages written to {path}." in told
    return path


def test_a_recording_holds_every_message_as_it_was_published(recorded: Path) -> None:
    read = [deadpan.from_body(line) for line in recorded.read_bytes().splitlines()]
    ticks = [message.seq for message in read if isinstance(message, deadpan.Estimate) and message.revision == 0]
    assert ticks == list(range(ticks[0], ticks[-1] + 1))
    assert ticks[-1] >= LAST
    assert {type(message) for message in read} >= {deadpan.Welcome, deadpan.Health, deadpan.Transcript}
    assert stat.S_IMODE(recorded.stat().st_mode) == 0o600


def test_published_again_and_recorded_again_it_is_the_same_line_by_line(
    recorded: Path, endpoint: str, tmp_path: Path
) -> None:
    with recording(endpoint, tmp_path / "again.jsonl") as recorder:
        played = finished("run", "--source", str(recorded), "--json", "--revisions", "--publish", endpoint)
        assert played.returncode == 0, played.stderr
        interrupted(recorder, tmp_path / "again.jsonl", re.escape(recorded.read_bytes().splitlines()[-1]))
    assert (tmp_path / "again.jsonl").read_bytes() == recorded.read_bytes()
    lines = [json.loads(line) for line in recorded.read_bytes().splitlines()]
    assert messages(played.stdout) == [line for line in lines if line["type"] not in ("welcome", "health")]


def test_a_late_subscriber_to_a_recording_is_welcomed_and_told_the_last_values(recorded: Path, endpoint: str) -> None:
    with (
        deadpan.subscribe(endpoint, types=("estimate",), timeout_s=PATIENCE_S) as first,
        started("run", "--source", str(recorded), "--publish", endpoint),
    ):
        next(iter(first))
        with deadpan.subscribe(endpoint, types=("welcome", "health"), timeout_s=PATIENCE_S) as late:
            assert {type(message) for message, _ in zip(late, range(2), strict=False)} == {
                deadpan.Welcome,
                deadpan.Health,
            }


def test_recording_ends_by_itself_after_the_time_asked_for(endpoint: str, tmp_path: Path) -> None:
    done = finished("record", endpoint, "--out", str(tmp_path / "none.jsonl"), "--seconds", "0.5")
    assert done.returncode == 0
    assert "0 messages written" in done.stderr


def test_a_file_that_is_there_is_not_overwritten(recorded: Path, endpoint: str) -> None:
    before = recorded.read_bytes()
    refused = finished("record", endpoint, "--out", str(recorded))
    assert refused.returncode == 1
    assert "is there already" in refused.stderr
    assert recorded.read_bytes() == before


def test_a_recording_with_a_bad_line_is_refused_before_anything_is_published(
    recorded: Path, endpoint: str, tmp_path: Path
) -> None:
    lines = recorded.read_bytes().splitlines()
    (tmp_path / "bad.jsonl").write_bytes(b"\n".join([*lines[:30], lines[30][:-9], *lines[31:]]))
    with deadpan.subscribe(endpoint) as subscription:
        refused = finished("run", "--source", str(tmp_path / "bad.jsonl"), "--publish", endpoint)
        assert subscription.receive(0) is None
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"deadpan: {tmp_path}/bad.jsonl, line 31: no message")
    assert len(refused.stderr.splitlines()) == 1


def test_options_that_a_recording_leaves_no_choice_of_are_an_error(recorded: Path) -> None:
    refused = finished("run", "--source", str(recorded), "--camera", "0", "--speech", "moonshine")
    assert refused.returncode == 1
    assert "--camera and --speech cannot be chosen" in refused.stderr
