"""What the processes of a session can reach, and what they try to."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import deadpan
from agent.capture.media import probe
from agent.config import Config, PrivacyConfig, PublishConfig
from agent.isolation import obstacle
from agent.processes import child
from agent.processes.supervisor import Supervisor
from agent.replay import Player, ReplayError
from agent.session import demo_location, open_session, resolve_inputs
from agent.topology import WORKERS
from tests.agent.capture.films import beginning
from tests.integration.processes import DEADPAN, finished
from tests.integration.sessions import follow
from tests.ports import free_port
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
    endpoint = f"tcp://127.0.0.1:{free_port()}" if scheme == "tcp" else f"ipc://{tmp_path}/out"
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
    ran = finished("run", "--source", "demo", "--seconds", "1", "--publish", f"tcp://127.0.0.1:{free_port()}")
    told = next(line for line in ran.stderr.splitlines() if line.startswith("Network: "))
    cut_off, _, rest = told.partition("; ")
    assert {*cut_off.removeprefix("Network: none for ").split(", ")} == NAMES - SPARED
    assert rest == "the stream's alone for fusion."


@needs_namespaces
def test_recordings_are_scored_by_processes_without_a_network() -> None:
    with Player(Config()) as player:
        for _ in zip(player.play(probe(demo_location()), "s"), range(3), strict=False):
            lanes = [lane._process.pid for lane in player._lanes.values()]
            here = os.readlink("/proc/self/ns/net")
            assert len(lanes) == 3
            assert here not in {os.readlink(f"/proc/{pid}/ns/net") for pid in lanes}


@needs_namespaces
def test_a_recording_that_is_elsewhere_is_not_scored_by_them() -> None:
    elsewhere = replace(probe(demo_location()), location="https://me:secret@films.example/a.mp4")
    with Player(Config()) as player, pytest.raises(ReplayError, match=r"https://films\.example/a\.mp4 is not on this"):
        next(player.play(elsewhere, "s"))


def _traced(log: Path, *command: str) -> list[str]:
    """The calls of a whole command, every thread of every process, that name a peer or open a file to write."""
    calls = "trace=connect,sendto,sendmsg,sendmmsg,open,openat,creat,mkdir,rename"
    ran = subprocess.run(
        [STRACE, "-f", "--seccomp-bpf", "-s", "200", "-e", calls, "-o", str(log), *DEADPAN, *command],
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    traced = log.read_text(errors="replace") if log.exists() else ""
    if "ptrace" in ran.stderr and not traced:
        pytest.skip("this system lets nobody be traced")
    assert ran.returncode == 0, ran.stderr
    return traced.splitlines()


def _elsewhere(calls: list[str]) -> list[str]:
    """Those that name a peer which is not on this machine."""
    return [
        call for call in calls if "sa_family=AF_INET" in call and not re.search(r'"((::ffff:)?127\.0\.0\.1|::1)"', call)
    ]


@pytest.mark.skipif(not STRACE, reason="needs strace")
def test_a_whole_run_looks_for_nobody_off_this_machine_and_writes_nothing(tmp_path: Path) -> None:
    """With a network there to be found."""
    run = ("run", "--source", "demo", "--seconds", "8", "--network-isolation", "off")
    calls = _traced(tmp_path / "calls", *run, "--publish", f"tcp://127.0.0.1:{free_port()}")
    assert any('127.0.0.1"' in call for call in calls), "its own reader's, at the least"
    assert _elsewhere(calls) == []
    opened = re.compile(r'open(?:at)?\([^"]*"([^"]*)", [^)]*O_(?:WRONLY|RDWR|CREAT).*\) = \d')
    written = {found[1] for call in calls if (found := opened.search(call))}
    # Eight letters: Python's own try, with "blat" in it, of whether its temporary folder can be written to.
    scratch = rf"{re.escape(tempfile.gettempdir())}/(deadpan-\w+/.*|\w{{8}})"
    private = re.compile(rf"{scratch}|/dev/(null|tty|shm/\w*)|/proc/.*")
    assert {path for path in written if private.fullmatch(path) is None} == set()


@pytest.mark.skipif(not STRACE, reason="needs strace")
@pytest.mark.parametrize(("engine", "package"), [("whisper", "whisper"), ("faster-whisper", "faster_whisper")])
def test_neither_whisper_looks_for_anybody(tmp_path: Path, engine: str, package: str) -> None:
    pytest.importorskip(package, reason=f"needs the {engine} extra")
    export = pytest.importorskip("training.whisper.export", reason="needs what trains")
    model = tmp_path / ("own.pt" if engine == "whisper" else "own")
    write = export.write_openai if engine == "whisper" else export.write_ctranslate2
    write(Path(__file__).parents[1] / "weights" / "tiny_whisper.npz", model)
    short = beginning(demo_location(), tmp_path / "short.mp4", 4.0)
    score = ("score", str(short), "--out", str(tmp_path / "out"), "--speech", f"{engine}:{model}")
    calls = _traced(tmp_path / "calls", *score, "--config", str(_unconfined(tmp_path)))
    assert calls
    assert _elsewhere(calls) == []


def _unconfined(folder: Path) -> Path:
    """Settings with which processes keep the network."""
    path = folder / "config.yaml"
    path.write_text("privacy:\n  network_isolation: off\n")
    return path
