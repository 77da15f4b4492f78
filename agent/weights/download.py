"""The address of a file and its checksum in, the file on disk out: continued where it broke off, checked, complete.

NAME.part       what has come so far
NAME.part.json  which content that is the beginning of
NAME.damaged    what came, when its checksum was not the one expected
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

import msgspec

from agent.clock import SessionClock
from agent.weights.catalogue import ModelError
from agent.weights.store import sha256_of
from agent.weights.web import FAILURES, Reply, Web, WebError, host_of, in_words, status_error

_BLOCK = 1 << 18
_SPARE_BYTES = 50_000_000  # what is left free for others
_ATTEMPTS = 5
_WORTH_BYTES = 1 << 20  # an attempt that brings less counts as vain
_LONGEST_PAUSE_S = 15.0

Told = Callable[[str, int, int], None]
"""Told a file's name, how many of its bytes are here, and how many there are."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """sha256: of the content. git: SHA-1 of the content as a git blob (gitformat-pack: "blob", its length, a zero)."""

    kind: Literal["sha256", "git"]
    digest: str

    def of(self, path: Path) -> str:
        """A file's digest of this kind, in hexadecimal."""
        if self.kind == "sha256":
            return sha256_of(path)
        content = path.read_bytes()
        return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Remote:
    """A file to get. `size`: in bytes, None when only its server knows."""

    name: str
    address: str
    checksum: Checksum
    size: int | None = None


class Begun(msgspec.Struct, frozen=True):
    """What a part is the beginning of. `tag`: the server's strong ETag, empty without one."""

    digest: str
    tag: str
    size: int


def _sleep(seconds: float) -> None:
    SessionClock.start().sleep_until_ns(round(seconds * 1e9))


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


@dataclass(frozen=True, slots=True)
class Downloader:
    """Gets files, one at a time. A connection that breaks is taken up again until `attempts` in a row bring nothing."""

    web: Web = field(default_factory=Web)
    free_bytes: Callable[[Path], int] = _free_bytes
    pause: Callable[[float], None] = _sleep
    attempts: int = _ATTEMPTS

    def fetch(self, remote: Remote, folder: Path, told: Told) -> Path:
        """The file in `folder`, checked. One that is there already, and right, is not fetched again.

        Raises WebError when the connection cannot be had or kept, ModelError for a wrong checksum or too small a disk,
        OSError when the folder cannot be written.
        """
        path, part = folder / remote.name, folder / f"{remote.name}.part"
        if path.is_file() and remote.checksum.of(path) == remote.checksum.digest:
            told(remote.name, _size_of(path), _size_of(path))
            return path
        vain, reached = 0, False
        while True:
            before = _size_of(part)
            try:
                self._attempt(remote, part, told)
                break
            except WebError as error:
                reached |= error.reached
                if not (error.passing and reached):  # without a network there is nothing to wait for
                    raise
                vain = 0 if _size_of(part) - before >= _WORTH_BYTES else vain + 1
                if vain >= self.attempts:
                    raise
                self.pause(min(2.0**vain, _LONGEST_PAUSE_S))
        return _checked(remote, part, path)

    def need(self, size: int, folder: Path) -> None:
        """Raise ModelError unless that many bytes more fit on the disk of `folder`."""
        free = self.free_bytes(folder)
        if size and free < size + _SPARE_BYTES:
            raise ModelError(
                f"{(size + _SPARE_BYTES) // 1_000_000} MB must be free in {folder}, and {free // 1_000_000} MB are;"
                " free some, or set DEADPAN_MODELS to another folder"
            )

    def _attempt(self, remote: Remote, part: Path, told: Told) -> None:
        """Get what is missing of a part. Raises WebError when less than that came."""
        begun = _begun(part, remote)
        have = _size_of(part) if begun else 0
        if begun and have == begun.size:
            told(remote.name, have, have)
            return
        reply = self.web.open(remote.address, _range(begun, have))
        with closing(reply):
            if reply.status == 206 and begun and _continues(reply, begun, have):
                pass
            elif reply.status == 200:  # from the start: the file has changed, or this server cannot continue one
                have, begun = 0, Begun(remote.checksum.digest, _strong_tag(reply), _announced(reply, remote))
            elif reply.status in (206, 416):
                part.unlink(missing_ok=True)
                raise WebError(f"{host_of(reply.address)} cannot continue {remote.name}", passing=True)
            else:
                raise status_error(reply, remote.name)
            self.need(begun.size - have, part.parent)
            if have == 0:
                part.unlink(missing_ok=True)
                _sidecar(part).write_bytes(msgspec.json.encode(begun))
            with part.open("ab") as out:
                _copy(reply, out, remote.name, have, begun.size, told)


