"""What ships is what was trained: every file of weights against its sum, and what becomes of one that was changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from encoders import shipped as module
from encoders.expression import ExpressionModel
from encoders.face import FACE_DIMS
from encoders.face_statistics import FACE_STATISTICS, ChannelScale
from encoders.head import Head
from encoders.prosody import VOICE_DIMS
from encoders.samples import Modality
from encoders.shipped import SUMS, DamagedError, check, read_sums, shipped
from encoders.sound import SoundModel
from encoders.text_model import TextModel
from encoders.voice_statistics import VOICE_STATISTICS
from fusion.shipped import load as load_fusion
from training.sums import FOLDERS, sums

LOADING: dict[str, Callable[[], object]] = {
    "face_expression.npz": ExpressionModel.load,
    "face_channels.json": ChannelScale.load,
    "face_head.npz": lambda: Head.load(Modality.FACE, FACE_STATISTICS, FACE_DIMS),
    "voice_head.npz": lambda: Head.load(Modality.VOICE, VOICE_STATISTICS, VOICE_DIMS),
    "sound.npz": SoundModel.load,
    "text.onnx": TextModel.load,
    "text.json": TextModel.load,
    "text_tokenizer.json": TextModel.load,
    "fusion.json": load_fusion,
    "fusion.onnx": load_fusion,
}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_the_sums_are_those_of_what_ships(folder: Path) -> None:
    assert (folder / SUMS).read_text() == sums(folder), "write them: python -m training.sums"


def test_every_file_that_ships_is_tried_below() -> None:
    assert {name for folder in FOLDERS for name in read_sums(folder)} == set(LOADING)


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What ships, where it may be changed."""
    for folder in FOLDERS:
        shutil.copytree(folder, tmp_path / folder.parent.name / "weights")
    monkeypatch.setattr(module, "files", lambda package: tmp_path / package)
    return tmp_path


@pytest.mark.parametrize("name", LOADING)
def test_a_flipped_bit_is_noticed_before_it_is_read(copied: Path, name: str) -> None:
    LOADING[name]()
    (path,) = copied.glob(f"*/weights/{name}")
    flip(path, 1 << 7)
    with pytest.raises(DamagedError, match=name.replace(".", r"\.")):
        LOADING[name]()


@pytest.mark.parametrize("name", ["sound.npz", SUMS])
def test_a_missing_file_is_named_with_what_to_do(copied: Path, name: str) -> None:
    (copied / "encoders" / "weights" / name).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{name} is missing; run: pip install --force-reinstall"):
        SoundModel.load()


@pytest.mark.parametrize("text", ["nonsense\n", "\xff" * 80, "abc  sound.npz\n"])
def test_sums_that_are_none_are_damage(tmp_path: Path, text: str) -> None:
    (tmp_path / SUMS).write_bytes(text.encode("latin-1"))
    with pytest.raises(DamagedError, match="SHA256SUMS is damaged"):
        check(tmp_path, "sound.npz")


def test_a_file_that_is_not_listed_did_not_ship(tmp_path: Path) -> None:
    (tmp_path / SUMS).write_text("")
    np.save(tmp_path / "more.npy", np.zeros(3))
    with pytest.raises(DamagedError, match=r"more\.npy is not the file that was shipped"):
        check(tmp_path, "more.npy")


def test_the_folder_is_that_of_the_package() -> None:
    with shipped("fusion", "fusion.onnx") as folder:
        assert (folder / "fusion.onnx").is_file()


def flip(path: Path, bit: int) -> None:
    """Change one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= bit
    path.write_bytes(content)
