"""What the processes of a session can reach, and what they try to."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import deadpan
from agent.config import Config, PrivacyConfig, PublishConfig
from agent.isolation import obstacle
from agent.processes import child
from agent.processes.supervisor import Supervisor
from agent.session import open_session, resolve_inputs
from agent.topology import WORKERS
from tests.integration.processes import DEADPAN, finished
from tests.integration.sessions import follow
from tests.stand_ins.reaching_worker import PORT

needs_namespaces = pytest.mark.skipif(bool(obstacle()), reason=f"needs network namespaces: {obstacle()}")
STRACE = shutil.which("strace") or ""
NAMES = {worker.name for worker in WORKERS}
SPARED = {"fusion"}


@pytest.fixture
def reaching(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every process of a session tries to reach a port of this machine before it works."""
    with socket.create_server(("127.0.0.1", 0), backlog=20) as listening:
        monkeypatch.setenv(PORT, str(listening.getsockname()[1]))
        monkeypatch.setattr(child, "WORKER", "tests.stand_ins.reaching_worker")
        yield


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _session(endpoint: str, wish: str) -> Supervisor:
    config = Config(source="demo", publish=replace(PublishConfig(), endpoint=endpoint))
    config = replace(config, privacy=PrivacyConfig(wish))  # type: ignore[arg-type]  # of the three words
    return open_session(config, resolve_inputs(config))


def _tries(supervisor: Supervisor) -> dict[str, str]:
    """What came of each process's try."""
    folder = Path(next(iter(supervisor._wards.values())).assignment.folder)
    return {name: (folder / f"{name}.log").read_text().strip().splitlines()[-1] for name in sorted(NAMES)}


@needs_namespaces
@pytest.mark.usefixtures("reaching")
@pytest.mark.parametrize("scheme", ["tcp", "ipc"])
def test_no_process_reaches_a_port_while_subscribers_reach_the_stream(tmp_path: Path, scheme: str) -> None:
    endpoint = f"tcp://127.0.0.1:{_free_port()}" if scheme == "tcp" else f"ipc://{tmp_path}/out"
    supervisor = _session(endpoint, "required")
    with supervisor, deadpan.subscribe(endpoint, types=["utterance", "health"]) as subscription:
        supervisor.start()
        assert set(_tries(supervisor).values()) == {"Network is unreachable"}
        here = os.readlink("/proc/self/ns/net")
        assert here not in {os.readlink(f"/proc/{supervisor.pid(worker.name)}/ns/net") for worker in WORKERS}
        read = follow(supervisor, subscription, lambda message: isinstance(message, deadpan.Utterance))
        said = read[-1]
        assert isinstance(said, deadpan.Utterance)
        assert said.text == "The store is open until six in the evening."
        health = next(message for message in reversed(read) if isinstance(message, deadpan.Health))
        assert {name: worker.network for name, worker in health.workers.items()} == dict.fromkeys(NAMES, "none") | {
            "fusion": "stream" if scheme == "tcp" else "none"
        }


@pytest.mark.usefixtures("reaching")
def test_processes_that_may_keep_the_network_do(tmp_path: Path) -> None:
    supervisor = _session(f"ipc://{tmp_path}/out", "off")
    with supervisor:
        supervisor.start()
        assert set(_tries(supervisor).values()) == {"reached"}
        assert {worker.network for worker in supervisor.condition.workers.values()} == {"all"}


@needs_namespaces
def test_a_person_is_told_who_reaches_what() -> None:
    ran = finished("run", "--source", "demo", "--seconds", "1", "--publish", f"tcp://127.0.0.1:{_free_port()}")
    told = next(line for line in ran.stderr.splitlines() if line.startswith("Network: "))
    cut_off, _, rest = told.partition("; ")
    assert {*re.split(r"[:,] ", cut_off)[2:]} == NAMES - SPARED
    assert rest == "but for the stream: fusion."


@pytest.mark.skipif(not STRACE, reason="needs strace")
def test_nothing_in_a_whole_run_looks_for_anybody_off_this_machine(tmp_path: Path) -> None:
    """Every call that names a peer, of every thread of every process, with a network there to be found."""
    log = tmp_path / "calls"
    calls = "trace=connect,sendto,sendmsg,sendmmsg"
    run = ("run", "--source", "demo", "--seconds", "8", "--network-isolation", "off")
    publish = ("--publish", f"tcp://127.0.0.1:{_free_port()}")
    ran = subprocess.run(
        [STRACE, "-f", "--seccomp-bpf", "-e", calls, "-o", str(log), *DEADPAN, *run, *publish],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    traced = log.read_text(errors="replace") if log.exists() else ""
    if "ptrace" in ran.stderr and not traced:
        pytest.skip("this system lets nobody be traced")
    assert ran.returncode == 0, ran.stderr
    named = [line for line in traced.splitlines() if "sa_family=AF_INET" in line]
    assert named, "its own reader connects to the stream over loopback: the trace shows that it shows such calls"
    elsewhere = [line for line in named if re.search(r'"((::ffff:)?127\.0\.0\.1|::1)"', line) is None]
    assert not elsewhere
