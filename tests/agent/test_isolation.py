"""Giving up the network, tried by processes of their own."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.config import Config, PrivacyConfig
from agent.isolation import IsolationError, obstacle
from agent.processes.reach import isolates

needs_namespaces = pytest.mark.skipif(bool(obstacle()), reason=f"needs network namespaces: {obstacle()}")

_REACHING = """
import socket, sys
from concurrent.futures import ThreadPoolExecutor
from agent.isolation import leave_network, prepare

def reach(family, address):
    with socket.socket(family) as connecting:
        try:
            connecting.connect(address)
        except OSError as error:
            return type(error).__name__ + ": " + error.strerror
    return "reached"

port, path = int(sys.argv[1]), sys.argv[2]
print(reach(socket.AF_INET, ("127.0.0.1", port)))
prepare()
with ThreadPoolExecutor(1) as earlier:
    earlier.submit(int).result()
    leave_network()
    print(reach(socket.AF_INET, ("127.0.0.1", port)))
    print(reach(socket.AF_INET, ("192.0.2.1", 443)))
    print(reach(socket.AF_UNIX, path))
    print(earlier.submit(reach, socket.AF_INET, ("127.0.0.1", port)).result())
with ThreadPoolExecutor(1) as later:
    print(later.submit(reach, socket.AF_INET, ("127.0.0.1", port)).result())
"""


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A port and a path at which somebody listens."""
    path = str(tmp_path / "socket")
    with socket.create_server(("127.0.0.1", 0)) as remote, socket.socket(socket.AF_UNIX) as local:
        local.bind(path)
        local.listen()
        yield str(remote.getsockname()[1]), path


@needs_namespaces
def test_whoever_gives_up_the_network_reaches_local_sockets_alone(listening: tuple[str, str]) -> None:
    ran = subprocess.run([sys.executable, "-c", _REACHING, *listening], capture_output=True, text=True, check=True)
    nothing = "OSError: Network is unreachable"
    assert ran.stdout.splitlines() == ["reached", nothing, nothing, "reached", "reached", nothing]


@needs_namespaces
def test_they_stay_who_they_are() -> None:
    program = (
        "import os; from agent.isolation import prepare, leave_network; me = os.getuid(), os.getgid();"
        " prepare(); leave_network(); assert me == (os.getuid(), os.getgid())"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@needs_namespaces
def test_the_right_to_it_cannot_be_had_once_there_are_threads() -> None:
    program = (
        "import threading; from agent import isolation; isolation._is_privileged = lambda: False\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "try: isolation.prepare()\n"
        "except isolation.IsolationError as error: print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "the system allows no user namespace: Invalid argument"


@pytest.mark.parametrize(
    ("wish", "reason", "isolated"),
    [("auto", "", True), ("auto", "no", False), ("off", "", False), ("off", "no", False)],
)
def test_it_is_given_up_where_that_is_wished_and_can_be(
    monkeypatch: pytest.MonkeyPatch, wish: str, reason: str, isolated: bool
) -> None:
    monkeypatch.setattr("agent.processes.reach.obstacle", lambda: reason)
    assert isolates(Config(privacy=PrivacyConfig(wish))) is isolated  # type: ignore[arg-type]  # of the three words


def test_where_it_is_required_and_cannot_be_nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "agent.processes.reach.obstacle", lambda: "the system allows no user namespace: Operation not permitted"
    )
    with pytest.raises(IsolationError, match=r"required, but .*not permitted.*--network-isolation auto goes on"):
        isolates(Config(privacy=PrivacyConfig("required")))


def test_other_systems_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert obstacle() == "only Linux can cut a process off from the network"
