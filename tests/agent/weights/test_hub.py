"""What is asked of the hub, and what is made of its answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from agent.weights.catalogue import ModelError, Repository
from agent.weights.hub import HUB, endpoint, list_files
from agent.weights.web import Web, WebError
from tests.stand_ins.files import FileServer
from tests.stand_ins.hub import COMMIT, large, publish

REPOSITORY = Repository("Systran/faster-whisper-tiny.en")
FILES = {"config.json": b"{}\n", "model.bin": b"weights" * 100, "tokenizer.json": b"[]\n", "vocabulary.txt": b"a\nb\n"}


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as server:
        yield server


def test_every_file_has_the_hub_s_checksum_and_size_and_one_commit(server: FileServer) -> None:
    publish(server, REPOSITORY.path, FILES)
    listing = list_files(REPOSITORY, Web(), server.address)
    assert listing.commit == COMMIT
    assert {remote.name: remote.size for remote in listing.files} == {
        name: len(content) for name, content in FILES.items()
    }
    checksums = {remote.name: remote.checksum for remote in listing.files}
    assert (checksums["model.bin"].kind, checksums["config.json"].kind) == ("sha256", "git")
    assert checksums["model.bin"].digest == hashlib.sha256(FILES["model.bin"]).hexdigest()
    assert checksums["config.json"].digest == "0967ef424bce6791893e9a57bb952f80fd536e93"  # git hash-object of {}
    assert all(f"/resolve/{COMMIT}/" in remote.address for remote in listing.files)


def test_only_heads_are_sent_and_only_the_first_to_the_branch(server: FileServer) -> None:
    publish(server, REPOSITORY.path, FILES)
    list_files(REPOSITORY, Web(), server.address)
    assert {asked.method for asked in server.asked} == {"HEAD"}
    assert [asked.path for asked in server.asked if "/resolve/main/" in asked.path] == [
        f"/{REPOSITORY.path}/resolve/main/config.json"
    ]
    assert not any(asked.path.startswith("/storage/") for asked in server.asked)


@pytest.mark.parametrize("vocabulary", ["vocabulary.txt", "vocabulary.json"])
def test_either_vocabulary_will_do_and_the_preprocessor_s_settings_come_along(
    server: FileServer, vocabulary: str
) -> None:
    files = {name: content for name, content in FILES.items() if name != "vocabulary.txt"}
    publish(server, REPOSITORY.path, files | {vocabulary: b"a", "preprocessor_config.json": b"{}"})
    names = {remote.name for remote in list_files(REPOSITORY, Web(), server.address).files}
    assert names == {"config.json", "model.bin", "tokenizer.json", vocabulary, "preprocessor_config.json"}


def test_a_model_without_any_vocabulary_is_none(server: FileServer) -> None:
    publish(server, REPOSITORY.path, {name: FILES[name] for name in FILES if name != "vocabulary.txt"})
    with pytest.raises(ModelError, match=r"has neither vocabulary\.json nor vocabulary\.txt in Systran/"):
        list_files(REPOSITORY, Web(), server.address)


@pytest.mark.parametrize("name", ["config.json", "model.bin", "tokenizer.json"])
def test_a_file_that_every_model_has_may_not_be_missing(server: FileServer, name: str) -> None:
    publish(server, REPOSITORY.path, {each: FILES[each] for each in FILES if each != name})
    with pytest.raises(WebError, match=rf"has no Systran/faster-whisper-tiny\.en/{name} \(404\)"):
        list_files(REPOSITORY, Web(), server.address)


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"ETag": '"0"'}, "does not answer as the Hugging Face Hub: no X-Repo-Commit"),
        ({"X-Repo-Commit": COMMIT}, r"gives no checksum for config\.json"),
        ({"X-Repo-Commit": COMMIT, "ETag": '"123-abc"'}, r"gives no checksum for config\.json"),
    ],
)
def test_a_server_that_is_no_hub_is_found_out(server: FileServer, headers: dict[str, str], said: str) -> None:
    server.put(f"/{REPOSITORY.path}/resolve/main/config.json", b"{}", headers)
    with pytest.raises(WebError, match=said):
        list_files(REPOSITORY, Web(), server.address)


def test_the_length_of_a_redirect_is_not_taken_for_the_file_s(server: FileServer) -> None:
    publish(server, REPOSITORY.path, FILES)
    headers = large(server, FILES["model.bin"]) | {"X-Repo-Commit": COMMIT, "X-Linked-Size": ""}
    server.put(f"/{REPOSITORY.path}/resolve/{COMMIT}/model.bin", b"", headers)
    sizes = {remote.name: remote.size for remote in list_files(REPOSITORY, Web(), server.address).files}
    assert (sizes["model.bin"], sizes["tokenizer.json"]) == (None, 3)


def test_a_mirror_may_answer_without_redirects(server: FileServer) -> None:
    for name, content in FILES.items():
        blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
        for revision in ("main", COMMIT):
            headers = {"ETag": f'W/"{blob}"', "X-Repo-Commit": COMMIT}
            server.put(f"/{REPOSITORY.path}/resolve/{revision}/{name}", content, headers)
    assert len(list_files(REPOSITORY, Web(), server.address).files) == 4


def test_the_hub_s_address_is_the_one_its_own_tools_use() -> None:
    assert endpoint({}) == endpoint({"HF_ENDPOINT": ""}) == HUB == "https://huggingface.co"
    assert endpoint({"HF_ENDPOINT": "https://mirror.example/"}) == "https://mirror.example"
    with pytest.raises(ModelError, match=r"HF_ENDPOINT is http://mirror\.example, which is refused"):
        endpoint({"HF_ENDPOINT": "http://mirror.example"})
