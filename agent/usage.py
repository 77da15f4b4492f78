"""Arguments in, what they ask for out, or what was probably meant by those that are none."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

_OPTION = re.compile(r"--[a-z][\w-]*")


class Parser(argparse.ArgumentParser):
    """As argparse's, but a command says itself what it does not know, and what it would have known.

    `stray` names the option that an argument without one was probably meant for.
    """

    stray = ""

    def parse_known_args(  # type: ignore[override]  # its stubs overload what argparse itself calls in one way
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Whatever is not known ends it: nobody here passes arguments on."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}{self._meant(unknown[0])}")
        return found, unknown

    def _meant(self, unknown: str) -> str:
        """What may have been meant by it, as the end of a sentence; empty where nothing is like it."""
        if not unknown.startswith("-"):
            return f"; did you mean {self.stray} {unknown}?" if self.stray else ""
        name, _, _ = unknown.partition("=")
        like = get_close_matches(name, _OPTION.findall(self.format_usage()), n=1)
        return f"; did you mean {like[0]}?" if like else ""
