"""The bundled demo through the live processes: what a newcomer sees first."""

from __future__ import annotations

import signal
import socket
from pathlib import Path
from typing import Any

import pytest

import deadpan
from tests.integration.processes import (
    PATIENCE_S,
    TIMES,
    command_line,
    descendants,
    finished,
    is_running,
    messages,
    session_folders,
    started,
)
from tests.stand_ins.encore import write_encore

SECONDS = 20


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"ipc://{tmp_path_factory.mktemp('demo')}/out"


@pytest.fixture(scope="module")
def session(endpoint: str) -> tuple[list[dict[str, Any]], list[deadpan.Message], str]:
    """Twenty seconds of demo: what it printed, what a subscriber read meanwhile, what went to its standard error."""
    read: list[deadpan.Message] = []
    command = ("run", "--source", "demo", "--seconds", str(SECONDS), "--json", "--publish", endpoint)
    with deadpan.subscribe(endpoint, timeout_s=PATIENCE_S) as subscription, started(*command) as process:
        for message in subscription:
            read.append(message)
            if isinstance(message, deadpan.Estimate) and message.end_ns >= (SECONDS - 1) * 10**9:
                break
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    return messages(out), read, err


def estimates(session: tuple[list[dict[str, Any]], list[deadpan.Message], str]) -> list[dict[str, Any]]:
    return [message for message in session[0] if message["type"] == "estimate"]


def test_it_prints_five_estimates_a_second_without_a_gap(session: Any) -> None:
    numbers = [estimate["seq"] for estimate in estimates(session)]
    assert numbers == list(range(SECONDS * 5))


def test_all_three_modalities_are_ok_in_nearly_all_of_them(session: Any) -> None:
    both = estimates(session)
    complete = [e for e in both if all(reading["status"] == "ok" for reading in e["modalities"].values())]
    assert len(complete) >= 0.85 * len(both)


def test_its_utterances_hold_the_words_of_the_demo(session: Any) -> None:
    heard = " ".join(message["text"] for message in session[0] if message["type"] == "utterance").lower()
    for word in ("open", "evening", "great", "food", "love", "place", "tired"):
        assert word in heard


def test_the_same_words_are_said_twice_and_delivered_differently(session: Any) -> None:
    alike = [m for m in session[0] if m["type"] == "utterance" and "love this place" in m["text"].lower()]
    assert len(alike) == 2
    assert abs(alike[0]["sentiment"]["literal"] - alike[1]["sentiment"]["literal"]) < 0.5
    assert alike[0]["sentiment"]["delivered"] != alike[1]["sentiment"]["delivered"]


def test_a_subscriber_reads_what_is_printed(session: Any) -> None:
    read = {m.seq: m for m in session[1] if isinstance(m, deadpan.Estimate) and m.revision == 0}
    printed = {e["seq"]: e for e in estimates(session)}
    shared = read.keys() & printed.keys()
    assert len(shared) > 0.9 * len(printed)
    assert all(read[seq].sarcasm.probability == printed[seq]["sarcasm"]["probability"] for seq in shared)


def test_estimates_leave_in_time(session: Any) -> None:
    late = [e for e in estimates(session) if e["latency_ms"] > 1000]
    assert len(late) <= 2  # a second is far above the budget: what is measured in bench is only guarded here


def test_nothing_is_said_on_standard_error(session: Any) -> None:
    assert session[2] == ""


def test_the_session_leaves_no_folder_behind(session: Any) -> None:  # noqa: ARG001 - the session has to have been
    assert not session_folders()


def test_watch_shows_another_process_stream_until_ctrl_c_ends_every_process_with_exit_code_0(tmp_path: Path) -> None:
    source, endpoint = write_encore(tmp_path / "encore.mkv", TIMES), f"ipc://{tmp_path}/out"
    with started("run", "--source", str(source), "--publish", endpoint) as process:
        with deadpan.subscribe(endpoint, timeout_s=PATIENCE_S) as subscription:
            next(iter(subscription))
        family = descendants(process.pid)
        names = [command_line(pid).partition("deadpan: ")[2] for pid in family]
        assert sorted(set(names) - {"fusion (understudy)"}) == [  # which may have begun to wait, or not yet
            "camera", "face", "fusion", "microphone", "prosody", "speech",
        ]  # fmt: skip
        assert len(set(names)) == len(names)
        shown = finished("watch", endpoint, "--count", "10", "--json")
        lines = finished("watch", endpoint, "--count", "10")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert shown.returncode == lines.returncode == 0
    assert sum(message["type"] == "estimate" for message in messages(shown.stdout)) == 10
    assert "sarcasm" in lines.stdout
    assert process.returncode == 0
    assert "Traceback" not in err
    assert not [pid for pid in family if is_running(pid)]
    assert not (tmp_path / "out").exists()
    assert not session_folders()


def test_a_taken_port_is_an_error_that_names_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        refused = finished("run", "--source", "demo", "--publish", endpoint)
    assert refused.returncode == 1
    assert f"{endpoint} is taken" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_demo_is_what_plays_where_there_are_no_devices(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("camera: {device: auto}\n")
    result = finished("run", "--camera", "none", "--microphone", "none")
    assert result.returncode == 1
    assert "no camera and no microphone" in result.stderr
