"""Whole models, from servers good and bad into a store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.weights.catalogue import Checkpoint, Entry, ModelError
from agent.weights.download import Downloader
from agent.weights.pulling import Pulled, pull
from agent.weights.store import MANIFEST, Store
from agent.weights.web import Web
from tests.agent.weights.kept import CONTENT, PARTS, keep, small
from tests.stand_ins.files import Answer, FileServer
from tests.stand_ins.hub import COMMIT, publish, storage_path

PLENTY = 10**12
NOW_NS = 1_795_457_400 * 10**9  # 2026-11-23 18:10 UTC
FASTER = small("faster-whisper:tiny.en")
REPOSITORY = "Systran/faster-whisper-tiny.en"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A server that is the hub, and the place of the checkpoints."""
    with FileServer() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        monkeypatch.setattr("agent.weights.catalogue._CHECKPOINTS", server.address)
        yield server


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models")


def _pull(model: Entry, store: Store, *, free: int = PLENTY, told: list[tuple[int, int]] | None = None) -> Pulled:
    downloader = Downloader(Web(timeout_s=10), lambda _folder: free, lambda _seconds: None)
    heard = [] if told is None else told
    return pull(model, store, downloader, lambda *each: heard.append(each), lambda: NOW_NS)


def _checkpoint(server: FileServer) -> Entry:
    """A checkpoint on the server."""
    model = small("whisper:tiny.en")
    assert isinstance(model.source, Checkpoint)
    server.put(f"/{model.source.sha256}/tiny.en.pt", CONTENT, {"ETag": '"azure"'})
    return model


def test_a_checkpoint_comes_into_the_store(server: FileServer, store: Store) -> None:
    model, told = _checkpoint(server), list[tuple[int, int]]()
    pulled = _pull(model, store, told=told)
    assert (pulled.place, pulled.here) == (store.place(model), False)
    assert store.verify(model).state == "ok"
    assert store.loadable(model).read_bytes() == CONTENT
    assert (told[0], told[-1]) == ((0, len(CONTENT)), (len(CONTENT), len(CONTENT)))


def test_a_repository_comes_into_the_store_with_all_its_files(server: FileServer, store: Store) -> None:
    publish(server, REPOSITORY, PARTS)
    told = list[tuple[int, int]]()
    _pull(FASTER, store, told=told)
    assert {path.name: path.read_bytes() for path in store.place(FASTER).iterdir() if path.name != MANIFEST} == PARTS
    total = sum(map(len, PARTS.values()))
    assert told[-1] == (total, total)
    assert {size for _, size in told} == {total}  # the progress bar knows from the start
    assert [have for have, _ in told] == sorted(have for have, _ in told)


def test_the_manifest_says_what_came_from_where_and_when(server: FileServer, store: Store) -> None:
    publish(server, REPOSITORY, PARTS)
    _pull(FASTER, store)
    manifest = store.manifest(FASTER)
    assert (manifest.model, manifest.revision) == ("faster-whisper:tiny.en", COMMIT)
    assert manifest.pulled == "2026-11-23T18:10:00+00:00"
    assert {each.name: each.size for each in manifest.files} == {name: len(part) for name, part in PARTS.items()}
    assert manifest.files[0].address == f"{server.address}/{REPOSITORY}/resolve/{COMMIT}/config.json"


def test_a_model_that_is_there_and_intact_is_not_pulled_again(server: FileServer, store: Store) -> None:
    keep(store, FASTER)
    assert _pull(FASTER, store).here
    assert server.asked == []


def test_a_damaged_model_is_replaced(server: FileServer, store: Store) -> None:
    model = keep(store, _checkpoint(server))
    store.loadable(model).write_bytes(CONTENT[::-1])
    assert not _pull(model, store).here
    assert store.verify(model).state == "ok"


def test_an_interrupted_pull_goes_on_and_fetches_nothing_twice(server: FileServer, store: Store) -> None:
    publish(server, REPOSITORY, PARTS)

    class Interrupting(list[tuple[int, int]]):
        def append(self, each: tuple[int, int], /) -> None:
            if each[0] > 3000:
                raise KeyboardInterrupt

    server.script.extend(
        [*[Answer()] * 3, Answer(cut_at=4000)]
    )  # each file takes two GETs: the hub's and its storage's
    with pytest.raises(KeyboardInterrupt):
        _pull(FASTER, store, told=Interrupting())
    assert store.glance(FASTER).state == "incomplete"
    server.script.clear()
    _pull(FASTER, store)
    assert server.ranges(storage_path(CONTENT)) == ["", "bytes=4000-"]
    assert len([asked for asked in server.asked if asked.method == "GET" and "config.json" in asked.path]) == 2
    assert store.verify(FASTER).state == "ok"


