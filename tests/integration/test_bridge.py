"""The bridge as a process of its own, beside an agent on the demo: read by a browser, by Node and by what is here."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from tests.integration.processes import PATIENCE_S, finished, playing, started
from tests.integration.streams import write_stream

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where an agent publishes the demo, for all of these tests."""
    with playing(tmp_path_factory.mktemp("bridge")) as endpoint:
        yield endpoint


@contextmanager
def bridge(endpoint: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command, and where it says it listens."""
    with started("bridge", endpoint, "--listen", "127.0.0.1:0", *arguments) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith(f"Passing {endpoint} on at http://127.0.0.1:"), line
        yield process, line.split("http://")[1].split()[0]


class _Pages(SimpleHTTPRequestHandler):
    """The examples, a page around one that tells what it shows, and what such a page told."""

    told: Queue[str]
    around: str

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/told":
            self.told.put(parse_qs(parts.query)["what"][0])
        if parts.path in ("/told", "/around.html"):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(self.around.encode())
            return
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Nothing: the test's output is its own."""


@contextmanager
def pages(around: str = "") -> Iterator[tuple[str, Queue[str]]]:
    """A web server of the examples on a port of its own: its origin, and what its pages tell."""
    pages = type("Pages", (_Pages,), {"told": Queue(), "around": around})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(pages, directory=str(EXAMPLES))) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", pages.told  # type: ignore[attr-defined]  # made just above
        finally:
            server.shutdown()
            serving.join()


@contextmanager
def chromium(url: str, folder: Path) -> Iterator[None]:
    """A browser on a page, without a window."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium is installed")
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"]
    command = [program, *options, f"--user-data-dir={folder}", url]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as browser:
        try:
            yield
        finally:
            browser.terminate()


_AROUND = """<!doctype html><iframe id="page"></iframe><script>
  const page = document.getElementById("page");
  page.src = "browser.html?bridge=" + location.hash.slice(1);
  const look = setInterval(() => {
    const shown = page.contentDocument?.body?.innerText ?? "";
    if (shown.includes(") ") || shown.includes("not allowed")) {
      clearInterval(look);
      fetch("told?what=" + encodeURIComponent(shown + " " + page.contentDocument.getElementById("sarcasm")?.value));
    }
  }, 50);
</script>"""


def test_the_example_page_shows_the_stream_in_a_real_browser(endpoint: str, tmp_path: Path) -> None:
    with (
        pages(_AROUND) as (origin, told),
        bridge(endpoint, "--allow-origin", origin) as (_, address),
        chromium(f"{origin}/around.html#{address}", tmp_path),
    ):
        shown = told.get(timeout=PATIENCE_S)
    assert "waiting" not in shown
    assert "value=" in shown  # the line of an utterance, with its signals


def test_a_page_nobody_allowed_is_refused_in_a_real_browser(endpoint: str, tmp_path: Path) -> None:
    with (
        pages(_AROUND) as (origin, told),
        bridge(endpoint) as (_, address),
        chromium(f"{origin}/around.html#{address}", tmp_path),
    ):
        assert "no bridge there, or not allowed" in told.get(timeout=PATIENCE_S)
        assert asyncio.run(_counters(address))["refused"] >= 1


_EVERY_WAY = """<!doctype html><script>
  const bridge = location.hash.slice(1);
  const socket = new Promise((told) => {
    const socket = new WebSocket(`ws://${bridge}/ws`);
    socket.onmessage = () => told("read");
    socket.onerror = () => told("refused");
  });
  const events = new Promise((told) => {
    const events = new EventSource(`http://${bridge}/events`);
    events.onerror = () => told("refused");
    for (const name of ["estimate", "welcome", "health"]) events.addEventListener(name, () => told("read"));
  });
  const latest = fetch(`http://${bridge}/latest/estimate`).then((answer) => answer.json())
    .then(() => "read", () => "refused");
  const blind = fetch(`http://${bridge}/latest/estimate`, { mode: "no-cors" }).then((answer) => answer.text())
    .then((text) => (text ? "read" : "refused"), () => "refused");
  Promise.all([socket, events, latest, blind]).then((all) => fetch("told?what=" + all));
