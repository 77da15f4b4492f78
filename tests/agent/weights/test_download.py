"""Getting one file, over connections of every kind."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.weights.catalogue import ModelError
from agent.weights.download import Checksum, Downloader, Remote
from agent.weights.web import Web, WebError
from tests.stand_ins.files import Answer, FileServer

CONTENT = bytes(range(256)) * 4000  # about 1 MB
SHA256 = Checksum("sha256", hashlib.sha256(CONTENT).hexdigest())
TAG = {"ETag": '"first"'}
PLENTY = 10**12


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as server:
        yield server


class Getting:
    """A downloader without pauses, and what it was told and would have waited."""

    def __init__(self, folder: Path, *, free: int = PLENTY, timeout_s: float = 10.0, attempts: int = 5) -> None:
        self.folder, self.pauses, self.told = folder, list[float](), list[tuple[str, int, int]]()
        self.downloader = Downloader(Web(timeout_s=timeout_s), lambda _folder: free, self.pauses.append, attempts)

    def fetch(self, address: str, checksum: Checksum = SHA256, size: int | None = None) -> Path:
        remote = Remote("model.bin", address, checksum, size)
        return self.downloader.fetch(remote, self.folder, lambda *each: self.told.append(each))


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_file_comes_whole_and_leaves_nothing_else_behind(server: FileServer, tmp_path: Path) -> None:
    getting = Getting(tmp_path)
    path = getting.fetch(server.put("/m", CONTENT, TAG))
    assert path.read_bytes() == CONTENT
    assert _names(tmp_path) == {"model.bin"}
    assert getting.told[0] == ("model.bin", 0, len(CONTENT))
    assert getting.told[-1] == ("model.bin", len(CONTENT), len(CONTENT))
    assert getting.pauses == []


def test_a_file_that_is_there_and_right_is_not_asked_for(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(CONTENT)
    Getting(tmp_path).fetch(server.put("/m", CONTENT))
    assert server.asked == []


def test_a_connection_that_breaks_is_taken_up_where_it_broke(server: FileServer, tmp_path: Path) -> None:
    server.script.extend([Answer(cut_at=300_000), Answer(cut_at=0), Answer(cut_at=200_000)])
    getting = Getting(tmp_path)
    assert getting.fetch(server.put("/m", CONTENT, TAG)).read_bytes() == CONTENT
    assert server.ranges("/m") == ["", "bytes=300000-", "bytes=300000-", "bytes=500000-"]
    assert [asked.headers.get("If-Range") for asked in server.asked] == [None, *['"first"'] * 3]
    assert getting.pauses == [2.0, 4.0, 8.0]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, len(CONTENT)), max_size=4), ranges=st.booleans())
def test_wherever_connections_break_the_bytes_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], ranges: bool
) -> None:
    with FileServer() as server:
        server.script.extend(Answer(cut_at=cut, ranges=ranges) for cut in cuts)
        path = Getting(tmp_path_factory.mktemp("store")).fetch(server.put("/m", CONTENT, TAG))
    assert path.read_bytes() == CONTENT


def test_a_later_call_goes_on_from_what_an_earlier_one_left(server: FileServer, tmp_path: Path) -> None:
    address = server.put("/m", CONTENT, TAG)
    server.script.extend([Answer(cut_at=400_000), *[Answer(status=503)] * 9])
    with pytest.raises(WebError, match=r"127\.0\.0\.1 cannot give model\.bin now \(503\)"):
        Getting(tmp_path).fetch(address)
    assert (tmp_path / "model.bin.part").stat().st_size == 400_000
    assert len(server.asked) == 5  # and no more: the number of attempts is bounded
    server.script.clear()
    server.asked.clear()
    assert Getting(tmp_path).fetch(address).read_bytes() == CONTENT
    assert server.ranges("/m") == ["bytes=400000-"]


def test_a_part_that_is_complete_is_only_checked(server: FileServer, tmp_path: Path) -> None:
    address = server.put("/m", CONTENT, TAG)
    server.script.extend([Answer(cut_at=400_000), *[Answer(status=503)] * 9])
    with pytest.raises(WebError):
        Getting(tmp_path).fetch(address)
    (tmp_path / "model.bin.part").write_bytes(CONTENT)
    server.asked.clear()
    assert Getting(tmp_path).fetch(address).read_bytes() == CONTENT
    assert server.asked == []


def test_a_server_that_cannot_continue_starts_over(server: FileServer, tmp_path: Path) -> None:
    server.script.extend([Answer(cut_at=300_000), Answer(ranges=False)])
    getting = Getting(tmp_path)
    assert getting.fetch(server.put("/m", CONTENT, TAG)).read_bytes() == CONTENT
    assert ("model.bin", 0, len(CONTENT)) in getting.told[2:]


@pytest.mark.parametrize("conditions", [True, False], ids=["If-Range heeded", "If-Range ignored"])
def test_a_file_that_changed_meanwhile_starts_over(server: FileServer, tmp_path: Path, conditions: bool) -> None:
    address = server.put("/m", bytes(len(CONTENT)), TAG)
    server.script.extend([Answer(cut_at=300_000), *[Answer(status=503)] * 9])
    with pytest.raises(WebError):
        Getting(tmp_path).fetch(address)
    server.put("/m", CONTENT, {"ETag": '"second"'})
    server.script.clear()
    server.script.append(Answer(conditions=conditions))
    assert Getting(tmp_path).fetch(address).read_bytes() == CONTENT


def test_a_part_of_other_content_is_not_continued(server: FileServer, tmp_path: Path) -> None:
    server.script.extend([Answer(cut_at=300_000), *[Answer(status=503)] * 9])
    with pytest.raises(WebError):
        Getting(tmp_path).fetch(server.put("/old", bytes(500_000)), Checksum("sha256", "0" * 64))
    server.script.clear()
    assert Getting(tmp_path).fetch(server.put("/m", CONTENT)).read_bytes() == CONTENT
    assert server.ranges("/m") == [""]


def test_a_weak_tag_is_no_promise_of_the_same_bytes(server: FileServer, tmp_path: Path) -> None:
    server.script.append(Answer(cut_at=300_000))
    assert Getting(tmp_path).fetch(server.put("/m", CONTENT, {"ETag": 'W/"weak"'})).read_bytes() == CONTENT
    assert "If-Range" not in server.asked[1].headers


@pytest.mark.parametrize("claimed", ["bytes 0-9/10", "bytes 299999-1023999/1024000", "bytes 300000-1023999/*", "half"])
def test_a_rest_that_is_not_the_rest_is_not_appended(server: FileServer, tmp_path: Path, claimed: str) -> None:
    server.script.extend([Answer(cut_at=300_000), Answer(headers={"Content-Range": claimed})])
    assert Getting(tmp_path).fetch(server.put("/m", CONTENT, TAG)).read_bytes() == CONTENT


def test_a_server_that_falls_silent_is_asked_again(server: FileServer, tmp_path: Path) -> None:
    server.script.append(Answer(cut_at=300_000, stalls=True))
    getting = Getting(tmp_path, timeout_s=1.0)
    assert getting.fetch(server.put("/m", CONTENT, TAG)).read_bytes() == CONTENT
    assert server.ranges("/m")[1].startswith("bytes=")


def test_a_server_that_stays_silent_is_given_up_and_the_part_is_kept(server: FileServer, tmp_path: Path) -> None:
    server.script.extend([Answer(cut_at=1000, stalls=True)] * 2)
    with pytest.raises(WebError, match="does not answer at 2000 of 1024000 bytes"):
        Getting(tmp_path, timeout_s=1.0, attempts=2).fetch(server.put("/m", CONTENT, TAG))
    assert (tmp_path / "model.bin.part").read_bytes() == CONTENT[:2000]


def test_without_a_network_nothing_is_waited_for(tmp_path: Path) -> None:
    with FileServer() as server:
        address = server.put("/m", CONTENT)
    getting = Getting(tmp_path)
    with pytest.raises(WebError, match=r"127\.0\.0\.1 refuses the connection"):
        getting.fetch(address)
    assert getting.pauses == []


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_final(server: FileServer, tmp_path: Path, status: int) -> None:
    server.script.append(Answer(status=status))
    with pytest.raises(WebError, match=rf"127\.0\.0\.1 .*model\.bin \({status}\)"):
        Getting(tmp_path).fetch(server.put("/m", CONTENT))
    assert len(server.asked) == 1


def test_a_passing_error_passes(server: FileServer, tmp_path: Path) -> None:
    server.script.extend([Answer(status=500), Answer(status=429)])
    assert Getting(tmp_path).fetch(server.put("/m", CONTENT)).read_bytes() == CONTENT


def test_what_is_not_the_file_is_put_aside_and_said(server: FileServer, tmp_path: Path) -> None:
    login = b"<html>Welcome to the hotel</html>"
    with pytest.raises(
        ModelError, match=r"has the wrong checksum .* a login page answered; it is put aside as"
    ) as told:
        Getting(tmp_path).fetch(server.put("/m", login))
    assert _names(tmp_path) == {"model.bin.damaged"}
    assert str(tmp_path / "model.bin.damaged") in str(told.value)
    assert (tmp_path / "model.bin.damaged").read_bytes() == login
    server.put("/m", CONTENT)
    assert Getting(tmp_path).fetch(server.address + "/m").read_bytes() == CONTENT


def test_a_disk_too_small_is_refused_before_a_byte_is_written(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"51 MB must be free in .*, and 9 MB are; .* set DEADPAN_MODELS"):
        Getting(tmp_path, free=9_000_000).fetch(server.put("/m", CONTENT))
    assert _names(tmp_path) == set()


def test_only_what_is_missing_must_fit_on_the_disk(server: FileServer, tmp_path: Path) -> None:
    server.script.extend([Answer(cut_at=1_000_000), *[Answer(status=503)] * 9])
    address = server.put("/m", CONTENT, TAG)
    with pytest.raises(WebError):
        Getting(tmp_path).fetch(address)
    server.script.clear()
    assert Getting(tmp_path, free=50_100_000).fetch(address).read_bytes() == CONTENT


def test_a_small_file_s_checksum_is_git_s(server: FileServer, tmp_path: Path) -> None:
    hello = Checksum("git", "ce013625030ba8dba906f756967f9e9ca394464a")  # echo hello | git hash-object --stdin
    assert Getting(tmp_path).fetch(server.put("/m", b"hello\n"), hello).read_bytes() == b"hello\n"
    with pytest.raises(ModelError, match="wrong checksum"):
        Getting(tmp_path).fetch(server.put("/m", b"jello\n"), Checksum("git", "0" * 40))


def test_a_size_other_than_the_one_announced_is_refused(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(WebError, match=r"has model\.bin with 1024000 bytes, not 5"):
        Getting(tmp_path).fetch(server.put("/m", CONTENT), size=5)


def test_a_body_of_unknown_length_needs_a_size_from_elsewhere(server: FileServer, tmp_path: Path) -> None:
    server.script.extend([Answer(length=False)] * 2)
    with pytest.raises(WebError, match=r"does not say how large model\.bin is"):
        Getting(tmp_path).fetch(server.put("/m", CONTENT))
    assert Getting(tmp_path).fetch(server.put("/m", CONTENT), size=len(CONTENT)).read_bytes() == CONTENT


def test_a_body_longer_than_announced_is_not_the_file(server: FileServer, tmp_path: Path) -> None:
    server.script.append(Answer(length=False))
    with pytest.raises(ModelError, match="wrong checksum"):
        Getting(tmp_path).fetch(server.put("/m", CONTENT * 10), size=len(CONTENT))
    assert (tmp_path / "model.bin.damaged").stat().st_size < 2 * len(CONTENT)  # what no one asked for fills no disk


def test_a_folder_that_cannot_be_written_is_an_error_of_the_system(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Getting(tmp_path / "gone").fetch(server.put("/m", CONTENT))
