"""The example of a subscriber, run as a program beside a publisher."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from deadpan.messages import Message, Sarcasm
from tests.deadpan.sent import S, estimate, every_type, utterance
from tests.deadpan.stage import PATIENCE_S, Stage

ENDED = msgspec.structs.replace(every_type()[3], name="source_ended", seq=1)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "examples.subscriber", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _on_this_clock(message: Message, from_s: float, to_s: float) -> Message:
    """The same, published now and about a stretch around now, on the axis of this machine's clock."""
    now_ns = time.monotonic_ns()
    times = {"start_ns": now_ns + round(from_s * S), "end_ns": now_ns + round(to_s * S)}
    return msgspec.structs.replace(message, published_ns=now_ns, **times)


def test_it_follows_to_the_end_and_tells_what_was_lost(stage: Stage) -> None:
    unknown = msgspec.structs.replace(
        utterance(5), sarcasm=Sarcasm(probability=None, state="unknown", reason="source_silent")
    )
    with running("follow", stage.endpoint) as process:
        stage.await_subscriptions()
        stage.publish(estimate(1), utterance(), every_type()[3], unknown, estimate(3), ENDED)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert out.splitlines() == [
        "“Oh great…” 82% sarcastic",
        "sarcasm_on",
        "“Oh great…” unknown (source silent)",
        "the recording has ended",
    ]
    assert "lost so far: {'utterance': 1, 'estimate': 1}" in err
    assert process.returncode == 0


def test_a_glance_shows_how_things_stand(stage: Stage) -> None:
    with running("glance", stage.endpoint) as process:
        stage.await_subscriptions()
        stage.publish(estimate(1))
        out, _ = process.communicate(timeout=PATIENCE_S)
    assert out.splitlines() == ["162.0 s: 82% sarcastic", "  face: off", "  voice: ok", "  text: stale"]


def test_a_turn_is_answered(stage: Stage) -> None:
    with running("turn", stage.endpoint) as process:
        stage.await_subscriptions()
        stage.publish(_on_this_clock(estimate(1), -8, 0))
        assert process.stdout is not None
        assert process.stdout.read(1) == "S"  # so it waits for the person
        stage.publish(_on_this_clock(utterance(), -5, 60))
        out, _ = process.communicate("\n", timeout=PATIENCE_S)
    assert out.endswith("([sarcasm value=0.82]) Oh great…\n")


def test_nobody_there_ends_with_what_to_do() -> None:
    with running("follow", "smoke://signals") as process:
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "cannot subscribe to smoke://signals" in err


def test_another_version_ends_with_what_to_upgrade(stage: Stage) -> None:
    with running("follow", stage.endpoint) as process:
        stage.await_subscriptions()
        stage.publish_body(b"{}", b"deadpan/2/default/estimate")
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "upgrade this client" in err
    assert "Traceback" not in err


def test_tasks_ask_and_follow_at_once(stage: Stage) -> None:
    with running("task", stage.endpoint) as process:
        stage.await_subscriptions()
        stage.publish(_on_this_clock(estimate(1), -8, 0), _on_this_clock(estimate(2, 1), 52, 60))
        out, err = process.communicate(timeout=PATIENCE_S)
    assert out.splitlines() == ["nothing to say: nothing said", "1 messages meanwhile"], err
