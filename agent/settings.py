"""A file and the environment in, one configuration out, and where each value that is not a default comes from.

What the command line says goes before the environment (agent.commands.run lays it over), the environment before the
file, the file before the defaults. A setting's variable is DEADPAN_, its place in the file in capitals, and two
underscores for the dot: DEADPAN_FUSION__TICK_HZ=4.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import yaml

from agent.config import Config, ConfigError, check

PREFIX = "DEADPAN_"
_NO_SETTINGS = frozenset({"DEADPAN_MODELS"})
"""Variables of ours that are none of these: see agent.weights.store."""

_KINDS = re.compile(r"Expected `([^`]*)`, got `([^`]*)`")
_NAMES = {
    "float": "a number",
    "int": "a whole number",
    "str": "text",
    "bool": "true or false",
    "null": "nothing",
    "object": "a table",
    "array": "a list",
}
"""What msgspec calls kinds of values, and what people do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is in force. `origins`: for each key that is set somewhere, where: a file and its line, or a variable."""

    config: Config
    origins: Mapping[str, str]
    path: Path | None = None
    """The file, if there is one."""


def keys(kind: type = Config, at: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting's place, such as fusion.tick_hz, with the type of its values."""
    hints = get_type_hints(kind)
    for each in fields(kind):
        hint, place = hints[each.name], f"{at}{each.name}"
        if is_dataclass(hint) and isinstance(hint, type):
            yield from keys(hint, f"{place}.")
        else:
            yield place, hint


