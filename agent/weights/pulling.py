"""A model's name in, the model in the store out: every file of one version, each checked, all of them or none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agent.clock import wall_unix_ns
from agent.weights.catalogue import Checkpoint, Entry, ModelError
from agent.weights.download import Checksum, Downloader, Remote
from agent.weights.hub import Listing, endpoint, list_files
from agent.weights.store import KeptFile, Manifest, Store, sha256_of
from agent.weights.web import WebError


@dataclass(frozen=True, slots=True)
class Pulled:
    """A model in the store. `here`: it was there before, and intact."""

    place: Path
    size: int
    here: bool = False


def pull(
    entry: Entry,
    store: Store,
    downloader: Downloader,
    told: Callable[[int, int], None],
    now_unix_ns: Callable[[], int] = wall_unix_ns,
) -> Pulled:
    """Get a model, unless it is there and intact. `told` hears how many bytes of how many are here.

    What has come when this ends early is kept, and the next call goes on from there. Raises ModelError with the reason
    and what to do.
    """
    with store.lock(entry):
        if store.verify(entry).state == "ok":
            return Pulled(store.place(entry), store.size(entry), here=True)
        staging = store.staging(entry)
        try:
            staging.mkdir(parents=True, exist_ok=True)
            _fetch(entry, store, downloader, told, now_unix_ns)
        except WebError as error:
            raise ModelError(f"{entry.key} cannot be pulled: {error}; {_alternatives(entry, staging)}") from error
        except ModelError as error:
            raise ModelError(f"{entry.key} cannot be pulled: {error}") from error
        except OSError as error:
            raise ModelError(f"{entry.key} cannot be kept in {staging}: {error.strerror or error}") from error
        finally:
            if staging.is_dir() and not any(staging.iterdir()):
                staging.rmdir()
        return Pulled(store.place(entry), store.size(entry))


def _fetch(
    entry: Entry, store: Store, downloader: Downloader, told: Callable[[int, int], None], now_unix_ns: Callable[[], int]
) -> None:
    listing, staging = _listing(entry, downloader), store.staging(entry)
    known = sum(remote.size or 0 for remote in listing.files)
    staged = sum(_size(staging / name) for each in listing.files for name in (each.name, f"{each.name}.part"))
    downloader.need(max(0, known - staged), staging)
    here: dict[str, int] = {}

    def add(name: str, have: int, size: int) -> None:
        here[name] = have
        told(sum(here.values()), max(known, size))

    files = tuple(_kept(remote, downloader.fetch(remote, staging, add)) for remote in listing.files)
    pulled = datetime.fromtimestamp(now_unix_ns() // 10**9, UTC).isoformat()
    store.install(entry, Manifest(entry.key, listing.commit, pulled, files))


def _listing(entry: Entry, downloader: Downloader) -> Listing:
    if isinstance(entry.source, Checkpoint):
        source = entry.source
        return Listing("", (Remote(source.file, source.address, Checksum("sha256", source.sha256)),))
    return list_files(entry.source, downloader.web, endpoint())


def _kept(remote: Remote, path: Path) -> KeptFile:
    return KeptFile(remote.name, path.stat().st_size, sha256_of(path), remote.address)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _alternatives(entry: Entry, staging: Path) -> str:
    """What to do when the network is what fails."""
    sample = f"/path/to/{entry.source.file}" if isinstance(entry.source, Checkpoint) else "/path/to/model"
    kept = "what has come is kept, and the same command goes on from there; " if any(staging.glob("*.part")) else ""
    return f"{kept}a copy from elsewhere can be used: --speech {entry.family}:{sample}"
