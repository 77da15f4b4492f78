"""A repository of the Hugging Face Hub in, its commit and the model's files with their checksums out.

The hub says a file's checksum before it gives the file: `X-Linked-ETag` and `X-Linked-Size` on the answer that sends
to its storage (the SHA-256 of what git-lfs keeps), or the plain `ETag` (git's own hash of a small file).
`X-Repo-Commit` says which commit a branch stands for. A redirect within the hub is followed, one to another host is
that answer.
Source: huggingface_hub, get_hf_file_metadata.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from agent.weights.catalogue import ModelError, Repository
from agent.weights.download import Checksum, Remote
from agent.weights.web import Reply, Web, WebError, host_of, is_safe, status_error

HUB = "https://huggingface.co"
_REQUIRED = ("config.json", "model.bin", "tokenizer.json")
_ONE_OF = ("vocabulary.json", "vocabulary.txt")
_OPTIONAL = ("preprocessor_config.json",)
_BRANCH = "main"


@dataclass(frozen=True, slots=True)
class Listing:
    """A model's files, all of one commit."""

    commit: str
    files: tuple[Remote, ...]


def endpoint(environment: Mapping[str, str] = os.environ) -> str:
    """The hub's address: HF_ENDPOINT, as for its own tools, else huggingface.co. Raises ModelError for a bad one."""
    address = environment.get("HF_ENDPOINT", "").rstrip("/") or HUB
    if not is_safe(address):
        raise ModelError(f"HF_ENDPOINT is {address}, which is refused: only https is used")
    return address


def list_files(repository: Repository, web: Web, hub: str) -> Listing:
    """Ask for every file a model may have. Raises WebError, ModelError when the hub's answers make no whole model."""
    commit, files = _BRANCH, list[Remote]()
    for name in (*_REQUIRED, *_ONE_OF, *_OPTIONAL):
        reply = _head(f"{hub}/{repository.path}/resolve/{commit}/{name}", web, hub)
        if reply.status == 404 and name not in _REQUIRED and reply.header("X-Error-Code") in ("", "EntryNotFound"):
            continue
        if reply.status >= 400:
            raise status_error(reply, f"{repository.path}/{name}")
        if commit == _BRANCH:
            commit = _commit(reply)
        address = f"{hub}/{repository.path}/resolve/{commit}/{name}"
        files.append(Remote(name, address, _checksum(reply, name), _size(reply)))
    if not {file.name for file in files} & set(_ONE_OF):
        raise ModelError(f"{host_of(hub)} has neither {' nor '.join(_ONE_OF)} in {repository.path}")
    return Listing(commit, tuple(files))


def _head(address: str, web: Web, hub: str) -> Reply:
    within = {host_of(hub), host_of(HUB)}
    reply = web.open(address, method="HEAD", follow=lambda target: host_of(target) in within)
    reply.close()
    return reply


def _commit(reply: Reply) -> str:
    commit = reply.header("X-Repo-Commit")
    if not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise WebError(
            f"{host_of(reply.address)} does not answer as the Hugging Face Hub: no X-Repo-Commit", passing=False
        )
    return commit


def _checksum(reply: Reply, name: str) -> Checksum:
    tag = (reply.header("X-Linked-ETag") or reply.header("ETag")).removeprefix("W/").strip('"')
    if re.fullmatch(r"[0-9a-f]{64}", tag):
        return Checksum("sha256", tag)
    if re.fullmatch(r"[0-9a-f]{40}", tag):
        return Checksum("git", tag)
    raise WebError(f"{host_of(reply.address)} gives no checksum for {name}", passing=False)


def _size(reply: Reply) -> int | None:
    redirected = 300 <= reply.status < 400
    size = reply.header("X-Linked-Size") or ("" if redirected else reply.header("Content-Length"))
    return int(size) if size.isdecimal() else None
