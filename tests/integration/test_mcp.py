"""The MCP server as an assistant starts it: by the official client, over its standard input and output."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from mcp import ClientSession, StdioServerParameters, stdio_client

from tests.integration.processes import DEADPAN, PATIENCE_S, finished, playing, started
from tests.integration.streams import write_stream


@asynccontextmanager
async def asking(endpoint: str, errors: Path) -> AsyncIterator[ClientSession]:
    """An assistant's session with a server of its own; what the server says beside the protocol goes to `errors`."""
    server = StdioServerParameters(command=sys.executable, args=[*DEADPAN[1:], "mcp", endpoint])
    with errors.open("w") as log:
        async with (
            asyncio.timeout(PATIENCE_S),
            stdio_client(server, errlog=log) as (read, write),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            yield session


async def ask(session: ClientSession, tool: str, **arguments: object) -> dict[str, Any]:
    """A tool's answer, checked against the schema it promised."""
    result = await session.call_tool(tool, arguments)
    assert not result.is_error, result.content
    content: dict[str, Any] | None = result.structured_content
    assert content is not None
    schemas = {each.name: each.output_schema for each in (await session.list_tools()).tools}
    schema = schemas[tool]
    assert schema is not None
    jsonschema.validate(content, schema)
    return content


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with playing(tmp_path_factory.mktemp("mcp")) as endpoint:
        yield endpoint


def test_the_tools_say_what_they_tell_and_that_they_change_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with asking(f"ipc://{tmp_path}/out", tmp_path / "errors") as session:
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        assert set(tools) == {"current_affect", "last_utterance"}
        for tool in tools.values():
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint is True
            assert "Cues, not verdicts" in (tool.description or "")
            assert tool.output_schema is not None
        window = tools["current_affect"].input_schema["properties"]["window_s"]
        assert (window["default"], window["exclusiveMinimum"], window["maximum"]) == (10.0, 0, 120.0)

    asyncio.run(main())


def test_a_demo_is_told_of_as_it_plays(endpoint: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with asking(endpoint, tmp_path / "errors") as session:
            while not (last := await ask(session, "last_utterance"))["known"]:
                assert last["reason"] in ("never_connected", "nothing_said_yet")
            answer = await ask(session, "current_affect", window_s=120)
        assert last["utterance"]["text"] in [said["text"] for said in answer["utterances"]]
        assert last["utterance"]["line"].endswith(last["utterance"]["text"])
        assert 0 <= last["age_s"] < 120
        assert answer["known"]
        assert answer["now"]["modalities"].keys() == {"face", "voice", "text"}
        assert 0 <= answer["window"]["sarcasm_probability"] <= 1
        assert (tmp_path / "errors").read_text() == ""

    asyncio.run(main())


def test_a_wrong_argument_is_the_tools_error_and_no_more(tmp_path: Path) -> None:
    async def main() -> None:
        async with asking(f"ipc://{tmp_path}/out", tmp_path / "errors") as session:
            for window_s in (-1, 0, 121, "ten", None, float("nan"), [10]):
                result = await session.call_tool("current_affect", {"window_s": window_s})
                assert result.is_error, window_s
                assert "window_s" in str(result.content)
            assert (await ask(session, "current_affect"))["reason"] == "never_connected"

    asyncio.run(main())


def test_an_absent_agent_is_said_to_be_absent_and_is_found_when_it_comes_and_missed_when_it_goes(
    tmp_path: Path,
) -> None:
    endpoint = f"ipc://{tmp_path}/out"

    async def heard(session: ClientSession) -> dict[str, Any]:
        while not (answer := await ask(session, "current_affect"))["now"]:
            await asyncio.sleep(0.02)
        return answer

    async def silent(session: ClientSession) -> dict[str, Any]:
        while (answer := await ask(session, "current_affect"))["reason"] != "silent_stream":
            await asyncio.sleep(0.02)
        return answer

    async def main() -> None:
        async with asking(endpoint, tmp_path / "errors") as session:
            answer = await ask(session, "current_affect")
            assert (answer["known"], answer["reason"], answer["age_s"]) == (False, "never_connected", None)
            for session_id in ("first", "second"):
                said = write_stream(tmp_path / f"{session_id}.jsonl", session=session_id)
                with started("run", "--source", str(said), "--publish", endpoint):
                    assert (await heard(session))["age_s"] < 3
                gone = await silent(session)
                assert (gone["known"], gone["now"], gone["utterances"]) == (False, None, [])
        assert (tmp_path / "errors").read_text() == ""

    asyncio.run(main())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_though_its_input_is_open(number: signal.Signals, tmp_path: Path) -> None:
    command = [*DEADPAN, "mcp", f"ipc://{tmp_path}/out"]
    ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}\n'
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:  # type: ignore[call-overload]  # a dict of pipes
        process.stdin.write(ping)
        process.stdin.flush()
        assert '"id":1' in process.stdout.readline()
        process.send_signal(number)
        assert process.wait(timeout=PATIENCE_S) == 0
        assert (process.stdout.read(), process.stderr.read()) == ("", "")


def test_the_end_of_its_input_is_its_end(tmp_path: Path) -> None:
    ended = subprocess.run(
        [*DEADPAN, "mcp", f"ipc://{tmp_path}/out"],
        input="no JSON at all\n",
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(["nowhere"], "cannot subscribe to nowhere"), (["--key", "/nowhere/at/all"], "/nowhere/at/all: no such key")],
)
def test_what_cannot_be_is_refused_at_once_in_words(arguments: list[str], complaint: str) -> None:
    ended = finished("mcp", *arguments)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"deadpan: {complaint}")