def variable(key: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + key.upper().replace(".", "__")


def value(config: Config, key: str) -> Any:
    """What a configuration has for a setting."""
    found: Any = config
    for name in key.split("."):
        found = getattr(found, name)
    return found


def found(path: Path | None) -> Config:
    """The settings asked for, else those of ./config.yaml if it is there, else the defaults; and the environment's.

    Raises ConfigError.
    """
    return gather(path, os.environ).config


def gather(path: Path | None, environment: Mapping[str, str]) -> Settings:
    """The same, with where each value comes from. Raises ConfigError, which names the file or variables."""
    asked, beside = path, Path("config.yaml")
    path = asked if asked is not None else beside if beside.is_file() else None
    try:
        tree, origins = ({}, {}) if path is None else _read(path)
        if path is not None:
            _converted(tree, str(path))
    except ConfigError as error:
        if asked is not None:
            raise
        raise ConfigError(f"{error} (it was read because it lies here; --config FILE reads another)") from error
    variables = _variables(environment)
    for key, (name, chosen) in variables.items():
        section, _, leaf = key.rpartition(".")
        branch = tree if not section else tree.setdefault(section, {})
        branch[leaf] = chosen
        origins[key] = name
    told = ", ".join(name for name, _ in variables.values())
    return Settings(_converted(tree, told or str(path)), origins, path)


class _Loader(yaml.SafeLoader):
    """Safe YAML in which off, on, yes and no are words, as in YAML 1.2: the one is a setting, the other Norwegian."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as its base class has it
        first: [(tag, form) for tag, form in known if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _read(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """A file's values, and the line of each. Raises ConfigError for what is no table, or has a key of no use."""
    try:
        text = path.read_text(encoding="utf-8")
        tree, node = yaml.load(text, _Loader), yaml.compose(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: cannot be read: it is no text") from error
    except yaml.MarkedYAMLError as error:
        at = "" if error.problem_mark is None else f" in line {error.problem_mark.line + 1}"
        raise ConfigError(f"{path}: not YAML{at}: {error.problem}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:  # ValueError: a date or number that is none
        raise ConfigError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    tree = {} if tree is None else tree
    _refuse_unknown_keys(path, tree, Config, "")
    lines = dict(_lines(path, node, Config, ""))
    return {name: dict(each) if isinstance(each, dict) else each for name, each in tree.items()}, lines


def _refuse_unknown_keys(path: Path, tree: Any, kind: type, at: str) -> None:
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}: {at or 'the file'} must be a table of keys and values")
    known = get_type_hints(kind)
    known = {each.name: known[each.name] for each in fields(kind)}
    for key, below in tree.items():
        place = f"{at}.{key}" if at else str(key)
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            told = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
            raise ConfigError(f"{path}: unknown key {place}; {told}")
        if is_dataclass(known[key]):
            _refuse_unknown_keys(path, below, known[key], place)


def _lines(path: Path, node: yaml.Node | None, kind: type, at: str) -> Iterator[tuple[str, str]]:
    """Where each key of a mapping stands. Raises ConfigError for one that is there twice."""
    hints, seen = get_type_hints(kind), dict[str, int]()
    for key, below in node.value if isinstance(node, yaml.MappingNode) else ():
        name, line = str(key.value), key.start_mark.line + 1
        if name in seen:
            raise ConfigError(f"{path}: {at}{name} is there twice, in lines {seen[name]} and {line}; remove one")
        seen[name] = line
        if is_dataclass(hints.get(name)):
            yield from _lines(path, below, hints[name], f"{name}.")
        else:
            yield f"{at}{name}", f"{path}:{line}"


def _variables(environment: Mapping[str, str]) -> dict[str, tuple[str, Any]]:
    """For each setting that the environment has: its variable and the value. An empty variable is as good as none."""
    known = {variable(key): (key, hint) for key, hint in keys()}
    chosen = {}
    for name in sorted(environment):
        if not name.startswith(PREFIX) or name in _NO_SETTINGS or not environment[name]:
            continue
        if name not in known:
            meant = {each.removeprefix(PREFIX): each for each in known}
            near = difflib.get_close_matches(name.removeprefix(PREFIX).upper(), meant, n=1)
            told = f"did you mean {meant[near[0]]}?" if near else "deadpan config show lists all settings"
            raise ConfigError(f"environment: unknown variable {name}; {told}")
        key, hint = known[name]
        chosen[key] = name, _scalar(name, environment[name], hint)
    return chosen


def _scalar(name: str, text: str, hint: Any) -> Any:
    """The value a variable's text stands for: what it would in the file, without the need of quotes."""
    try:
        read = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError):
        read = text
    try:
        return msgspec.convert(read, hint)
    except msgspec.ValidationError as error:
        try:
            # What YAML takes for something else: no, which is Norwegian, and 1e-3.
            return msgspec.convert(text, hint, strict=False)
        except msgspec.ValidationError:
            raise ConfigError(f"{name}: {_in_words(str(error))}") from error


def _converted(tree: dict[str, Any], where: str) -> Config:
    try:
        config = msgspec.convert(tree, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {_in_words(str(error))}") from error
    return check(config, where)


def _in_words(error: str) -> str:
    """Turn 'Expected `float`, got `str` - at `$.fusion.tick_hz`' into 'fusion.tick_hz must be a number, not text'."""
    reason, _, place = error.partition(" - at ")
    place = place.strip("`").removeprefix("$.")
    if kinds := _KINDS.fullmatch(reason):
        wanted = " or ".join(_NAMES.get(kind, kind) for kind in kinds[1].split(" | "))
        got = "a fraction" if kinds[2] == "float" else _NAMES.get(kinds[2], kinds[2])
        return f"{place} must be {wanted}, not {got}".lstrip()
    return f"{place}: {reason}" if place else reason


def shown(settings: Settings) -> str:
    """The settings in force as a YAML file, with the origin of each beside it."""
    lines, section = [_heading(settings)], ""
    for key, _ in keys():
        above, _, leaf = key.rpartition(".")
        if above != section:
            section = above
            lines += ["", *([f"{section}:"] if section else [])]
        setting = f"{'  ' if above else ''}{leaf}: {_written(value(settings.config, key))}"
        lines.append(f"{setting:40s} # {settings.origins.get(key, 'default')}")
    return "\n".join(lines) + "\n"


def _written(setting: Any) -> str:
    plain = msgspec.to_builtins(setting)
    document: str = yaml.safe_dump(plain, width=float("inf"), allow_unicode=True, default_flow_style=True)
    return document.removesuffix("...\n").strip()


def _heading(settings: Settings) -> str:
    file = "no file" if settings.path is None else str(settings.path)
    return f"# The settings in force: {file}, and the environment's {PREFIX}SECTION__KEY."
