"""Pulled models on disk: a model's name in, its files, their state and what an engine is to load out.

FOLDER/whisper/base.en/             a model, complete: its files and manifest.json
FOLDER/whisper/base.en.unfinished/  one on its way
FOLDER/whisper/base.en.lock         held by whoever pulls or removes it
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from agent.weights.catalogue import Checkpoint, Entry, ModelError

MANIFEST = "manifest.json"
_BLOCK = 1 << 20


class KeptFile(msgspec.Struct, frozen=True):
    """A file of a model, as it was when it had been pulled and checked."""

    name: str
    size: int
    sha256: str
    address: str


class Manifest(msgspec.Struct, frozen=True):
    """What a pull brought. `revision`: the hub's commit, empty for a checkpoint; `pulled`: UTC, ISO 8601."""

    model: str
    revision: str
    pulled: str
    files: tuple[KeptFile, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a model's files. `reason`: which file, and what about it; empty when there is nothing to say."""

    state: Literal["ok", "absent", "incomplete", "damaged"]
    reason: str = ""


class Store:
    """A folder of models. It need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, entry: Entry) -> Path:
        """The folder of a complete model."""
        return self.folder / entry.family / entry.name

    def staging(self, entry: Entry) -> Path:
        """The folder of a model on its way."""
        return self.folder / entry.family / f"{entry.name}.unfinished"

    def loadable(self, entry: Entry) -> Path:
        """What an engine loads: a checkpoint's file, or a repository's folder."""
        return self.place(entry) / entry.source.file if isinstance(entry.source, Checkpoint) else self.place(entry)

    def glance(self, entry: Entry) -> Verdict:
        """The state as far as names and sizes tell it; quick."""
        place = self.place(entry)
        if not place.is_dir():
            unfinished = self.staging(entry).is_dir()
            return Verdict("incomplete", "its pull was not finished") if unfinished else Verdict("absent")
        try:
            manifest = self.manifest(entry)
        except ModelError as error:
            return Verdict("damaged", str(error))
        if isinstance(entry.source, Checkpoint) and entry.source.file not in {each.name for each in manifest.files}:
            return Verdict("damaged", f"{MANIFEST} names no {entry.source.file}")
        for each in manifest.files:
            if not (place / each.name).is_file():
                return Verdict("incomplete", f"{each.name} is missing")
            if (size := (place / each.name).stat().st_size) != each.size:
                return Verdict("damaged", f"{each.name} has {size} bytes, not {each.size}")
        return Verdict("ok")

    def verify(self, entry: Entry) -> Verdict:
        """The state after every byte has been read and compared with the manifest and the catalogue."""
        verdict = self.glance(entry)
        if verdict.state != "ok":
            return verdict
        for each in self.manifest(entry).files:
            wanted = entry.source.sha256 if isinstance(entry.source, Checkpoint) else each.sha256
            try:
                digest = sha256_of(self.place(entry) / each.name)
            except OSError as error:
                return Verdict("damaged", f"{each.name} cannot be read: {error.strerror}")
            if not digest == each.sha256 == wanted:
                return Verdict("damaged", f"{each.name} is not what was pulled: its checksum differs")
        return Verdict("ok")

    def manifest(self, entry: Entry) -> Manifest:
        """What the pull of a complete model wrote down. Raises ModelError when it cannot be read."""
        try:
            manifest = msgspec.json.decode((self.place(entry) / MANIFEST).read_bytes(), type=Manifest)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ModelError(f"{MANIFEST} cannot be read") from error
        if not manifest.files or any(Path(each.name).name != each.name for each in manifest.files):
            raise ModelError(f"{MANIFEST} names no files of this folder")
        return manifest

    def size(self, entry: Entry) -> int:
        """The bytes on disk, of a complete model or of one on its way."""
        folders = (self.place(entry), self.staging(entry))
        return sum(each.stat().st_size for folder in folders for each in folder.glob("*") if each.is_file())

    def install(self, entry: Entry, manifest: Manifest) -> None:
        """Make the staged files the model: they and their manifest appear at once, and nothing else with them."""
        staging, place = self.staging(entry), self.place(entry)
        kept = {each.name for each in manifest.files}
        for each in staging.iterdir():
            if each.name not in kept:
                each.unlink()
        (staging / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
        for each in staging.iterdir():
            each.chmod(0o644)
        replaced = place.with_name(f"{place.name}.replaced")
        if place.exists():
            shutil.rmtree(replaced, ignore_errors=True)
            place.rename(replaced)
        staging.rename(place)
        shutil.rmtree(replaced, ignore_errors=True)

    def remove(self, entry: Entry) -> int:
        """Delete a model, finished or not; returns the bytes freed. Raises ModelError when there is none."""
        folders = [folder for folder in (self.place(entry), self.staging(entry)) if folder.is_dir()]
        if not folders:
            raise ModelError(f"{entry.key} is not on this machine")
        with self.lock(entry):
            freed = self.size(entry)
            for folder in folders:
                try:
                    shutil.rmtree(folder)
                except OSError as error:
                    raise ModelError(f"{folder} cannot be removed: {error.strerror}") from error
        return freed

    @contextmanager
    def lock(self, entry: Entry) -> Iterator[None]:
        """Keep every other process from changing this model. Raises ModelError at once when one does already.

        The lock goes with the process, however that ends; its file stays.
        """
        path = self.folder / entry.family / f"{entry.name}.lock"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            held = path.open("w")
        except OSError as error:
            raise ModelError(
                f"cannot write to {path.parent}: {error.strerror}; set DEADPAN_MODELS to another folder"
            ) from error
        with held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ModelError(f"another deadpan is pulling or removing {entry.key}; wait for it to end") from error
            except OSError as error:  # some network file systems have no locks
                raise ModelError(
                    f"{path} cannot be locked: {error.strerror}; set DEADPAN_MODELS to another folder"
                ) from error
            yield


def default_folder(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """$DEADPAN_MODELS, else deadpan/models in the platform's folder for what can be had again."""
    if chosen := environment.get("DEADPAN_MODELS"):
        return Path(chosen).expanduser().absolute()
    cache = environment.get("XDG_CACHE_HOME", "")
    if platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif Path(cache).is_absolute():  # the XDG rules have a relative one ignored
        base = Path(cache)
    else:
        base = Path.home() / ".cache"
    return base / "deadpan" / "models"


def sha256_of(path: Path) -> str:
    """A file's SHA-256, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while block := content.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
