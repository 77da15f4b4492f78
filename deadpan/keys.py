"""A subscriber's key file in, the three CurveZMQ keys of a secured subscription out; nothing that others may read."""

from __future__ import annotations

import os
import shlex
import stat
from dataclasses import dataclass
from pathlib import Path

import msgspec
import zmq

from deadpan.errors import AccessError

_MOST_BYTES = 4096  # a key file has some 200
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Keys:
    """What one subscriber holds: 40 characters of Z85 (ZeroMQ RFC 32) each."""

    agent_public: bytes
    """The agent's public key: proof, to the subscriber, that it hears the agent it means."""
    public: bytes
    secret: bytes

    def __repr__(self) -> str:  # a secret has no place in a trace
        return f"Keys(agent_public={self.agent_public!r}, public={self.public!r})"


class _File(msgspec.Struct, frozen=True):
    """A key file: one JSON object."""

    agent_public: str
    public: str
    secret: str


def read(path: str | Path) -> Keys:
    """The keys in the file that `deadpan keys new NAME` wrote for this subscriber.

    Raises AccessError for a file that is missing, that others may read, or that is no key.
    """
    path = Path(path)
    try:
        file = msgspec.json.decode(read_private(path), type=_File)
        keys = Keys(*(key.encode("ascii") for key in (file.agent_public, file.public, file.secret)))
    except (msgspec.DecodeError, UnicodeError) as error:
        raise AccessError(f"{path} is no key: it must be a file that deadpan keys new wrote") from error
    if not (is_key(keys.agent_public) and is_pair(keys.public, keys.secret)):
        raise AccessError(f"{path} holds a damaged key; ask for a new one: deadpan keys new NAME")
    return keys


def written(keys: Keys) -> bytes:
    """The content of a key file."""
    return msgspec.json.encode(_File(keys.agent_public.decode(), keys.public.decode(), keys.secret.decode())) + b"\n"


def read_private(path: Path) -> bytes:
    """The content of a file that nobody but its owner may read. Raises AccessError when that is not so."""
    try:
        # Without blocking: a pipe put in its place must not hold us up.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError as error:
        raise AccessError(f"{path}: no such key; deadpan keys new NAME makes one") from error
    except (OSError, ValueError) as error:
        raise AccessError(f"the key {path} cannot be read: {error}") from error
    try:
        condition = os.fstat(descriptor)
        if not stat.S_ISREG(condition.st_mode):
            raise AccessError(f"{path} is no file")
        if os.name == "posix" and condition.st_mode & _OTHERS:
            raise AccessError(f"others may read the key {path}; run: chmod 600 {shlex.quote(str(path))}")
        content = os.read(descriptor, _MOST_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(content) > _MOST_BYTES:
        raise AccessError(f"{path} is no key: it is too long")
    return content


def require_curve() -> None:
    """Raises AccessError where the installed ZeroMQ cannot encrypt."""
    if not zmq.has("curve"):
        raise AccessError("the installed pyzmq has no CURVE encryption; run: pip install --force-reinstall pyzmq")


def is_key(key: bytes) -> bool:
    """Whether this is a key, public or secret, as Z85 spells it."""
    return _public(key) is not None


def is_pair(public: bytes, secret: bytes) -> bool:
    """Whether the public key is that of the secret one."""
    return _public(secret) == public


def _public(secret: bytes) -> bytes | None:
    require_curve()
    try:
        return zmq.curve_public(secret)
    except (ValueError, zmq.ZMQError):  # of another length; with characters that Z85 has not
        return None
