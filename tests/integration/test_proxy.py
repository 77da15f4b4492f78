"""Two agents, one proxy, all of them real processes, and one after the other restarted in the middle."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import deadpan
from tests.integration.processes import PATIENCE_S, finished, started
from tests.integration.streams import RATE_HZ, write_stream

FIRST = RATE_HZ  # the messages of its first second


@pytest.fixture
def recordings(tmp_path: Path) -> dict[str, Path]:
    """What two agents have to say, each under its own name."""
    names = ("kitchen", "study")
    return {name: write_stream(tmp_path / f"{name}.jsonl", session=name, stream=name) for name in names}


@contextmanager
def proxied(out: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with started("proxy", *arguments, "--publish", out) as proxy:
        assert proxy.stderr is not None
        assert "Publishing" in proxy.stderr.readline()
        yield proxy


def read_until(subscription: deadpan.Subscription, enough: Callable[[deadpan.Message], bool]) -> None:
    for message in subscription:
        if enough(message):
            return


def test_two_agents_and_their_proxy_come_and_go(tmp_path: Path, recordings: dict[str, Path]) -> None:
    out, bus, named = (f"ipc://{tmp_path}/{name}" for name in ("out", "bus", "named"))
    plays = ("run", "--source", str(recordings["kitchen"]), "--publish", named)
    joins = ("run", "--source", str(recordings["study"]), "--publish", f"ipc://{tmp_path}/own", "--bus", bus)
    with (
        deadpan.subscribe(out, types=("estimate",), timeout_s=PATIENCE_S) as everything,
        deadpan.subscribe(out, types=("estimate",), stream="study", timeout_s=PATIENCE_S) as study,
        started(*joins),
    ):
        with proxied(out, named, "--bus", bus) as proxy:
            with started(*plays):
                read_until(everything, lambda message: message.stream == "kitchen" and message.seq > FIRST)
                read_until(everything, lambda message: message.stream == "study")
            with started(*plays):  # restarted: it begins with its first messages again
                read_until(everything, lambda message: message.stream == "kitchen" and message.seq < FIRST)
                read_until(study, lambda message: message.stream == "study")
            proxy.send_signal(signal.SIGINT)
            _, told = proxy.communicate(timeout=PATIENCE_S)
            assert proxy.returncode == 0, told
            assert "passed_on" in told
        before = study.latest()
        assert isinstance(before, deadpan.Estimate)
        with proxied(out, named, "--bus", bus) as proxy, started(*plays):
            read_until(study, lambda message: message.seq > before.seq)
            read_until(everything, lambda message: message.stream == "kitchen")
            proxy.terminate()
            proxy.communicate(timeout=PATIENCE_S)
            assert proxy.returncode == 0


def test_a_proxy_cuts_hostile_subscribers_off_as_an_agent_does(tmp_path: Path, recordings: dict[str, Path]) -> None:
    out, bus = f"ipc://{tmp_path}/out", f"ipc://{tmp_path}/bus"
    joins = ("run", "--source", str(recordings["study"]), "--publish", f"ipc://{tmp_path}/own", "--bus", bus)
    with (
        deadpan.subscribe(out, types=("estimate",), timeout_s=PATIENCE_S) as subscription,
        proxied(out, "--bus", bus) as proxy,
        started(*joins),
    ):
        read_until(subscription, bool)
        for kind in ("topics", "storm"):
            subprocess.run(
                [sys.executable, "-m", "tests.stand_ins.nuisance", kind, out],
                input="begin\n",
                text=True,
                capture_output=True,
                check=True,
                timeout=PATIENCE_S,
            )
            newest = subscription.latest()
            assert newest is not None
            read_until(subscription, lambda message, seq=newest.seq: message.seq > seq)  # type: ignore[misc]  # of now
        assert not subscription.losses
        proxy.send_signal(signal.SIGINT)
        _, told = proxy.communicate(timeout=PATIENCE_S)
    counted = dict(each.split() for each in told.strip().splitlines()[-1].split(", "))
    assert int(counted["cut_off"]) >= 2, told
    assert int(counted["passed_on"]) > 0


def test_a_proxy_that_others_could_read_needs_keys() -> None:
    refused = finished("proxy", "ipc:///tmp/agent", "--publish", "tcp://0.0.0.0:5737")
    assert refused.returncode == 1
    assert refused.stderr.startswith("deadpan: refusing to publish at tcp://0.0.0.0:5737")
    assert "deadpan keys new" in refused.stderr


def test_a_proxy_for_nobody_says_what_it_needs(tmp_path: Path) -> None:
    refused = finished("proxy", "--publish", f"ipc://{tmp_path}/out")
    assert refused.returncode == 1
    assert "a proxy needs agents" in refused.stderr
