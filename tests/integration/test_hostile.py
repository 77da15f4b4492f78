"""A real agent among subscribers that mean it ill: nobody else notices, nothing grows, and every cut is counted."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

import deadpan
from tests.integration.processes import PATIENCE_S, TIMES, started
from tests.ports import free_port
from tests.stand_ins.encore import write_encore
from tests.stand_ins.nuisance import FLOODS, KINDS

GROWTH_MB = 100  # 500 connections take some 50: see docs/security.md


@pytest.fixture(params=["tcp", "ipc"])
def endpoint(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "ipc":
        return f"ipc://{tmp_path}/out"
    return f"tcp://127.0.0.1:{free_port()}"


@contextmanager
def attacking(endpoint: str) -> Iterator[dict[str, subprocess.Popen[str]]]:
    """All kinds of nuisance at once, each a process of its own: they begin once the floods are let in, which
    might else have no connection to be cut off from.
    """
    with ExitStack() as stack:

        def begin(kind: str) -> subprocess.Popen[str]:
            command = [sys.executable, "-m", "tests.stand_ins.nuisance", kind, endpoint]
            return stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )

        floods = {kind.__name__: begin(kind.__name__) for kind in FLOODS}
        for flood in floods.values():
            assert flood.stdout is not None
            assert flood.stdout.readline() == "let in\n"
        for flood in floods.values():
            assert flood.stdin is not None
            flood.stdin.write("begin\n")
            flood.stdin.flush()
        yield floods | {kind: begin(kind) for kind in KINDS.keys() - floods.keys()}


def test_hostile_subscribers_neither_slow_nor_grow_nor_stop_the_agent(endpoint: str, tmp_path: Path) -> None:
    command = ("run", "--source", str(write_encore(tmp_path / "encore.mkv", TIMES)), "--publish", endpoint)
    with (
        deadpan.subscribe(endpoint, types=("estimate", "health"), timeout_s=PATIENCE_S) as subscription,
        started(*command) as agent,
    ):
        messages = iter(subscription)
        read = [next(message for message in messages if _has_run(message))]
        before_mb = _memory_mb(read[0])
        with attacking(endpoint) as attacks:
            deaf = attacks.pop("deaf")
            while any(attack.poll() is None for attack in attacks.values()):
                if (message := subscription.receive(0.1)) is not None:
                    read.append(message)
            managed = {kind: attack.communicate()[0] for kind, attack in attacks.items()}
            assert deaf.poll() is None
            assert agent.poll() is None, managed
            grown_mb = _memory_mb(read[0], peak=True) - before_mb
            # The timeline is asked, not the subscription, which would pass over what has come meanwhile.
            until_ns = subscription.timeline.session_ns(time.monotonic_ns()) + 2_000_000_000
            for message in messages:
                read.append(message)
                if isinstance(message, deadpan.Health) and message.end_ns >= until_ns:
                    break
        losses = subscription.losses
    told = [message for message in read if isinstance(message, deadpan.Health)]
    ticks = [message.seq for message in read if isinstance(message, deadpan.Estimate) and message.revision == 0]
    assert ticks == list(range(ticks[0], ticks[-1] + 1)), managed
    assert not losses
    assert {each.workers["fusion"].restarts for each in told} == {0}
    counters = told[-1].workers["fusion"].counters
    assert counters["cut_off"] >= 3, (counters, managed)
    assert counters["refused"] > 0
    assert counters["unsent"] == 0
    assert grown_mb < GROWTH_MB, (counters, managed)


def _has_run(message: deadpan.Message) -> bool:
    return isinstance(message, deadpan.Health) and "published" in message.workers["fusion"].counters


def _memory_mb(message: deadpan.Message, *, peak: bool = False) -> float:
    """What the process that publishes holds, or has held at most."""
    assert isinstance(message, deadpan.Health)
    name = "VmHWM:" if peak else "VmRSS:"
    lines = Path(f"/proc/{message.workers['fusion'].pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024
