"""The command line and config.yaml in, commands.md and configuration.md out: python docs/make_reference.py"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path

FOLDER = Path(__file__).parent
_WIDTH = 98


def pages() -> dict[str, str]:
    """The text of each page, by file name."""
    return {"commands.md": "\n".join(_commands()), "configuration.md": _configuration()}


def _commands() -> Iterator[str]:
    from agent.options import parser

    yield "# Commands\n"
    yield "What `deadpan COMMAND --help` prints; written by `python docs/make_reference.py`.\n"
    for name, command in _subcommands(parser()):
        yield f"## {name}\n\n```text\n{_help(command)}\n```\n"
        for action, each in _subcommands(command):
            yield f"### {name} {action}\n\n```text\n{_help(each)}\n```\n"


def _help(command: argparse.ArgumentParser) -> str:
    """Its help, as wide on every terminal."""
    command.formatter_class = partial(argparse.HelpFormatter, width=_WIDTH)
    return command.format_help().rstrip()


def _subcommands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _configuration() -> str:
    return f"""# Settings

Every setting with its default, unit and range: `config.yaml` as it ships. Written by `python docs/make_reference.py`.
`deadpan config show` says what is in force and where each value comes from; `deadpan config check FILE` tries a file.

```yaml
{(FOLDER.parent / "config.yaml").read_text(encoding="utf-8").rstrip()}
```
"""


def main() -> None:
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
