"""The Wyoming server as a process of its own, beside an agent on the demo, read with the official client."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from wyoming.asr import Transcript
from wyoming.client import AsyncTcpClient
from wyoming.info import Describe

import deadpan
from tests.integration.processes import PATIENCE_S, finished, playing, started


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where an agent publishes the demo, for all of these tests."""
    with playing(tmp_path_factory.mktemp("wyoming")) as endpoint:
        yield endpoint


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_utterances_of_the_demo_arrive_until_it_is_told_to_end(endpoint: str, number: signal.Signals) -> None:
    async def listen(port: int, end: signal.Signals) -> tuple[str, dict[str, object]]:
        async with asyncio.timeout(PATIENCE_S), AsyncTcpClient("127.0.0.1", port) as client:
            await client.write_event(Describe().event())
            info = await client.read_event()
            assert info is not None
            assert info.data["affect"][0]["name"] == "deadpan"
            transcript, affect = await client.read_event(), await client.read_event()
            assert transcript is not None
            assert affect is not None
            assert affect.type == "affect"
            process.send_signal(end)
            while await client.read_event() is not None:
                pass
            return Transcript.from_event(transcript).text, affect.data

    with (
        deadpan.subscribe(endpoint, types=["utterance"], timeout_s=PATIENCE_S) as subscription,
        started("wyoming", endpoint, "--listen", "tcp://127.0.0.1:0") as process,
    ):
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith(f"Passing utterances of {endpoint} on at tcp://127.0.0.1:")
        text, data = asyncio.run(listen(int(line.split()[-3].rpartition(":")[2]), number))
        utterances = (each for each in subscription if isinstance(each, deadpan.Utterance))
        said = next(each for each in utterances if each.seq == data["seq"])
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out, err) == (0, "", "")
    assert (text, data["rcs"]) == (said.text, said.rcs)


def test_a_local_socket_is_gone_when_it_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "w"
    with started("wyoming", f"ipc://{tmp_path}/out", "--listen", f"unix://{path}") as process:
        assert process.stdout is not None
        assert process.stdout.readline().endswith(f"at unix://{path} (Ctrl-C ends).\n")
        assert path.is_socket()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_S) == 0
    assert not path.exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--listen", "tcp://0.0.0.0:10700"], "refusing to listen at 0.0.0.0:10700: anyone who reaches that address"),
        (["--listen", "10700"], "cannot listen at 10700: it should look like tcp://127.0.0.1:10700 or unix:///path"),
        (["--listen", "unix:///no/such/folder/s"], "cannot use /no/such/folder/s: there is no folder /no/such/folder"),
        (["nowhere"], "cannot subscribe to nowhere"),
    ],
)
def test_what_cannot_be_is_refused_at_once_in_words(arguments: list[str], complaint: str) -> None:
    ended = finished("wyoming", "--listen", "tcp://127.0.0.1:0", *arguments)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"deadpan: {complaint}")
    assert ended.stderr.count("\n") == 1
