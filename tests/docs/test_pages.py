"""What the pages tell their readers to type: every command is one that there is, and what stands in a fence is run."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from agent.options import parser
from tests.docs.pages import PAGES, ROOT, Step, commands, steps

COMMANDS = [pytest.param(page.name, each, id=" ".join([page.name, *each])) for page in PAGES for each in commands(page)]
BASH = shutil.which("bash") or "/bin/bash"
TOLD = {page.name: found for page in PAGES if (found := steps(page))}
EXCERPTS = [(step.of, step.text) for told in TOLD.values() for step in told if step.of is not None]


def test_there_are_commands_and_fences() -> None:
    assert len(COMMANDS) > 40
    assert {"tutorial.md", "devices.md"} <= set(TOLD)


@pytest.mark.parametrize(
    ("page", "command"), COMMANDS, ids=lambda each: each if isinstance(each, str) else " ".join(each)
)
def test_every_command_is_one_that_there_is(page: str, command: list[str]) -> None:
    try:
        parser().parse_args(command)
    except SystemExit as misused:
        pytest.fail(f"{page}: deadpan {' '.join(command)} is misused ({misused})")


@pytest.mark.parametrize("page", TOLD)
def test_what_a_page_tells_can_be_done(page: str, tmp_path: Path) -> None:
    if any(step.says("in the clone") for step in TOLD[page]) and not (ROOT / ".venv" / "live.stamp").is_file():
        pytest.skip("this is no clone in which make has installed anything")
    (tmp_path / "agent").mkdir()
    shutil.copy(ROOT / "agent" / "demo.mp4", tmp_path / "agent")
    kept = ""
    with ExitStack() as beside:
        for step in TOLD[page]:
            folder = ROOT if step.says("in the clone") else tmp_path
            if step.says("not run") or step.says("an excerpt"):
                continue
            if step.says("beside"):
                beside.enter_context(_beside(step, folder))
                continue
            done = _run(step, kept, folder)
            told = f"{page}:\n{step.text}\n{done.stdout}\n{done.stderr}"
            assert done.returncode == 0, told
            assert "Traceback" not in done.stderr, told
            if step.says("keep the environment"):
                kept += f"cd {ROOT}\n{step.text}\n"


@pytest.mark.parametrize(("path", "text"), EXCERPTS)
def test_an_excerpt_is_of_what_it_says(path: str, text: str) -> None:
    whole = (ROOT / path).read_text(encoding="utf-8")
    lines = re.findall(r"^from \S+ import (.+)$", text, re.MULTILINE) + re.findall(r"\bdeadpan\.([A-Z]\w+)", text)
    used = {name for line in lines for name in line.split(", ")}
    assert used
    assert not [name for name in used if name not in whole]


def _run(step: Step, kept: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A fence, run as it is typed, to its end."""
    typed = step.text if step.language == "sh" else f"python - <<'PROGRAM'\n{step.text}\nPROGRAM"
    script = f"set -e\n{kept}\ncd {folder}\n{typed}"
    return subprocess.run(
        [BASH, "-c", script], capture_output=True, text=True, timeout=120, env=_environment(), check=False
    )


@contextmanager
def _beside(step: Step, folder: Path) -> Iterator[None]:
    """What goes on while the rest of a page is typed, until it ends or is ended as by Ctrl-C; either way in order."""
    process = subprocess.Popen(
        [BASH, "-c", f"exec {step.text}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=_environment(),
        cwd=folder,
    )
    try:
        yield
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=60)
    assert process.returncode == 0, complaint
    assert "Traceback" not in complaint


def _environment() -> dict[str, str]:
    """One in which deadpan and python are those that run the tests."""
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
