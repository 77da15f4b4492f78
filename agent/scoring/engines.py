"""Recordings to score in, what came of each out, one after another on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Protocol

from agent.config import Config
from agent.replay import Player
from agent.scoring.attempt import Outcome, Wanted, attempt
from agent.scoring.recordings import Task


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
        with Player(self._config) as player:
            for task in tasks:
                progress.heard(task, 0, None)
                yield attempt(task, player, wanted, partial(progress.heard, task), partial(progress.making, task))
