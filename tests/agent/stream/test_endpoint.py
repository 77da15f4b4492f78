from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from agent.stream.endpoint import PublishError, Socket, bind, check_endpoint, is_local, reachable

EVERYWHERE = ["tcp://0.0.0.0:5737", "tcp://*:5737", "tcp://192.168.1.5:5737", "tcp://[::]:1", "tcp://eth0:5737"]


@pytest.fixture
def socket() -> Iterator[Socket]:
    context: zmq.Context[Socket] = zmq.Context()
    yield context.socket(zmq.XPUB)
    context.destroy(linger=0)


@pytest.mark.parametrize(
    "endpoint",
    ["tcp://127.0.0.1:5737", "tcp://127.9.9.9:1", "tcp://[::1]:5737", "tcp://localhost:1", "ipc:///a"],
)
def test_what_only_this_machine_can_reach_is_allowed(endpoint: str) -> None:
    check_endpoint(endpoint)
    check_endpoint(endpoint, keyed=True)
    assert is_local(endpoint)


@pytest.mark.parametrize("endpoint", [*EVERYWHERE, "tcp://localhost.evil.org:1", "tcp://127.0.0.1.evil.org:1"])
def test_what_others_could_reach_is_refused_without_keys(endpoint: str) -> None:
    with pytest.raises(PublishError, match=r"refusing to publish at .*deadpan keys new NAME"):
        check_endpoint(endpoint)
    check_endpoint(endpoint, keyed=True)
    assert not is_local(endpoint)


@pytest.mark.parametrize("keyed", [False, True])
@pytest.mark.parametrize(
    "endpoint",
    [
        *("", "nowhere", "ipc://", "ipc://*", "ipc://@abstract", "udp://127.0.0.1:1", "tcp://127.0.0.1"),
        *("tcp://127.0.0.1:x", "tcp://127.0.0.1:99999", "tcp://0.0.0.0", "tcp://[::1:5", "inproc://a"),
    ],
)
def test_what_is_no_endpoint_is_refused(endpoint: str, keyed: bool) -> None:
    with pytest.raises(PublishError, match="cannot publish at"):
        check_endpoint(endpoint, keyed=keyed)


def test_a_local_socket_is_its_owner_s_alone(tmp_path: Path, socket: Socket) -> None:
    bind(socket, f"ipc://{tmp_path}/stream")
    assert stat.S_IMODE((tmp_path / "stream").stat().st_mode) == 0o600


def test_an_address_that_is_not_this_machine_s_is_an_error(socket: Socket) -> None:
    with pytest.raises(PublishError, match=r"cannot publish at tcp://192\.0\.2\.1:5737"):
        bind(socket, "tcp://192.0.2.1:5737")


@pytest.mark.parametrize(
    ("published", "read"),
    [
        ("tcp://0.0.0.0:5737", "tcp://127.0.0.1:5737"),
        ("tcp://*:5737", "tcp://127.0.0.1:5737"),
        ("tcp://[::]:5737", "tcp://[::1]:5737"),
        ("tcp://192.168.1.5:5737", "tcp://192.168.1.5:5737"),
        ("ipc:///a", "ipc:///a"),
    ],
)
def test_what_is_published_everywhere_is_read_here(published: str, read: str) -> None:
    assert reachable(published) == read