</script>"""


@pytest.mark.parametrize(("allowed", "outcome"), [(False, "refused"), (True, "read")])
def test_a_page_can_read_in_every_way_or_in_none(endpoint: str, tmp_path: Path, allowed: bool, outcome: str) -> None:
    with pages(_EVERY_WAY) as (origin, told):
        arguments = ("--allow-origin", origin) if allowed else ()
        with bridge(endpoint, *arguments) as (_, address):
            asyncio.run(_first(address))
            with chromium(f"{origin}/around.html#{address}", tmp_path):
                assert told.get(timeout=PATIENCE_S).split(",")[:3] == [outcome] * 3
            refused = asyncio.run(_counters(address)).get("refused", 0)
    assert (refused >= 4) is not allowed  # it was the bridge that refused, not the browser


def test_a_page_without_an_origin_is_refused_in_a_real_browser(endpoint: str, tmp_path: Path) -> None:
    with pages() as (origin, told), bridge(endpoint) as (_, address):
        file = tmp_path / "page.html"
        file.write_text(
            _EVERY_WAY.replace('fetch("told', f'fetch("{origin}/told').replace("+ all", "+ all, {mode: 'no-cors'}")
        )
        browser = tmp_path / "browser"
        browser.mkdir()
        with chromium(f"file://{file}#{address}", browser):
            assert set(told.get(timeout=PATIENCE_S).split(",")) == {"refused"}
        assert asyncio.run(_counters(address))["refused"] >= 4


_NODE = """
const [bridge] = process.argv.slice(1);
const socket = new WebSocket(`ws://${bridge}/ws?types=estimate`);
const frame = await new Promise((told, failed) => { socket.onmessage = told; socket.onerror = failed; });
socket.close();
const events = await fetch(`http://${bridge}/events?types=welcome`);
let text = "";
for await (const chunk of events.body.pipeThrough(new TextDecoderStream())) {
  text += chunk;
  if (text.includes("data: ")) break;
}
console.log(JSON.stringify([JSON.parse(frame.data).type, text.match(/event: (.*)/)[1]]));
"""


def test_node_reads_it_with_what_it_has_built_in(endpoint: str) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node is installed")
    with bridge(endpoint) as (_, address):
        read = subprocess.run(
            [node, "--experimental-websocket", "--input-type=module", "--eval", _NODE, address],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    if "bad option" in read.stderr:
        pytest.skip("this Node has no WebSocket")
    assert json.loads(read.stdout) == ["estimate", "welcome"]


async def _first(address: str) -> str:
    """The first estimate."""
    async with (
        asyncio.timeout(PATIENCE_S),
        aiohttp.ClientSession() as http,
        http.ws_connect(f"http://{address}/ws?types=estimate") as read,
    ):
        frame: str = await read.receive_str()
        return frame


async def _counters(address: str) -> dict[str, int]:
    async with aiohttp.ClientSession() as http, http.get(f"http://{address}/counters") as response:
        counters: dict[str, int] = await response.json()
        return counters


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_and_says_so_to_whoever_reads(endpoint: str, number: signal.Signals) -> None:
    async def end(process: subprocess.Popen[str], address: str) -> int | None:
        async with aiohttp.ClientSession() as http, http.ws_connect(f"http://{address}/ws") as read:
            await read.receive_str()
            process.send_signal(number)
            async for frame in read:
                assert frame.type is aiohttp.WSMsgType.TEXT
            return read.close_code

    with bridge(endpoint) as (process, address):
        assert asyncio.run(end(process, address)) == aiohttp.WSCloseCode.GOING_AWAY
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out, err) == (0, "", "")


def test_it_may_start_before_the_agent_and_outlives_it(tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/out"
    with bridge(endpoint) as (_, address):
        for session in ("first", "second"):
            said = write_stream(tmp_path / f"{session}.jsonl", session=session)
            with started("run", "--source", str(said), "--publish", endpoint):
                while json.loads(asyncio.run(_first(address)))["session"] != session:
                    pass  # the last value of the agent before


def test_an_agent_that_wants_a_key_is_bridged_with_one_and_refuses_the_bridge_without(tmp_path: Path) -> None:
    endpoint, folder, key = f"ipc://{tmp_path}/out", str(tmp_path / "keys"), str(tmp_path / "bridge.key")
    assert finished("keys", "new", "bridge", "--folder", folder, "--out", key).returncode == 0
    said = write_stream(tmp_path / "said.jsonl", session="s")
    with started("run", "--source", str(said), "--publish", endpoint, "--keys", folder):
        with bridge(endpoint, "--key", key) as (_, address):
            assert json.loads(asyncio.run(_first(address)))["type"] == "estimate"
        with bridge(endpoint) as (process, _):
            _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert err.startswith(f"deadpan: whoever listens at {endpoint} refuses a subscriber without a key")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--listen", "0.0.0.0:5739"], "refusing to listen at 0.0.0.0:5739: anyone who reaches that address"),
        (["--listen", ":5739"], "refusing to listen at :5739"),
        (["--listen", "5739"], "cannot listen at 5739: it should look like 127.0.0.1:PORT"),
        (["--allow-origin", "*"], "cannot allow the origin *: it should look like http://localhost:8000"),
        (["nowhere"], "cannot subscribe to nowhere"),
        (["--key", "/nowhere/at/all"], "/nowhere/at/all: no such key"),
    ],
)
def test_what_cannot_be_is_refused_at_once_in_words(arguments: list[str], complaint: str) -> None:
    ended = finished("bridge", "--listen", "127.0.0.1:0", *arguments)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"deadpan: {complaint}")
    assert ended.stderr.count("\n") == 1


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = finished("bridge", "--listen", address)
    assert ended.returncode == 1
    assert ended.stderr == f"deadpan: {address} is taken: stop what listens there, or choose with --listen\n"
