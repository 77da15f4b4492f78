"""config.yaml, as an operator reads it: every key is there, at its default, with its range, and the range is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.config import Config, ConfigError
from agent.settings import gather, keys, value, variable

SHIPPED = Path(__file__).parents[2] / "config.yaml"
_NUMBER = r"[\d.]+"
COMPANIONS = {
    "speech.step_s": {"speech.max_utterance_s": "30"},
    "speech.max_utterance_s": {"speech.step_s": "0.1"},
    "fusion.max_wait_s": {"fusion.lateness_s": "30"},
    "fusion.lateness_s": {"fusion.max_wait_s": "0"},
    "supervision.pulse_s": {"supervision.silence_s": "600"},
    "supervision.silence_s": {"supervision.pulse_s": "0.05"},
}
"""Ranges that lean on another setting are tried where that leaves them the most room."""


@dataclass(frozen=True, slots=True)
class Line:
    """A setting as the file has it."""

    text: str
    comment: str


def _file() -> dict[str, Line]:
    """The lines of all settings, each with the comments that follow it."""
    section, key, found = "", "", dict[str, Line]()
    for line in SHIPPED.read_text(encoding="utf-8").splitlines():
        if entry := re.match(r"( *)(\w+):([^#]*)(?:#(.*))?$", line):
            indent, name, text, comment = entry.groups()
            section = section if indent else name
            key = f"{section}.{name}" if indent else name
            found[key] = Line(text.strip(), (comment or "").strip())
        elif key and line.lstrip().startswith("#"):
            found[key] = Line(found[key].text, f"{found[key].comment} {line.strip('# ')}")
    return {name: each for name, each in found.items() if each.text}


FILE = _file()
NUMBERS = [key for key, hint in keys() if hint in (int, float)]


def _set(key: str, number: float) -> Config:
    companions = {variable(name): text for name, text in COMPANIONS.get(key, {}).items()}
    return gather(None, companions | {variable(key): f"{number:.15g}"}).config


def test_the_file_has_every_setting_in_its_place_and_none_besides() -> None:
    assert list(FILE) == [key for key, _ in keys()]


@pytest.mark.parametrize("key", [key for key, _ in keys()])
def test_every_setting_is_at_its_default_and_says_what_it_is(key: str) -> None:
    read: Any = value(gather(SHIPPED, {}).config, key)
    assert read == value(Config(), key)
    assert len(FILE[key].comment) >= 8, "nothing is said of it"


@pytest.mark.parametrize("key", NUMBERS)
def test_a_number_s_range_is_in_the_file_and_kept_at_both_ends(key: str) -> None:
    stated = re.search(rf"(above )?({_NUMBER}) to ({_NUMBER})", FILE[key].comment)
    assert stated is not None, f"{key} has no range, such as 2 to 10"
    lowest, highest = float(stated[2]), float(stated[3].rstrip("."))
    step = 1 if isinstance(value(Config(), key), int) else 1e-6
    within = [lowest + step if stated[1] else lowest, highest, value(Config(), key)]
    if key == "supervision.silence_s":
        within[0] += step  # a process must be able to show life in the meantime
    if key == "supervision.pulse_s":
        within[1] -= step
    for number in within:
        assert value(_set(key, number), key) == pytest.approx(number)
    name = key.rpartition(".")[2]
    for number in (lowest if stated[1] else lowest - step, highest + step, -1e9, 1e9):
        with pytest.raises(ConfigError, match=name):
            _set(key, number)


@pytest.mark.parametrize("key", [key for key, hint in keys() if hint is float])
@pytest.mark.parametrize("text", [".nan", ".inf", "-.inf"])
def test_what_is_no_number_is_in_no_range(key: str, text: str) -> None:
    with pytest.raises(ConfigError):
        gather(None, {variable(key): text})
