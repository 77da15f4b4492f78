from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import zmq
from hypothesis import given
from hypothesis import strategies as st

from deadpan import keys
from deadpan.errors import AccessError
from deadpan.keys import Keys


@pytest.fixture
def pair() -> Keys:
    public, secret = zmq.curve_keypair()
    return Keys(zmq.curve_keypair()[0], public, secret)


def _file(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    path = folder / "ann.key"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_what_was_written_is_read(tmp_path: Path, pair: Keys) -> None:
    assert keys.read(_file(tmp_path, keys.written(pair))) == pair
    assert keys.read(str(tmp_path / "ann.key")) == pair


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o610, 0o777])
def test_a_key_that_others_may_read_is_refused_with_what_to_run(tmp_path: Path, pair: Keys, mode: int) -> None:
    path = _file(tmp_path, keys.written(pair), mode)
    with pytest.raises(AccessError, match=f"chmod 600 {path}"):
        keys.read(path)
    path.chmod(0o600)
    assert keys.read(path) == pair


def test_a_missing_key_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="deadpan keys new"):
        keys.read(tmp_path / "none.key")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"\x00\xff",
        b"-----BEGIN OPENSSH PRIVATE KEY-----",
        b'{"agent_public": 1, "public": 2, "secret": 3}',
        b"x" * 100_000,
        json.dumps({"agent_public": "é" * 40, "public": "é" * 40, "secret": "é" * 40}).encode(),
    ],
)
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(AccessError, match="no key"):
        keys.read(_file(tmp_path, content))


@pytest.mark.parametrize("field", ["agent_public", "public", "secret"])
@pytest.mark.parametrize("damage", ["", "short", "#" * 40, '"' * 40, "0" * 41])
def test_a_damaged_key_is_refused(tmp_path: Path, pair: Keys, field: str, damage: str) -> None:
    content = json.loads(keys.written(pair)) | {field: damage}
    with pytest.raises(AccessError, match="damaged"):
        keys.read(_file(tmp_path, json.dumps(content).encode()))


def test_two_halves_that_do_not_belong_together_are_refused(tmp_path: Path, pair: Keys) -> None:
    mixed = Keys(pair.agent_public, zmq.curve_keypair()[0], pair.secret)
    with pytest.raises(AccessError, match="damaged"):
        keys.read(_file(tmp_path, keys.written(mixed)))


def test_a_folder_and_a_pipe_are_no_keys_and_hold_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(AccessError):
            keys.read(path)


def test_a_secret_is_not_shown(pair: Keys) -> None:
    assert pair.secret.decode() not in repr(pair)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_key_or_a_clear_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = _file(tmp_path_factory.getbasetemp(), content)
    with pytest.raises(AccessError):
        keys.read(path)
