"""What is found out about models on disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.weights.catalogue import Entry, ModelError, entry
from agent.weights.store import MANIFEST, Store, default_folder
from tests.agent.weights.kept import CONTENT, PARTS, keep, small

WHISPER, FASTER = small("whisper:tiny.en"), small("faster-whisper:tiny.en")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models")


def test_a_store_that_does_not_exist_holds_nothing(store: Store) -> None:
    assert store.glance(WHISPER).state == store.verify(FASTER).state == "absent"
    assert store.size(WHISPER) == 0
    assert not store.folder.exists()


@pytest.mark.parametrize("model", [WHISPER, FASTER], ids=lambda model: model.family)
def test_a_model_that_is_whole_is_ok_at_a_glance_and_byte_by_byte(store: Store, model: Entry) -> None:
    kept = keep(store, model)
    assert store.glance(kept).state == store.verify(kept).state == "ok"
    assert not store.staging(kept).exists()


def test_an_engine_loads_a_checkpoint_s_file_or_a_repository_s_folder(store: Store) -> None:
    assert store.loadable(keep(store, WHISPER)) == store.folder / "whisper" / "tiny.en" / "tiny.en.pt"
    assert store.loadable(keep(store, FASTER)) == store.folder / "faster-whisper" / "tiny.en"
    assert store.loadable(WHISPER).is_file()
    assert (store.loadable(FASTER) / "model.bin").is_file()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(PARTS)), where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_single_flipped_bit_is_found(
    tmp_path_factory: pytest.TempPathFactory, name: str, where: float, bit: int
) -> None:
    store = Store(tmp_path_factory.mktemp("models"))
    path = store.place(keep(store, FASTER)) / name
    content = bytearray(path.read_bytes())
    content[int(where * len(content))] ^= 1 << bit
    path.write_bytes(content)
    verdict = store.verify(FASTER)
    assert verdict.state == "damaged"
    assert verdict.reason == f"{name} is not what was pulled: its checksum differs"
    assert store.glance(FASTER).state == "ok"  # which is why there is verify


def test_a_file_that_was_cut_short_is_seen_at_a_glance(store: Store) -> None:
    (store.place(keep(store, FASTER)) / "model.bin").write_bytes(CONTENT[:10])
    assert (store.glance(FASTER).state, store.glance(FASTER).reason) == ("damaged", "model.bin has 10 bytes, not 7000")


def test_a_file_that_is_missing_makes_a_model_incomplete(store: Store) -> None:
    (store.place(keep(store, FASTER)) / "tokenizer.json").unlink()
    assert (store.verify(FASTER).state, store.verify(FASTER).reason) == ("incomplete", "tokenizer.json is missing")


@pytest.mark.parametrize("text", [b"", b"{", b"{}", b'{"model":"","revision":"","pulled":"","files":[]}', b"\xff"])
def test_a_manifest_that_cannot_be_read_is_damage(store: Store, text: bytes) -> None:
    (store.place(keep(store, WHISPER)) / MANIFEST).write_bytes(text)
    assert store.verify(WHISPER).state == "damaged"
    assert MANIFEST in store.verify(WHISPER).reason


def test_a_manifest_that_points_elsewhere_is_damage(store: Store) -> None:
    place = store.place(keep(store, FASTER))
    (place / "model.bin").rename(place.parent / "model.bin")
    manifest = place / MANIFEST
    manifest.write_text(manifest.read_text().replace('"model.bin"', '"../model.bin"'))
    assert store.verify(FASTER).reason == f"{MANIFEST} names no files of this folder"


def test_a_checkpoint_must_be_the_one_of_the_catalogue_whatever_its_manifest_says(store: Store) -> None:
    assert store.verify(keep(store, WHISPER)).state == "ok"
    assert store.verify(entry("whisper:tiny.en")).state == "damaged"


def test_a_model_on_its_way_is_incomplete(store: Store) -> None:
    store.staging(WHISPER).mkdir(parents=True)
    (store.staging(WHISPER) / "tiny.en.pt.part").write_bytes(b"12345")
    assert (store.glance(WHISPER).state, store.verify(WHISPER).state) == ("incomplete", "incomplete")
    assert store.size(WHISPER) == 5


def test_installing_leaves_out_what_does_not_belong_and_replaces_what_was_there(store: Store) -> None:
    place = store.place(keep(store, FASTER))
    (place / "model.bin").write_bytes(b"damaged")
    store.staging(FASTER).mkdir()
    for name, content in (PARTS | {"model.bin.damaged": b"?", "vocabulary.json": b"of an older commit"}).items():
        (store.staging(FASTER) / name).write_bytes(content)
    store.install(FASTER, store.manifest(FASTER))
    assert {path.name for path in place.iterdir()} == {*PARTS, MANIFEST}
    assert store.verify(FASTER).state == "ok"
    assert [path.name for path in place.parent.iterdir()] == ["tiny.en"]


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_files_are_for_everyone_to_read_and_the_owner_to_write(store: Store, mask: int) -> None:
    before = os.umask(mask)
    try:
        modes = {path.stat().st_mode & 0o777 for path in store.place(keep(store, FASTER)).iterdir()}
    finally:
        os.umask(before)
    assert modes == {0o644}


def test_a_removed_model_is_gone_finished_or_not(store: Store) -> None:
    keep(store, FASTER)
    store.staging(FASTER).mkdir()
    assert store.remove(FASTER) > len(CONTENT)
    assert store.glance(FASTER).state == "absent"
    with pytest.raises(ModelError, match=r"faster-whisper:tiny\.en is not on this machine"):
        store.remove(FASTER)


def test_a_model_in_another_process_s_hands_is_left_alone(store: Store) -> None:
    holding = (
        "import sys; from pathlib import Path; from agent.weights.catalogue import entry;"
        "from agent.weights.store import Store\n"
        f"with Store(Path({str(store.folder)!r})).lock(entry('whisper:tiny.en')):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    keep(store, WHISPER)
    with subprocess.Popen(
        [sys.executable, "-c", holding], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(ModelError, match=r"another deadpan is pulling or removing whisper:tiny\.en"):
            store.remove(WHISPER)
        with store.lock(FASTER):
            pass  # another model is free
        other.kill()
    with store.lock(WHISPER):  # it went with its process
        assert store.glance(WHISPER).state == "ok"


def test_a_folder_that_cannot_be_made_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(ModelError, match=r"cannot write to .*file/whisper: .*; set DEADPAN_MODELS to another folder"),
        Store(tmp_path / "file").lock(WHISPER),
    ):
        pass


@pytest.mark.parametrize(
    ("environment", "platform", "folder"),
    [
        ({"DEADPAN_MODELS": "/big/disk"}, "linux", Path("/big/disk")),
        ({"DEADPAN_MODELS": "~/models", "XDG_CACHE_HOME": "/cache"}, "linux", Path.home() / "models"),
        ({"DEADPAN_MODELS": "models"}, "linux", Path.cwd() / "models"),
        ({"DEADPAN_MODELS": "", "XDG_CACHE_HOME": "/cache"}, "linux", Path("/cache/deadpan/models")),
        ({"XDG_CACHE_HOME": "relative"}, "linux", Path.home() / ".cache/deadpan/models"),
        ({}, "linux", Path.home() / ".cache/deadpan/models"),
        ({"XDG_CACHE_HOME": "/cache"}, "darwin", Path.home() / "Library/Caches/deadpan/models"),
    ],
)
def test_models_are_kept_where_the_platform_keeps_such_things(
    environment: dict[str, str], platform: str, folder: Path
) -> None:
    assert default_folder(environment, platform) == folder
