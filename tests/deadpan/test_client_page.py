"""The programs in docs/client.md: whole, well typed, of names that exist; and they do what the page says."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import msgspec
import pytest

import deadpan
from deadpan.messages import Message, UnknownReason, to_json, topic, type_name
from deadpan.stretch import Stretch
from tests.deadpan.guarded import Guarded, key_file
from tests.deadpan.sent import S, estimate, every_type, utterance
from tests.deadpan.stage import Stage

PAGE = (Path(__file__).parents[2] / "docs" / "client.md").read_text(encoding="utf-8")
PROGRAMS = [
    re.sub(r"^    ", "", block, flags=re.MULTILINE)
    for block in re.findall(r"(?:^    .*\n|^\n)+", PAGE, flags=re.MULTILINE)
    if "import deadpan" in block
]
KITCHEN = msgspec.structs.replace(estimate(), stream="kitchen")


@dataclass(frozen=True, slots=True)
class Run:
    """A program, run: what is published to it, what is typed behind it, and how the lines that it prints begin."""

    heard: tuple[Message, ...]
    prints: tuple[str, ...]
    then: str = ""
    for_the_reader: tuple[str, str] = ("", "")
    """What the page leaves to its reader, or does not wait for as long as a busy machine takes; and what stands for it
    here."""


RUNS = (
    Run(every_type(), ("Oh great… 0.82 -0.6", "sarcasm_on")),
    Run((utterance(),), ("Utterance(",), then="import asyncio; asyncio.run(listen())"),
    Run((KITCHEN,), ("kitchen",), then="print(next(iter(subscription)).stream)"),
    Run(
        (estimate(),),
        ("Estimate 812",),
        then="    print(type(message).__name__, estimate.seq)",
        for_the_reader=("timeout_s=1)", "timeout_s=None)"),
    ),
    Run(
        (utterance(), msgspec.structs.replace(estimate(813, revision=1), end_ns=170 * S)),
        ("([sarcasm value=0.82]) Oh great…",),
        for_the_reader=("    ...  ", "    subscription.receive()  "),
    ),
    Run(
        (estimate(1), estimate(5), estimate(0, session="s2")),
        ("{}", "0.0", "", "1", "0", "{'estimate': 3}", "", "", "1", "0", "{'estimate': 3}", "", "", "2", "0"),
    ),
)


def test_there_are_programs() -> None:
    assert len(PROGRAMS) >= 6


def test_the_programs_are_well_typed(tmp_path: Path) -> None:
    files = []
    for number, program in enumerate(PROGRAMS):
        files.append(tmp_path / f"program_{number}.py")
        files[-1].write_text(program, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), *map(str, files)]
    root = Path(__file__).parents[2]
    checked = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_what_they_ask_of_the_client_is_public(program: str) -> None:
    asked = {
        node.attr
        for node in ast.walk(ast.parse(program))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "deadpan"
    }
    assert asked <= set(deadpan.__all__)


@pytest.mark.parametrize(("program", "run"), list(zip(PROGRAMS, RUNS, strict=True)), ids=range(len(PROGRAMS)))
def test_they_do_what_the_page_says(program: str, run: Run, tmp_path: Path) -> None:
    there, here = run.for_the_reader
    assert there in program
    typed = f"{program.rstrip()}\n{run.then}\n".replace(there or "\0", here)
    publishing = _behind_a_door(run.heard, tmp_path) if "phone.key" in typed else _on_a_stage(run.heard)
    with publishing as (endpoint, publish), _started(_aimed(typed, endpoint), tmp_path) as process:
        publish()
        assert process.stdout is not None
        for line in run.prints:
            assert process.stdout.readline().startswith(line)


def test_every_reason_and_every_error_is_explained() -> None:
    documented = Stretch.__doc__ or ""
    reasons = set(re.findall(r"`(\w+_\w+)`", documented.partition("Else it is one of")[2])) - {"timeout_s"}
    assert reasons >= {reason for reason in get_args(UnknownReason) if reason}
    assert all(f"`{reason}`" in PAGE for reason in reasons)
    errors = [name for name in deadpan.__all__ if name.endswith("Error")]
    assert len(errors) == 5
    assert all(f"{error}`" in PAGE for error in errors)


def _aimed(program: str, endpoint: str) -> str:
    """The program, subscribing there rather than where an agent publishes."""
    return re.sub(r'(?<=deadpan\.subscribe\()(\s*"tcp:[^"]*")?', f'"{endpoint}",', program).replace(",,", ",")


@contextmanager
def _started(program: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A program as a reader of the page starts it, in a folder; killed in the end, since most go on for ever."""
    command = [sys.executable, "-u", "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def _on_a_stage(messages: tuple[Message, ...]) -> Iterator[tuple[str, Callable[[], None]]]:
    with closing(Stage()) as stage:

        def publish() -> None:
            stage.await_subscriptions()
            stage.publish(*messages)

        yield stage.endpoint, publish


@contextmanager
def _behind_a_door(messages: tuple[Message, ...], folder: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """The same for who holds the key, which lies in the folder."""
    with closing(Guarded(admits=True)) as door:
        key_file(folder, door.public)

        def publish() -> None:
            for message in messages:
                address = topic(message.stream, type_name(message))
                while door.socket.recv() != b"\x01" + address:
                    pass
                door.socket.send_multipart([address, to_json(message)])

        yield door.endpoint, publish