def _copy(reply: Reply, out: IO[bytes], name: str, have: int, size: int, told: Told) -> None:
    """The body, from byte `have` on, to a file. Raises WebError when it ends before `size`, with what came written."""
    told(name, have, size)
    while have < size:
        try:
            block = reply.response.read1(_BLOCK)
        except FAILURES as error:
            raise WebError(
                f"{in_words(error, reply.address)} at {have} of {size} bytes of {name}", passing=True
            ) from error
        if not block:
            raise WebError(f"{host_of(reply.address)} broke off {name} at {have} of {size} bytes", passing=True)
        out.write(block)
        out.flush()  # so that it is kept if this process is killed
        have += len(block)
        told(name, have, size)
    os.fsync(out.fileno())


def _checked(remote: Remote, part: Path, path: Path) -> Path:
    """A complete part under its final name. Raises ModelError, the part put aside, when its content is another."""
    digest = remote.checksum.of(part)
    if digest == remote.checksum.digest:
        part.replace(path)
        _sidecar(part).unlink(missing_ok=True)
        return path
    damaged = path.with_name(f"{path.name}.damaged")
    part.replace(damaged)
    _sidecar(part).unlink(missing_ok=True)
    raise ModelError(
        f"what came for {remote.name} has the wrong checksum ({digest[:12]}…, not {remote.checksum.digest[:12]}…):"
        f" it was changed on the way, or a proxy or a login page answered; it is put aside as {damaged}"
    )


def _begun(part: Path, remote: Remote) -> Begun | None:
    """What a part is the beginning of; None when there is none, or it is of other content."""
    try:
        begun = msgspec.json.decode(_sidecar(part).read_bytes(), type=Begun)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    known = part.is_file() and begun.digest == remote.checksum.digest and _size_of(part) <= begun.size
    return begun if known else None


def _range(begun: Begun | None, have: int) -> dict[str, str]:
    """The headers that ask for the rest alone, if it is still the rest of the same content (RFC 9110, 13.1.5)."""
    if begun is None or not have:
        return {}
    return {"Range": f"bytes={have}-"} | ({"If-Range": begun.tag} if begun.tag else {})


def _continues(reply: Reply, begun: Begun, have: int) -> bool:
    """Whether a partial reply is the rest of what was begun: some servers heed Range and not If-Range."""
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", reply.header("Content-Range"))
    same = not (begun.tag and _strong_tag(reply)) or begun.tag == _strong_tag(reply)
    return same and found is not None and (int(found[1]), int(found[2])) == (have, begun.size)


def _strong_tag(reply: Reply) -> str:
    tag = reply.header("ETag")
    return "" if tag.startswith("W/") else tag  # a weak one does not promise the same bytes


def _announced(reply: Reply, remote: Remote) -> int:
    """How large the whole file is. Raises WebError when nobody says, or two say different things."""
    length = reply.header("Content-Length")
    size = int(length) if length.isdecimal() else remote.size
    host = host_of(reply.address)
    if size is None:
        raise WebError(f"{host} does not say how large {remote.name} is", passing=False)
    if remote.size not in (None, size):
        raise WebError(f"{host} has {remote.name} with {size} bytes, not {remote.size}", passing=False)
    return size


def _sidecar(part: Path) -> Path:
    return Path(f"{part}.json")


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
