"""Recordings to score in, what came of each out, one after another on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Protocol, Self

from agent.config import Config
from agent.replay import Player
from agent.scoring.attempt import Making, Outcome, Wanted, attempt, recalled
from agent.scoring.recordings import Task
from agent.scoring.results import Heard


class Progress(Protocol):
    """Is told how far a recording has come."""

    def heard(self, task: Task, at_ns: int, of_ns: int | None) -> None:
        """So much of it, of so much, was heard; None where it does not say how long it is."""
        ...

    def making(self, task: Task, file: str) -> None:
        """It was heard to its end, and this is made of it now."""
        ...


class Engine(Protocol):
    """Scores recordings somewhere."""

    def score(self, tasks: Sequence[Task], wanted: Wanted, progress: Progress) -> Iterator[Outcome]:
        """The outcomes, one for each recording, as they come."""
        ...


class Here:
    """On this machine: the encoders' processes are started once and score one recording after another."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def score(self, tasks: Sequence[Task], wanted: Wanted, progress: Progress) -> Iterator[Outcome]:
        """The outcomes in the order of the recordings."""
        with Standby(self._config) as standby:
            for task in tasks:
                progress.heard(task, 0, None)
                yield standby.score(task, wanted, partial(progress.heard, task), partial(progress.making, task))


class Standby:
    """A player, started when there is a recording that was not scored before. A context manager."""

    def __init__(self, config: Config) -> None:
        self._player = Player(config)
        self._started = False
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the player's processes."""
        self._closing.close()

    def score(self, task: Task, wanted: Wanted, heard: Heard, making: Making) -> Outcome:
        """What comes of a recording: see agent.scoring.attempt."""
        found = recalled(task, self._player, wanted, making)
        if found is not None:
            return found
        if not self._started:
            self._closing.enter_context(self._player)
            self._started = True
        return attempt(task, self._player, wanted, heard, making)
