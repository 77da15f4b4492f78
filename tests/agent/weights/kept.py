"""Models for the tests of what is kept: small ones, with the names of real ones, put into a store as a pull does."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from types import SimpleNamespace

import pytest

from agent.weights.catalogue import Checkpoint, Entry, entry
from agent.weights.store import KeptFile, Manifest, Store

CONTENT = b"weights" * 1000
PARTS = {"config.json": b"{}\n", "model.bin": CONTENT, "tokenizer.json": b"[]\n", "vocabulary.txt": b"a\nb\n"}


def small(key: str) -> Entry:
    """A model of the catalogue; a checkpoint with a checksum that CONTENT has."""
    real = entry(key)
    if isinstance(real.source, Checkpoint):
        return replace(real, source=replace(real.source, sha256=hashlib.sha256(CONTENT).hexdigest()))
    return real


def keep(store: Store, model: Entry) -> Entry:
    """Put a model into a store."""
    files = {model.source.file: CONTENT} if isinstance(model.source, Checkpoint) else PARTS
    store.staging(model).mkdir(parents=True)
    for name, content in files.items():
        (store.staging(model) / name).write_bytes(content)
    kept = tuple(
        KeptFile(name, len(content), hashlib.sha256(content).hexdigest(), f"https://there.example/{name}")
        for name, content in files.items()
    )
    store.install(model, Manifest(model.key, "", "2026-11-23T18:00:00+00:00", kept))
    return model


def install_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make both Whisper packages seem installed."""
    monkeypatch.setattr("agent.engines.find_spec", lambda _name: SimpleNamespace(submodule_search_locations=[]))
