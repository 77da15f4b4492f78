"""`deadpan models` and --speech as people meet them: real commands, a hub on the loopback interface."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import cli
from agent.weights.catalogue import entry
from agent.weights.store import MANIFEST, Store
from tests.agent.weights.kept import PARTS, install_engines, keep, small
from tests.integration.processes import DEADPAN, PATIENCE_S, finished
from tests.stand_ins.files import Answer, FileServer
from tests.stand_ins.hub import publish

REPOSITORY = "Systran/faster-whisper-tiny.en"
NAME = "faster-whisper:tiny.en"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("DEADPAN_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.chdir(tmp_path)
    return Store(tmp_path / "models")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    with FileServer() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        publish(server, REPOSITORY, PARTS)
        yield server


def _done(*arguments: str, exit_code: int = 0) -> subprocess.CompletedProcess[str]:
    ended = finished(*arguments)
    assert ended.returncode == exit_code, ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout
    return ended


@pytest.mark.usefixtures("server")
def test_a_model_is_pulled_listed_verified_and_removed(store: Store) -> None:
    assert f"{NAME}: pulled and checked (8.2 kB) -> {store.folder}" in _done("models", "pull", NAME).stdout
    assert "was here already, intact" in _done("models", "pull", NAME).stdout
    (line,) = (line for line in _done("models", "list").stdout.splitlines() if line.startswith(NAME))
    assert "yes" in line
    assert _done("models", "verify").stdout.startswith(f"ok          {NAME}")
    assert "removed, " in _done("models", "remove", NAME).stdout
    assert "No models in" in _done("models", "verify").stdout


@pytest.mark.usefixtures("server")
def test_a_flipped_byte_is_found_and_pulled_again(store: Store) -> None:
    keep(store, small(NAME))
    path = store.place(entry(NAME)) / "model.bin"
    path.write_bytes(b"W" + path.read_bytes()[1:])
    told = _done("models", "verify", NAME, exit_code=1).stdout
    assert told == (
        f"damaged     {NAME}  model.bin is not what was pulled: its checksum differs\n"
        f"{'':12s}→ deadpan models pull {NAME}\n"
    )
    assert "pulled and checked" in _done("models", "pull", NAME).stdout
    _done("models", "verify", NAME)


def test_a_pull_that_was_killed_goes_on_where_it_was(store: Store, server: FileServer) -> None:
    server.script.extend([*[Answer()] * 3, Answer(cut_at=4000, stalls=True)])
    part = store.staging(entry(NAME)) / "model.bin.part"
    pulling = subprocess.Popen([*DEADPAN, "models", "pull", NAME], stderr=subprocess.PIPE, text=True)
    while not (part.is_file() and part.stat().st_size):
        assert pulling.poll() is None
        os.sched_yield()
    pulling.send_signal(signal.SIGINT)
    _, said = pulling.communicate(timeout=PATIENCE_S)
    assert (pulling.returncode, said.strip()) == (
        1,
        "deadpan: stopped; what has come is kept, the same command goes on from there",
    )
    assert "incomplete" in _done("models", "list").stdout
    assert "its pull was not finished" in _done("models", "verify", exit_code=1).stdout
    held = part.stat().st_size
    _done("models", "pull", NAME)
    assert [asked.headers["Range"] for asked in server.asked if "Range" in asked.headers][-1] == f"bytes={held}-"
    assert (store.place(entry(NAME)) / "model.bin").read_bytes() == PARTS["model.bin"]
    assert (store.place(entry(NAME)) / MANIFEST).is_file()


@pytest.mark.parametrize(("name", "copy"), [("whisper:base.en", "base.en.pt"), (NAME, "model")])
@pytest.mark.usefixtures("store")
def test_offline_one_line_says_what_failed_and_that_a_copy_will_do(
    name: str, copy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as silent:  # which nobody else can have meanwhile, and which does not listen
        silent.bind(("127.0.0.1", 0))
        proxy = "http://{}:{}".format(*silent.getsockname())
        monkeypatch.setenv("HTTPS_PROXY", proxy)  # nothing reaches the network but through it
        told = _done("models", "pull", name, exit_code=1)
    family, host = name.partition(":")[0], "huggingface.co" if name == NAME else "openaipublic.azureedge.net"
    assert told.stderr == (
        f"deadpan: {name} cannot be pulled: {host} refuses the connection (through the proxy {proxy[7:]});"
        f" a copy from elsewhere can be used: --speech {family}:/path/to/{copy}\n"
    )
    assert told.stdout == ""


@pytest.mark.usefixtures("store")
def test_a_model_that_does_not_exist_is_named_and_the_others_are_still_pulled(server: FileServer) -> None:
    told = _done("models", "pull", "whisper:huge", NAME, exit_code=1)
    assert "deadpan: no model is called whisper:huge" in told.stderr
    assert "pulled and checked" in told.stdout
    assert server.asked


@pytest.mark.usefixtures("store")
def test_the_list_names_every_model_and_the_one_in_use() -> None:
    lines = _done("models", "list").stdout.splitlines()
    assert lines[0].split() == ["NAME", "SIZE", "ON", "DISK", "CHOSEN", "LICENCE"]
    assert lines[1].split() == ["moonshine", "embedded", "yes", "MIT"]
    (base,) = (line for line in lines if line.startswith("whisper:base.en"))
    assert base.split() == ["whisper:base.en", "~145", "MB", "no", "MIT"]


def test_an_engine_that_is_not_there_is_said_before_anything_starts(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install_engines(monkeypatch)
    for engine, said in ((NAME, f"run: deadpan models pull {NAME}"), (f"whisper:{store.folder}/x.pt", "is no file")):
        assert cli.main(["run", "--source", "demo", "--speech", engine]) == 1
        assert cli.main(["score", "x.wav", "--out", "out", "--speech", engine]) == 1
        assert capsys.readouterr().err.count(said) == 2


def test_the_engine_in_use_is_said_on_standard_error(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install_engines(monkeypatch)
    keep(store, small(NAME))
    refused = ["run", "--source", "demo", "--json", "--publish", "tcp://0.0.0.0:1"]  # ends before anything starts
    assert cli.main(["score", "none.wav", "--out", "out"]) == cli.main(refused) == 1
    assert capsys.readouterr().err.count("Speech: faster-whisper tiny.en\n") == 2
    assert cli.main([*refused, "--speech", "moonshine"]) == cli.main([*refused, "--microphone", "none"]) == 1
    assert "Speech:" not in capsys.readouterr().err
