"""Names of npm packages in, a folder that has them out; a test that needs them is skipped where they cannot be had."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

_PATIENCE_S = 120


def node() -> str:
    """The program that runs JavaScript."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed")
    return found


def install(folder: Path, *packages: str) -> None:
    """Install the packages named in `folder`, beside those its package.json asks for."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    manifest = folder / "package.json"
    if not manifest.exists():
        manifest.write_text(json.dumps({"private": True}), encoding="utf-8")
    command = [npm, "install", "--no-audit", "--no-fund", "--no-update-notifier", *packages]
    quiet = os.environ | {"CI": "1"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=quiet, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm installed {', '.join(packages) or manifest} in no reasonable time")
    if done.returncode:
        *_, last = done.stderr.strip().splitlines() or ["no reason given"]
        pytest.skip(f"npm cannot install {', '.join(packages) or manifest}: {last}")
