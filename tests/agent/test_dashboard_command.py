"""deadpan dashboard, and the page that deadpan run opens beside itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent.commands import dashboard


def test_a_run_that_shows_no_page_loads_no_web_server() -> None:
    script = "import sys, agent.commands.run, agent.commands.play; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_page_that_cannot_be_had_says_why_and_leaves_the_session_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with dashboard.beside(f"ipc://{tmp_path}/out", "0.0.0.0:5740", None) as page:
        assert page.wait(30) == 1
    assert "anyone who reaches that address could read how you feel" in capfd.readouterr().err


def test_the_page_ends_with_the_session_it_is_beside(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with dashboard.beside(f"ipc://{tmp_path}/out", "127.0.0.1:0", None) as page:
        assert page.poll() is None
        assert capfd.readouterr().err.startswith("In a browser: http://127.0.0.1:")
    assert page.returncode == 0


@pytest.mark.parametrize(
    ("platform", "environment", "seen"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
    ],
)
def test_a_browser_is_opened_only_where_there_is_a_screen(
    monkeypatch: pytest.MonkeyPatch, platform: str, environment: dict[str, str], seen: bool
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert dashboard._has_screen() is seen
