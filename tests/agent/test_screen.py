"""The panel on a terminal, as a terminal would show it."""

from __future__ import annotations

import re
from io import StringIO

from msgspec.structs import replace

from agent.console import utterance_line
from agent.screen import Screen
from deadpan.messages import Health
from tests.deadpan.sent import S, estimate, every_type, utterance

HEALTH = next(message for message in every_type() if isinstance(message, Health))


class Terminal(StringIO):
    """A terminal of some width that breaks lines, obeys the few orders that are given, and can be resized."""

    def __init__(self, columns: int = 80) -> None:
        super().__init__()
        self.columns = columns
        self._logical: list[str] = [""]

    def write(self, text: str) -> int:
        for order, letters in re.findall(r"\x1b\[([0-9;?]*[A-Za-z])|([^\x1b]+)", text):
            if letters:
                self._put(letters)
            elif order.endswith("A"):
                self._up = int(order[:-1])
            elif order == "J":
                self._erase()
        return len(text)

    @property
    def rows(self) -> list[str]:
        """What is to be seen, row by row."""
        rows = []
        for line in self._logical:
            rows += [line[at : at + self.columns] for at in range(0, max(1, len(line)), self.columns)]
        return [row.rstrip() for row in rows]

    _up = 0

    def _put(self, letters: str) -> None:
        for at, part in enumerate(letters.split("\n")):
            if at:
                self._logical.append("")
            self._logical[-1] += part.replace("\r", "")

    def _erase(self) -> None:
        """The rows from where it was moved up to."""
        left = self._up + 1
        self._up = 0
        while left > 0:
            left -= max(1, -(-len(self._logical[-1]) // self.columns))
            assert left >= 0, "it erases what is not its own"
            self._logical.pop()
        self._logical.append("")


def _screen(terminal: Terminal, rows: int = 24, **environment: str) -> Screen:
    return Screen(terminal, lambda: (terminal.columns, rows), environment)


def test_the_panel_is_drawn_over_and_what_is_finished_stays_above_it() -> None:
    terminal = Terminal()
    screen = _screen(terminal)
    for seq in range(30):
        screen.show(replace(estimate(seq), end_ns=seq * S))
    screen.show(utterance())
    screen.show(replace(estimate(31), end_ns=31 * S))
    assert len(terminal.rows) == 2 + 9
    assert "“Oh great…”" in terminal.rows[0]
    assert terminal.rows[2].startswith("deadpan")
    screen.close()
    assert [row for row in terminal.rows if row] == terminal.rows[:2]


def test_a_terminal_that_was_made_narrower_is_cleared_of_all_that_stood_there() -> None:
    terminal = Terminal(100)
    screen = _screen(terminal)
    screen.show(utterance())
    screen.show(estimate())
    terminal.columns = 33  # the terminal breaks what was drawn
    assert len(terminal.rows) > 12
    screen.show(estimate(900))
    panel = terminal.rows[terminal.rows.index(next(row for row in terminal.rows if row.startswith("deadpan"))) :]
    assert len(panel) == 9
    assert "".join(terminal.rows).count("deadpan") == 1


def test_what_stays_is_broken_between_words() -> None:
    for columns, indent in ((60, 8), (20, 0)):
        terminal = Terminal(columns)
        screen = _screen(terminal)
        screen.show(utterance())
        screen.show(estimate())
        above = terminal.rows[: terminal.rows.index(next(row for row in terminal.rows if row.startswith("deadpan")))]
        assert len(above) > 2
        whole = [line.split() for line in utterance_line(utterance()).splitlines()]
        assert [word for row in above for word in row.split()] == [word for line in whole for word in line]
        assert len(above[-1]) - len(above[-1].lstrip()) == indent


def test_ctrl_c_as_the_terminal_shows_it_leaves_nothing_of_the_panel() -> None:
    for columns in (80, 40, 20):
        terminal = Terminal(columns)
        screen = _screen(terminal)
        screen.show(replace(HEALTH, reasons=("a reason longer than all that can be said in so many columns " * 3,)))
        screen.show(estimate())
        stays = terminal.rows.index(next(row for row in terminal.rows if row.startswith("deadpan")))
        terminal.write("^C")
        screen.close()
        assert [row for row in terminal.rows[stays:] if row] == []


def test_in_a_few_rows_one_line_has_to_do() -> None:
    terminal = Terminal()
    screen = _screen(terminal, rows=8)
    screen.show(estimate())
    screen.show(estimate(900))
    assert [row.split()[:4] for row in terminal.rows] == [["162.0", "▇", "0.82", "on"]]


def test_without_colours_what_they_tell_is_told_otherwise() -> None:
    class Raw(StringIO):
        """What was written, as it was."""

    plain, coloured = Raw(), Raw()
    for out, environment in ((plain, {"NO_COLOR": "1"}), (coloured, {})):
        Screen(out, lambda: (80, 24), environment).show(estimate())
    assert re.search(r"\x1b\[[0-9;]*3[1-5]m", coloured.getvalue())
    assert not re.search(r"\x1b\[[0-9;]*3[1-5]m", plain.getvalue())


def test_before_the_first_estimate_only_what_stays_is_written() -> None:
    terminal = Terminal()
    _screen(terminal).show(HEALTH)
    assert terminal.rows == ["   1.0  degraded: face is failed: no model", ""]
