"""A folder of keys in, who may subscribe out: the agent's own pair, and one public key for each subscriber.

    FOLDER/agent.key             the agent's pair, 0600; whoever can read it may subscribe as well
    FOLDER/subscribers/NAME.pub  the public key of who may subscribe, one each

A subscriber's own file (see deadpan.keys) is handed over, and not kept here.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
from pathlib import Path

import zmq

from deadpan.errors import AccessError
from deadpan.keys import Keys, is_key, read, require_curve, written

_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def default_folder() -> Path:
    """Where the user's own keys are unless another folder is named."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "deadpan" / "keys"


def own_key(folder: Path) -> Path:
    """The agent's pair: the key with which its owner, too, may subscribe."""
    return folder / "agent.key"


class Keyring:
    """The keys of one agent. Its files are read when asked for, so that a key removed is a key refused."""

    def __init__(self, folder: Path) -> None:
        """Raises AccessError when there are no keys there, or when others could read or change them."""
        require_curve()
        self._folder = folder
        self._subscribers = folder / "subscribers"
        if not own_key(folder).exists():
            raise AccessError(
                f"there are no keys in {folder}; make the first: deadpan keys new NAME --folder {_quoted(folder)}"
            )
        for each in (folder, self._subscribers):
            _check_folder(each)
        self._own = read(own_key(folder))

    @classmethod
    def made(cls, folder: Path) -> Keyring:
        """The keys there; the agent's pair is made first if there is none yet. Raises AccessError."""
        require_curve()
        try:
            (folder / "subscribers").mkdir(mode=0o700, parents=True, exist_ok=True)
            if not own_key(folder).exists():
                folder.chmod(0o700)  # its parents may have left it open
                public, secret = zmq.curve_keypair()
                _write(own_key(folder), written(Keys(public, public, secret)))
        except OSError as error:
            raise AccessError(f"no keys can be made in {folder}: {error.strerror}") from error
        return cls(folder)

    @property
    def secret(self) -> bytes:
        """The agent's own secret key."""
        return self._own.secret

    def add(self, name: str, out: Path) -> Keys:
        """Authorise a new subscriber, and write what it must hold to `out`. Raises AccessError; overwrites nothing."""
        public, secret = zmq.curve_keypair()
        keys = Keys(self._own.public, public, secret)
        authorised = self._path(name)
        if authorised.exists():
            raise AccessError(f"{name} has a key already; to make a new one: deadpan keys remove {name}, then again")
        _write(out, written(keys))
        try:
            _write(authorised, public + b"\n")
        except AccessError:
            out.unlink()
            raise
        return keys

    def remove(self, name: str) -> None:
        """Authorise a subscriber no longer. Raises AccessError when it never was."""
        try:
            self._path(name).unlink()
        except FileNotFoundError as error:
            known = ", ".join(self.names) or "nobody"
            raise AccessError(f"{name} has no key here; authorised: {known}") from error
        except OSError as error:
            raise AccessError(f"the key of {name} cannot be removed: {error.strerror}") from error

    @property
    def names(self) -> tuple[str, ...]:
        """Who may subscribe, in order."""
        return tuple(sorted(path.stem for path in self._subscribers.glob("*.pub")))

    def authorised(self) -> set[bytes]:
        """The public keys (Z85) that may subscribe now. A file that is no key authorises nobody."""
        found = {self._own.public}
        for path in self._subscribers.glob("*.pub"):
            try:
                key = path.read_bytes()[:100].strip()
            except OSError:  # removed this moment
                continue
            if is_key(key):
                found.add(key)
        return found

    def _path(self, name: str) -> Path:
        if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}", name):
            raise AccessError(f"{name!r} is no name: use 1 to 64 letters, digits, dots, dashes or underscores")
        return self._subscribers / f"{name}.pub"


def _check_folder(folder: Path) -> None:
    """Whoever may write here could let anybody in."""
    try:
        condition = folder.stat()
    except OSError as error:
        raise AccessError(f"the keys in {folder} cannot be read: {error.strerror}") from error
    if os.name == "posix" and condition.st_mode & _WRITABLE_BY_OTHERS:
        raise AccessError(f"others may change the keys in {folder}; run: chmod 700 {_quoted(folder)}")


def _write(path: Path, content: bytes) -> None:
    """A new file that its owner alone may read."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise AccessError(f"{path} is there already and is not overwritten") from error
    except OSError as error:
        raise AccessError(f"{path} cannot be written: {error.strerror}") from error
    with open(descriptor, "wb") as file:
        file.write(content)


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
