"""A Hugging Face Hub made of nothing: one repository on the loopback interface, answering with the hub's headers.

    with FileServer() as server:
        publish(server, "Systran/faster-whisper-tiny.en", {"model.bin": weights, ...})

As on the real one, what git-lfs keeps is answered with a redirect to a storage that says nothing of its own, small
files with a redirect within the hub. The storage's host is localhost, the hub's 127.0.0.1: another name, as there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from tests.stand_ins.files import FileServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def publish(server: FileServer, repository: str, files: Mapping[str, bytes], commit: str = COMMIT) -> None:
    """Put a repository's files up at a commit, which becomes `main`."""
    for name, content in files.items():
        headers = large(server, content) if name == "model.bin" else small(server, repository, name, content, commit)
        for revision in ("main", commit):
            server.put(f"/{repository}/resolve/{revision}/{name}", b"", headers | {"X-Repo-Commit": commit})


def large(server: FileServer, content: bytes) -> dict[str, str]:
    """Store a file as git-lfs does; returns the headers of the hub's answer."""
    digest, path = hashlib.sha256(content).hexdigest(), storage_path(content)
    server.put(path, content, {"ETag": f'"{digest}"'})
    storage = server.address.replace("127.0.0.1", "localhost")
    return {
        "Location": storage + path,
        "X-Linked-ETag": f'"{digest}"',
        "X-Linked-Size": str(len(content)),
        "ETag": '"of-the-redirect"',
    }


def storage_path(content: bytes) -> str:
    """Where the storage has what git-lfs keeps."""
    return f"/storage/{hashlib.sha256(content).hexdigest()}"


def small(server: FileServer, repository: str, name: str, content: bytes, commit: str) -> dict[str, str]:
    """Store a file as git does; returns the headers of the hub's answer."""
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    path = f"/api/resolve-cache/models/{repository}/{commit}/{name}"
    server.put(path, content, {"ETag": f'"{blob}"', "X-Repo-Commit": commit})
    return {"Location": path}
