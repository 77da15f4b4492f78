"""What a whole session leaves behind: in its logs, on the disk and in the interpreter, while it lasts and after."""

from __future__ import annotations

import json
import os
import re
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

import deadpan
from agent.session import demo_location
from tests.integration.processes import PATIENCE_S, TIMES, command_line, descendants, finished, started
from tests.stand_ins.encore import write_encore

_WATCHING = """
import os, sys

def note(event, arguments):
    if event == "pickle.find_class":
        with_what = " ".join(map(str, arguments[:2]))
        written = os.open(os.environ["NOTED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(written, f"{os.getpid()} {event} {with_what}\\n".encode())
        os.close(written)

sys.addaudithook(note)
"""


@dataclass(frozen=True, slots=True)
class Lived:
    """A session in which every process was asked for its stacks and one was killed, and what it left behind."""

    heard: tuple[str, ...]
    """The utterances that were published."""
    logs: dict[str, str]
    """What its processes wrote, by file, just before the end."""
    shown: str
    """What went to standard error."""
    during: frozenset[str]
    """Files under its home, temporary and working folders while it ran; and after."""
    after: frozenset[str]
    unpickled: str
    processes: int


def _files(*folders: Path) -> frozenset[str]:
    return frozenset(str(path) for folder in folders for path in folder.rglob("*"))


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    watching = tmp_path_factory.mktemp("watching")
    (watching / "sitecustomize.py").write_text(_WATCHING)
    with tempfile.TemporaryDirectory(prefix="lived-") as folder:  # short: the addresses of local sockets are
        home, scratch, here = (Path(folder) / name for name in ("home", "tmp", "cwd"))
        for each in (home, scratch, here):
            each.mkdir()
        surroundings = {
            "HOME": str(home),
            "TMPDIR": str(scratch),
            "PYTHONPATH": f"{watching}:{Path.cwd()}",
            "NOTED": str(watching / "noted"),
        } | {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CACHE", "CONFIG", "DATA", "STATE")}
        endpoint = f"ipc://{folder}/out"
        run = ("run", "--source", str(write_encore(watching / "encore.mkv", TIMES)), "--publish", endpoint)
        with (
            deadpan.subscribe(endpoint, types=("utterance", "health"), timeout_s=PATIENCE_S) as subscription,
            started(*run, env=surroundings, cwd=here) as process,
        ):
            heard = [_next_utterance(subscription)]
            family = descendants(process.pid)
            workers = [pid for pid in family if command_line(pid).startswith("deadpan: ")]
            for pid in workers:
                os.kill(pid, signal.SIGUSR1)
            (face,) = (pid for pid in workers if command_line(pid) == "deadpan: face")
            os.kill(face, signal.SIGKILL)
            for message in subscription:
                if isinstance(message, deadpan.Health) and message.workers["face"].restarts:
                    break
            heard += [_next_utterance(subscription) for _ in range(2)]
            during = _files(home, scratch, here)
            logs = {path.name: path.read_text(errors="replace") for path in scratch.glob("deadpan-*/*.log")}
            process.terminate()
            _, shown = process.communicate(timeout=PATIENCE_S)
        noted = watching / "noted"
        yield Lived(
            tuple(heard),
            logs,
            shown,
            during,
            _files(home, scratch, here),
            noted.read_text() if noted.exists() else "",
            len(workers),
        )


def _next_utterance(subscription: deadpan.Subscription) -> str:
    return next(message.text for message in subscription if isinstance(message, deadpan.Utterance))


def _phrases(text: str) -> set[str]:
    """Every two words in a row, and every long word, as a log could hold them."""
    words = re.findall(r"[a-z']+", text.lower())
    return {f"{first} {second}" for first, second in pairwise(words)} | {word for word in words if len(word) > 6}


def _spoken() -> set[str]:
    """What is said in the demo."""
    lines = json.loads(Path(demo_location()).with_suffix(".json").read_text(encoding="utf-8"))["lines"]
    return set().union(*(_phrases(line["text"]) for line in lines))


def test_the_session_that_is_looked_at_heard_words_and_wrote_logs(lived: Lived) -> None:
    assert lived.processes >= 6
    assert all(lived.heard)
    assert "face.log" in lived.logs
    assert sum("most recent call first" in log for log in lived.logs.values()) >= 5  # the stacks that were asked for


def test_no_log_holds_a_word_that_was_said(lived: Lived) -> None:
    said = _spoken().union(*(_phrases(text) for text in lived.heard))
    assert len(said) > 20
    for name, log in {"standard error": lived.shown, **lived.logs}.items():
        assert {phrase for phrase in said if phrase in log.lower()} == set(), f"in {name}"


def test_doctor_says_none_either() -> None:
    ran = finished("doctor")
    assert {phrase for phrase in _spoken() if phrase in (ran.stdout + ran.stderr).lower()} == set()


def test_nothing_is_written_but_the_sessions_own_folder_and_that_goes(lived: Lived) -> None:
    private = re.compile(r".*/tmp/deadpan-\w+(/\w+(\.log|\.tally|\.steps)?)?")
    assert lived.during, "its sockets and logs are there while it runs"
    assert {path for path in lived.during if private.fullmatch(path) is None} == set()
    assert lived.after == frozenset()


def test_nothing_is_unpickled(lived: Lived) -> None:
    assert lived.unpickled == ""
