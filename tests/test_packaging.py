"""The wheel that is shipped, built from a copy of what git would ship; and what this environment has installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from email.message import Message
from email.parser import HeaderParser
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

REPOSITORY = Path(__file__).parents[1]
ROOMS = ("agent", "deadpan", "encoders", "fusion")
FILES = ("pyproject.toml", "README.md", "LICENSE")


def _sources(pattern: str) -> set[str]:
    return {
        path.relative_to(REPOSITORY).as_posix()
        for room in ROOMS
        for path in (REPOSITORY / room).rglob(pattern)
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """The wheel, built where nothing of an earlier build can slip in."""
    folder = tmp_path_factory.mktemp("build")
    for name in (*ROOMS, "tests", "training", "bench"):
        if (REPOSITORY / name).is_dir():
            shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(REPOSITORY / name, folder)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check"]
    built = subprocess.run([*build, "--outdir", "dist", "."], cwd=folder, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = (folder / "dist").glob("*.whl")
    return ZipFile(path)


@pytest.fixture(scope="module")
def shipped(wheel: ZipFile) -> set[str]:
    return set(wheel.namelist())


@pytest.fixture(scope="module")
def metadata(wheel: ZipFile, shipped: set[str]) -> Message:
    (name,) = (name for name in shipped if name.endswith(".dist-info/METADATA"))
    return HeaderParser().parsestr(wheel.read(name).decode())


def test_every_module_is_shipped(shipped: set[str]) -> None:
    assert _sources("*.py") - shipped == set()


def test_the_weights_the_demo_and_the_types_marker_are_shipped(shipped: set[str]) -> None:
    weights = {name for name in _sources("*") if "/weights/" in name}
    assert weights
    page = {f"agent/report/page.{kind}" for kind in ("html", "css", "js")}
    page |= {name for name in _sources("*") if name.startswith("deadpan/dashboard/page/")}
    assert len(page) > 10
    assert weights | page | {"agent/demo.mp4", "agent/demo.json", "deadpan/py.typed"} <= shipped


def test_nothing_else_is_shipped(shipped: set[str]) -> None:
    roots = {name.partition("/")[0] for name in shipped}
    assert {root for root in roots if not root.endswith(".dist-info")} == set(ROOMS)


def test_the_base_install_needs_the_client_s_two_packages_and_no_more(metadata: Message) -> None:
    requirements = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    base = {each.name for each in requirements if each.marker is None}
    assert base == {"msgspec", "pyzmq"}
    assert {"live", "train", "dev"} <= set(metadata.get_all("Provides-Extra", []))


def test_the_command_is_an_entry_point(wheel: ZipFile, shipped: set[str]) -> None:
    (name,) = (name for name in shipped if name.endswith("entry_points.txt"))
    assert "deadpan = agent.cli:main" in wheel.read(name).decode().splitlines()


def test_the_license_travels_with_it(shipped: set[str], metadata: Message) -> None:
    assert metadata["License-Expression"] == "MIT"
    assert any(name.endswith("licenses/LICENSE") for name in shipped)


@pytest.mark.parametrize("room", ROOMS)
def test_no_other_package_here_owns_a_name_of_ours(room: str) -> None:
    assert set(packages_distributions()[room]) == {"deadpan"}
