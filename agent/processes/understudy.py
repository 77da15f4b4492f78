"""Fusion's assignment in; a process that has loaded all it needs and waits for the one that runs to die, out.

Without fusion there is no stream, so it is not to take as long to come back as its libraries take to load.
"""

from __future__ import annotations

from collections.abc import Callable

from agent.processes.child import Child

_AFTER_S = 2.0
"""How long the session, or its latest successor, has been at it before a new one is got ready: first things first."""


class Understudy:
    """At most one waiting process, made by `make`."""

    def __init__(self, make: Callable[[], Child]) -> None:
        self._make = make
        self._child: Child | None = None
        self._due_s: float | None = None

    @property
    def waits(self) -> bool:
        """Whether there is one that could take over."""
        return self._child is not None and self._child.exit_code is None

    def attend(self, now_s: float) -> None:
        """Get one ready when it is time. One that has died in waiting is replaced, and not before it is time again."""
        if self.waits:
            return
        if self._due_s is None or self._child is not None:
            self._discard()
            self._due_s = now_s + _AFTER_S
        elif now_s >= self._due_s:
            self._child, self._due_s = self._make(), None

    def step_in(self) -> Child | None:
        """The one that waits, which is then somebody else's; None when none does."""
        if not self.waits:
            return None
        child, self._child = self._child, None
        return child

    def close(self, timeout_s: float) -> None:
        """End the one that waits, at once: it has nothing yet that it would have to put in order."""
        if self._child is not None:
            self._child.kill()
            self._child.wait(timeout_s)
            self._child = None

    def _discard(self) -> None:
        if self._child is not None:
            self._child.stop()
            self._child = None