def test_what_came_of_an_older_commit_is_not_mixed_with_the_new_one(server: FileServer, store: Store) -> None:
    publish(server, REPOSITORY, PARTS)
    server.script.extend([Answer(), Answer(), Answer(), Answer(cut_at=3000), *[Answer(status=503)] * 9])
    with pytest.raises(ModelError, match="what has come is kept"):
        _pull(FASTER, store)
    newer = {name: content + b"!" for name, content in PARTS.items()}
    publish(server, REPOSITORY, newer, commit="f" * 40)
    server.script.clear()
    _pull(FASTER, store)
    assert store.manifest(FASTER).revision == "f" * 40
    assert {name: (store.place(FASTER) / name).read_bytes() for name in newer} == newer


def test_a_wrong_body_never_becomes_a_model(server: FileServer, store: Store) -> None:
    model = _checkpoint(server)
    assert isinstance(model.source, Checkpoint)
    server.put(f"/{model.source.sha256}/tiny.en.pt", CONTENT.upper())
    with pytest.raises(ModelError, match=r"whisper:tiny\.en cannot be pulled: what came for .* wrong checksum"):
        _pull(model, store)
    assert store.glance(model).state == "incomplete"
    assert not store.place(model).exists()
    server.put(f"/{model.source.sha256}/tiny.en.pt", CONTENT)
    _pull(model, store)
    assert {path.name for path in store.place(model).iterdir()} == {"tiny.en.pt", MANIFEST}


def test_a_disk_too_small_is_refused_before_the_first_file(server: FileServer, store: Store) -> None:
    publish(server, REPOSITORY, PARTS)
    with pytest.raises(ModelError, match=r"cannot be pulled: 50 MB must be free in .*, and 3 MB are"):
        _pull(FASTER, store, free=3_000_000)
    assert {asked.method for asked in server.asked} == {"HEAD"}
    assert store.glance(FASTER).state == "absent"


def test_a_damaged_model_s_own_bytes_are_not_taken_for_free_space(server: FileServer, store: Store) -> None:
    publish(server, REPOSITORY, PARTS)
    (store.place(keep(store, FASTER)) / "model.bin").write_bytes(bytes(10_000_000))
    with pytest.raises(ModelError, match="MB must be free"):
        _pull(FASTER, store, free=50_001_000)


@pytest.mark.parametrize(
    ("key", "copy"),
    [("whisper:tiny.en", "whisper:/path/to/tiny.en.pt"), ("faster-whisper:tiny.en", "faster-whisper:/path/to/model")],
)
def test_offline_the_error_says_what_failed_and_what_else_can_be_done(
    store: Store, monkeypatch: pytest.MonkeyPatch, key: str, copy: str
) -> None:
    with FileServer() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        monkeypatch.setattr("agent.weights.catalogue._CHECKPOINTS", server.address)
    with pytest.raises(ModelError) as told:
        _pull(small(key), store)
    assert str(told.value) == (
        f"{key} cannot be pulled: 127.0.0.1 refuses the connection; a copy from elsewhere can be used: --speech {copy}"
    )
    assert store.glance(small(key)).state == "absent"


def test_when_the_network_goes_away_midway_the_error_says_that_the_part_is_kept(
    server: FileServer, store: Store
) -> None:
    server.script.extend([Answer(cut_at=3000), *[Answer(status=500)] * 9])
    with pytest.raises(ModelError, match=r"cannot give tiny\.en\.pt now \(500\); what has come is kept, and the same"):
        _pull(_checkpoint(server), store)
    assert store.glance(small("whisper:tiny.en")).state == "incomplete"


def test_a_store_that_cannot_be_written_is_named(server: FileServer, store: Store) -> None:
    model = _checkpoint(server)
    store.staging(model).parent.mkdir(parents=True)
    store.staging(model).write_bytes(b"a file where a folder should be")
    with pytest.raises(ModelError, match=r"whisper:tiny\.en cannot be kept in .*tiny\.en\.unfinished: File exists"):
        _pull(model, store)


def test_another_pull_of_the_same_model_is_refused(store: Store) -> None:
    with store.lock(FASTER), pytest.raises(ModelError, match="another deadpan is pulling or removing"):
        _pull(FASTER, store)


@pytest.mark.usefixtures("server")
def test_a_repository_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(ModelError, match=r"127\.0\.0\.1 has no Systran/faster-whisper-tiny\.en/config\.json \(404\)"):
        _pull(FASTER, store)
