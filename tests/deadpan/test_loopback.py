from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deadpan import loopback
from deadpan.errors import EndpointError


@pytest.mark.parametrize("address", ["127.0.0.1:0", "localhost:0", "127.7.7.7:0", "[::1]:0"])
def test_this_machine_alone_is_listened_at(address: str) -> None:
    try:
        listening = loopback.listen(address)
    except EndpointError as error:
        if address.startswith("[") and "cannot listen" in str(error):
            pytest.skip("this machine has no IPv6")
        raise
    with listening:
        spoken = loopback.spoken(listening)
        host, _, port = spoken.rpartition(":")
        assert host == address.rpartition(":")[0].replace("localhost", "127.0.0.1")
        with socket.create_connection((host.strip("[]"), int(port)), timeout=20):
            pass


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "192.168.1.5", "example.org", "[::]", "[2001:db8::1]", "localhost.evil.example"],  # noqa: S104 - the mistake is the test
)
def test_an_address_that_others_reach_is_refused(host: str) -> None:
    with pytest.raises(EndpointError, match=r"refusing to listen at .*: anyone who reaches that address could read"):
        loopback.listen(f"{host}:5739")


@pytest.mark.parametrize(
    "address",
    [
        ":5739",
        "",
        "5739",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:65536",
        "::1:5739",
        "[::1",
        "http://127.0.0.1:5739",
        "me@127.0.0.1:5739",
        "127.0.0.1:5739/ws",
    ],
)
def test_what_is_no_address_is_refused_in_words(address: str) -> None:
    with pytest.raises(EndpointError, match=r"(it should look like 127\.0\.0\.1:PORT|refusing to listen at)"):
        loopback.listen(address)


def test_a_taken_port_is_named() -> None:
    with (
        loopback.listen("127.0.0.1:0") as first,
        pytest.raises(EndpointError, match=r"127\.0\.0\.1:\d+ is taken: stop what listens there"),
    ):
        loopback.listen(loopback.spoken(first))


@given(st.text() | st.from_regex(r"[\w.:\[\]@/-]*:[0-9]*"))
def test_nothing_but_loopback_is_ever_listened_at(address: str) -> None:
    try:
        listening = loopback.listen(address)
    except EndpointError:
        return
    with listening:
        assert loopback.is_loopback(listening.getsockname()[0])
