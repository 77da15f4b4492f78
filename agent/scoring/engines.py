"""Recordings to score in, what came of each out, one after another on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol

from agent.config import Config
from agent.replay import Player
from agent.scoring.attempt import Outcome, Wanted, attempt
from agent.scoring.recordings import Task

Progress = Callable[[Task, int, int | None], None]
"""Told how far a recording has come, and of how much, in ns."""


class Engine(Protocol):
    """Scores recordings somewhere."""

    def score(self, tasks: Sequence[Task], wanted: Wanted, heard: Progress) -> Iterator[Outcome]:
        """The outcomes, one for each recording, as they come."""
        ...


class Here:
    """On this machine: the encoders' processes are started once and score one recording after another."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def score(self, tasks: Sequence[Task], wanted: Wanted, heard: Progress) -> Iterator[Outcome]:
        """The outcomes in the order of the recordings."""
        with Player(self._config) as player:
            for task in tasks:
                heard(task, 0, None)
                yield attempt(task, player, wanted, partial(heard, task))
