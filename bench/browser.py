"""A page's address in, what a real browser makes of it out: a Chromium without a window, by the DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp

_OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0"),
)
_START_S = 60.0
_LOOK_S = 0.05
_KEYS = {"ArrowLeft": 37, "ArrowRight": 39, "Tab": 9, " ": 32}


def program() -> str | None:
    """Where Chromium is, if it is installed."""
    return shutil.which("chromium") or shutil.which("google-chrome")


class Browser:
    """One page. What it asked for (`requests`) and what went wrong in it (`problems`) are kept."""

    def __init__(self, width: int = 1280, height: int = 1000, *, dark: bool = False) -> None:
        self.requests: list[str] = []
        self.problems: list[str] = []
        self._width, self._height, self._dark = width, height, dark
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def __aenter__(self) -> Browser:
        found = program()
        if found is None:
            raise FileNotFoundError("no Chromium is installed")
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        self._process = subprocess.Popen(
            [found, *_OPTIONS, f"--user-data-dir={folder}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._http = aiohttp.ClientSession()
        try:
            self._socket = await self._http.ws_connect(
                await self._address(folder / "DevToolsActivePort"), max_msg_size=0
            )
        except BaseException:
            await self._leave()
            raise
        self._reading = asyncio.create_task(self._read())
        for domain in ("Runtime", "Network", "Page", "Log"):
            await self.command(f"{domain}.enable")
        await self.resize(self._width, self._height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if self._dark else "light"}
        await self.command("Emulation.setEmulatedMedia", features=[scheme])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reading.cancel()
        await self._socket.close()
        await self._leave()

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask for something by its name in the protocol. Raises RuntimeError when it cannot be done."""
        number = len(self._answers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        answer = await self._answers[number]
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def resize(self, width: int, height: int) -> None:
        """Have the page be so large, in pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.command("Emulation.setDeviceMetricsOverride", **size)

    async def go(self, url: str) -> None:
        """Load a page, to its end."""
        await self.command("Page.navigate", url=url)
        await self.until("location.protocol !== 'about:' && document.readyState === 'complete'")

    async def tell(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        answer = await self.command("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    async def until(self, expression: str, patience_s: float = 60.0) -> Any:
        """The value of an expression as soon as it is true. Raises TimeoutError, with what it was last."""
        value = None
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while not (value := await self.tell(expression)):
                    await asyncio.sleep(_LOOK_S)
                return value
        raise TimeoutError(f"{expression} was still {value!r} after {patience_s:g} s")

    async def press(self, key: str, *, shift: bool = False) -> None:
        """Press and release a key, as a keyboard would."""
        number = _KEYS.get(key) or (ord(key.upper()) if len(key) == 1 and key.isalnum() else 0)
        event = {"key": key, "windowsVirtualKeyCode": number, "modifiers": 8 * shift}
        text = {"text": key} if len(key) == 1 else {}
        await self.command("Input.dispatchKeyEvent", type="keyDown", **event, **text)
        await self.command("Input.dispatchKeyEvent", type="keyUp", **event)

    async def picture(self, of: str = "") -> bytes:
        """What the page looks like, as PNG: what is to be seen of it, or all of the element of a selector."""
        asked: dict[str, Any] = {"format": "png"}
        if of:
            box = await self.tell(f"document.querySelector('{of}').getBoundingClientRect().toJSON()")
            asked["clip"] = {name: box[name] for name in ("x", "y", "width", "height")} | {"scale": 1}
        return base64.b64decode((await self.command("Page.captureScreenshot", **asked))["data"])

    async def _address(self, port_file: Path) -> str:
        async with asyncio.timeout(_START_S):
            while not port_file.exists() or "\n" not in port_file.read_text():
                await asyncio.sleep(_LOOK_S)
            port = port_file.read_text().split()[0]
            while True:
                async with self._http.get(f"http://127.0.0.1:{port}/json") as answer:
                    for each in await answer.json():
                        if each["type"] == "page":
                            return str(each["webSocketDebuggerUrl"])
                await asyncio.sleep(_LOOK_S)

    async def _read(self) -> None:
        async for frame in self._socket:
            message = json.loads(frame.data)
            if "id" in message:
                self._answers[message["id"]].set_result(message)
            else:
                self._note(message["method"], message["params"])

    def _note(self, method: str, told: dict[str, Any]) -> None:
        match method:
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])
            case "Network.webSocketCreated":
                self.requests.append(told["url"])
            case "Runtime.exceptionThrown":
                details = told["exceptionDetails"]
                self.problems.append(details.get("exception", {}).get("description", details["text"]))
            case "Log.entryAdded" if told["entry"]["level"] == "error":
                self.problems.append(f"{told['entry']['text']} {told['entry'].get('url', '')}".strip())

    async def _leave(self) -> None:
        await self._http.close()
        self._process.terminate()
        self._process.wait()
        self._folder.cleanup()
