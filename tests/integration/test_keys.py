"""A real session that wants keys, and a stream that is restarted: what subscribers with and without a key see of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

import deadpan
from tests.integration.processes import PATIENCE_S, finished, playing, started
from tests.integration.streams import write_stream
from tests.ports import free_port


def _new_key(name: str, keys: Path, out: Path) -> Path:
    made = finished("keys", "new", name, "--folder", str(keys), "--out", str(out))
    assert made.returncode == 0, made.stderr
    return out


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def phone(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _new_key("phone", keys / "agent", tmp_path_factory.mktemp("phone") / "phone.key")


@pytest.fixture(scope="module")
def endpoint(keys: Path, phone: Path) -> Iterator[str]:  # noqa: ARG001 - the first key makes the agent's own
    """Where a session publishes to holders of a key."""
    where = f"tcp://127.0.0.1:{free_port()}"
    with playing(keys, "--keys", str(keys / "agent"), endpoint=where) as endpoint:
        yield endpoint


def test_who_holds_a_key_reads_the_stream(endpoint: str, phone: Path) -> None:
    with deadpan.subscribe(endpoint, key=phone, timeout_s=PATIENCE_S) as subscription:
        for message in subscription:
            if isinstance(message, deadpan.Estimate):
                break
        assert subscription.unreadable == 0


def test_who_holds_none_is_told_so_and_reads_nothing(endpoint: str) -> None:
    async def listen() -> None:
        async with deadpan.subscribe(endpoint, timeout_s=PATIENCE_S) as subscription:
            async for message in subscription:
                raise AssertionError(message)

    with pytest.raises(deadpan.AccessError, match="without a key"):
        asyncio.run(listen())


def test_another_agent_s_key_is_refused(endpoint: str, tmp_path: Path) -> None:
    foreign = _new_key("phone", tmp_path / "another", tmp_path / "foreign.key")
    with (
        deadpan.subscribe(endpoint, key=foreign) as subscription,
        pytest.raises(deadpan.AccessError, match="does not accept this key"),
    ):
        subscription.receive(PATIENCE_S)


def test_a_key_taken_away_ends_the_reading_in_the_middle(endpoint: str, keys: Path, tmp_path: Path) -> None:
    key = _new_key("guest", keys / "agent", tmp_path / "guest.key")
    with deadpan.subscribe(endpoint, key=key, types=["health"]) as subscription:
        assert subscription.receive(PATIENCE_S) is not None
        removed = finished("keys", "remove", "guest", "--folder", str(keys / "agent"))
        assert removed.returncode == 0, removed.stderr
        with pytest.raises(deadpan.AccessError, match="refuses this key"):
            for _ in subscription:
                pass


def test_an_agent_restarted_in_the_middle_is_heard_again(tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/out"
    with deadpan.subscribe(endpoint, timeout_s=PATIENCE_S) as subscription:
        for session in ("first", "second"):
            said = write_stream(tmp_path / f"{session}.jsonl", session=session)
            with started("run", "--source", str(said), "--publish", endpoint):
                for message in subscription:
                    if message.session == session:
                        break
        assert subscription.timeline.sessions_seen == 2
        assert subscription.losses == {}
        assert subscription.timeline.session == "second"
