"""Messages in, a terminal that shows them out: a panel at its end that is drawn over, and above it what stays."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TextIO

from agent.console import Journal, JsonLines, Lines, View
from agent.panel import Line, Panel, wide
from deadpan.messages import Message
from deadpan.subscription import TypeName

_CODES = dict(zip(("bold", "dim", "italic", "underline"), "1234", strict=True))
_CODES |= {"red": "31", "yellow": "33", "blue": "34", "magenta": "35"}
_COLOURS = frozenset(("red", "yellow", "blue", "magenta"))
_AT_ONCE, _SHOW = "\x1b[?2026h", "\x1b[?2026l"  # terminals that know it draw what is between in one go

_ECHO = 3  # columns that are left free at the right: a terminal writes ^C there, and must not begin another row by it
_INDENT = " " * 8  # of what goes on with a line that is broken: that of what is told below an utterance's words


class Screen:
    """Draws on a terminal, whatever becomes of its size.

    `size` tells columns and rows; by default the terminal itself does. The environment's NO_COLOR is respected: what
    colours tell, others tell too.
    """

    types: tuple[TypeName, ...] = ("estimate", "utterance", "transcript", "event", "health", "welcome")

    def __init__(
        self,
        out: TextIO,
        size: Callable[[], Sequence[int]] | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._out, self._size = out, size or partial(_size_of, out)
        self._coloured = not environment.get("NO_COLOR")
        self._panel, self._journal = Panel(), Journal()
        self._widths: list[int] = []  # of the lines of the panel that stands there

    def show(self, message: Message) -> None:
        """Draw what a message changes."""
        self._panel.take(message)
        kept = self._journal.lines(message)
        columns, rows = self._size()
        kept = [part for line in kept for part in _broken(line, columns)]
        if self._panel.is_empty:
            self._out.write("".join(f"{line}\n" for line in kept))
        else:
            self._draw(kept, columns, rows)
        self._out.flush()

    def close(self) -> None:
        """Take the panel away; what stood above it stays."""
        self._out.write(self._erasing(self._size()[0]))
        self._widths = []
        self._out.flush()

    def _draw(self, kept: list[str], columns: int, rows: int) -> None:
        lines = self._panel.lines(max(1, columns - _ECHO), rows)
        text = "".join(f"{line}\n" for line in kept) + "\n".join(map(self._painted, lines))
        self._out.write(_AT_ONCE + self._erasing(columns) + text + _SHOW)
        self._widths = [sum(wide(part.text) for part in line) for line in lines]

    def _erasing(self, columns: int) -> str:
        """What takes away the panel. Lines that no longer fit have been broken by the terminal into several rows."""
        rows = sum(max(1, -(-width // max(1, columns))) for width in self._widths)
        return (f"\x1b[{rows - 1}A" if rows > 1 else "") + "\r\x1b[J" if rows else ""

    def _painted(self, line: Line) -> str:
        painted = ""
        for part in line:
            codes = [_CODES[look] for look in part.looks if self._coloured or look not in _COLOURS]
            painted += f"\x1b[{';'.join(codes)}m{part.text}\x1b[0m" if codes else part.text
        return painted


def _broken(line: str, columns: int) -> list[str]:
    """A line as it is shown in so many columns: broken between words, where the terminal itself would break them."""
    if wide(line) < columns:
        return [line]
    indent = _INDENT if columns > 4 * len(_INDENT) else ""
    return textwrap.wrap(line, max(1, columns - 1), subsequent_indent=indent, break_on_hyphens=False)


def _size_of(terminal: TextIO) -> tuple[int, int]:
    """Columns and rows. Not by COLUMNS, which a parent process may have left there and which follows no change."""
    try:
        columns, rows = os.get_terminal_size(terminal.fileno())
    except OSError:  # it is gone, or none
        columns = rows = 0
    return (columns, rows) if columns and rows else shutil.get_terminal_size((100, 24))


def view(*, json: bool, revisions: bool) -> View:
    """How messages are shown: as JSON, as lines for a file or a pipe, or drawn on a terminal that can be drawn on."""
    if json:
        return JsonLines(revisions=revisions)
    if sys.stdout.isatty() and os.environ.get("TERM", "") != "dumb":
        return Screen(sys.stdout)
    return Lines()
