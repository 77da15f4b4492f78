"""What can be asked for on the command line: every command, its options and what they are called in its help."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TypeAlias

from agent import __version__
from agent.report.products import PRODUCTS, USUAL
from agent.usage import Parser
from deadpan.subscription import DEFAULT_ENDPOINT

Commands: TypeAlias = "argparse._SubParsersAction[Parser]"

_SPEECH = "auto, moonshine, whisper[:NAME|:FILE] or faster-whisper[:NAME|:FOLDER] (default: speech.engine, auto)"


def parser() -> Parser:
    """What can be asked for. `command` is None where nothing is."""
    top = Parser(
        prog="deadpan",
        description="Watches and listens to one person talking, and says five times a second how sarcastic they sound "
        "and how they feel about what they say. Everything stays on this machine.",
        epilog="Start with deadpan run; then, in another terminal, deadpan watch. What a command takes: deadpan COMMAND"
        " --help",
    )
    top.add_argument("-V", "--version", action="version", version=f"deadpan {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    _add_run(commands)
    _add_watch(commands)
    _add_score(commands)
    _add_record(commands)
    _add_dashboard(commands)
    _add_bridge(commands)
    _add_mcp(commands)
    _add_wyoming(commands)
    _add_proxy(commands)
    _add_keys(commands)
    _add_models(commands)
    _add_purge(commands)
    _add_config(commands)
    doctor = commands.add_parser(
        "doctor",
        help="check devices, models, versions, ports and space",
        description="Check what deadpan needs: each ok, or what to do.",
    )
    doctor.add_argument("--config", type=Path, metavar="FILE", help="settings to check (default: ./config.yaml)")
    return top


def _add_run(commands: Commands) -> None:
    run = commands.add_parser(
        "run",
        help="watch and listen, and publish estimates",
        description="Watch and listen, show the estimates and publish them until Ctrl-C, or until a recording ends.",
    )
    run.stray = "--source"
    run.add_argument(
        "--source",
        metavar="auto|live|demo|PATH|URL|FEED",
        help="devices, the bundled demo, a recording played at real time, another program's feed (ipc:///path or"
        " tcp://127.0.0.1:PORT), or recorded messages (FILE.jsonl), published again (default auto: devices, else demo)",
    )
    run.add_argument(
        "--camera", metavar="N|PATH|URL|FEED|none", help="camera index, device path, MJPEG or RTSP address, or feed"
    )
    run.add_argument(
        "--microphone", metavar="NAME|INDEX|FEED|none", help="microphone by part of its name, by index, or feed"
    )
    run.add_argument("--seconds", type=_positive, metavar="S", help="stop after the estimate for second S")
    _add_json(run, "print the published messages, one JSON object a line")
    run.add_argument(
        "--dashboard",
        nargs="?",
        const="127.0.0.1:5740",
        metavar="HOST:PORT",
        help="show it in a browser too: see deadpan dashboard (at %(const)s unless said otherwise)",
    )
    run.add_argument(
        "--picture",
        action="store_true",
        default=None,
        help="with --dashboard: show the camera's picture there, under the outline of the face; nothing of it is kept",
    )
    _add_engine(run)
    run.add_argument(
        "--record",
        type=Path,
        metavar="DIR",
        help="keep pictures, sound and messages in a folder of their own in DIR, until the end; every message says so",
    )
    _add_modality(run, "a file, an address, or none")
    run.add_argument("--publish", metavar="ENDPOINT", help=f"where to publish (default {DEFAULT_ENDPOINT})")
    run.add_argument("--bus", metavar="ENDPOINT", help="a deadpan proxy to publish through as well")
    _add_keys_folder(run)
    run.add_argument(
        "--network-isolation",
        choices=("auto", "required", "off"),
        help="have processes give up what they do not need of the network (default auto: where the system allows it)",
    )
    _add_settings(run)


def _add_watch(commands: Commands) -> None:
    watch = commands.add_parser(
        "watch",
        help="show the estimates of a running deadpan",
        description="Show what a running deadpan publishes, until Ctrl-C. It may be started before it.",
    )
    _add_subscription(watch)
    _add_json(watch, "print the messages, one JSON object a line")
    watch.add_argument("--count", type=_count, metavar="N", help="stop after N estimates")


def _add_record(commands: Commands) -> None:
    record = commands.add_parser(
        "record",
        help="write a running deadpan's messages to a file",
        description="Write every message to a file, one JSON object a line, until Ctrl-C. It holds the words that were"
        " said, no sound and no picture. deadpan run --source FILE.jsonl publishes it again.",
    )
    _add_subscription(record)
    record.add_argument("--out", type=Path, required=True, metavar="FILE.jsonl", help="where to; it must not exist yet")
    record.add_argument("--seconds", type=_positive, metavar="S", help="stop after so long")


def _add_bridge(commands: Commands) -> None:
    bridge = commands.add_parser(
        "bridge",
        help="pass a stream on to browsers (WebSocket, server-sent events)",
        description="Pass a stream's messages on as they are: ws://HOST:PORT/ws and http://HOST:PORT/events.",
    )
    _add_subscription(bridge)
    _add_listen(bridge, "127.0.0.1:5739")
    bridge.add_argument(
        "--allow-origin", action="append", default=[], metavar="ORIGIN", help="a web page's origin that may read it"
    )


def _add_dashboard(commands: Commands) -> None:
    dashboard = commands.add_parser(
        "dashboard",
        help="show a running deadpan in a browser",
        description="Serve a page that shows a stream, on this machine alone, until Ctrl-C. It may be started before"
        " what it shows.",
    )
    _add_subscription(dashboard)
    _add_listen(dashboard, "127.0.0.1:5740")
    dashboard.add_argument("--open", action="store_true", help="open the page in this machine's browser")
    # Said by deadpan run alone: where its camera gives pictures; and to end when its standard input does.
    dashboard.add_argument("--picture", metavar="ENDPOINT", help=argparse.SUPPRESS)
    dashboard.add_argument("--tied", action="store_true", help=argparse.SUPPRESS)


def _add_mcp(commands: Commands) -> None:
    mcp = commands.add_parser(
        "mcp",
        help="answer an assistant's questions (Model Context Protocol)",
        description="Serve the tools current_affect and last_utterance on standard input and output.",
    )
    _add_subscription(mcp)


def _add_wyoming(commands: Commands) -> None:
    wyoming = commands.add_parser(
        "wyoming",
        help="pass utterances on to Home Assistant (Wyoming protocol)",
        description="Serve each utterance as a transcript and an affect event of the Wyoming protocol.",
    )
    _add_subscription(wyoming)
    wyoming.add_argument(
        "--listen", default="tcp://127.0.0.1:10700", metavar="URI", help="tcp or unix (default: %(default)s)"
    )


def _add_proxy(commands: Commands) -> None:
    proxy = commands.add_parser(
        "proxy",
        help="one bus for several agents",
        description="Publish several agents' streams at one endpoint. Agents join with deadpan run --bus ENDPOINT, or"
        " are named here.",
    )
    proxy.add_argument("agents", nargs="*", metavar="AGENT", help="endpoints of agents to read from")
    proxy.add_argument("--publish", default=DEFAULT_ENDPOINT, metavar="ENDPOINT", help="default: %(default)s")
    proxy.add_argument("--bus", metavar="ENDPOINT", help="where agents may join (default: nowhere)")
    _add_keys_folder(proxy)


def _add_keys(commands: Commands) -> None:
    keys = commands.add_parser(
        "keys",
        help="say who may subscribe from elsewhere",
        description="Keys (CurveZMQ) without which nobody can read a stream that is published beyond this machine.",
    )
    actions = keys.add_subparsers(dest="action", required=True, metavar="new|list|remove")
    new = actions.add_parser("new", help="make a key for a subscriber, and the agent's own if there is none yet")
    new.add_argument("name", metavar="NAME", help="the subscriber's name")
    new.add_argument("--out", type=Path, metavar="FILE", help="the subscriber's key (default: ./NAME.key)")
    listed = actions.add_parser("list", help="say who may subscribe")
    remove = actions.add_parser("remove", help="take the right to subscribe away")
    remove.add_argument("name", metavar="NAME")
    for action in (new, listed, remove):
        action.add_argument("--folder", type=Path, metavar="FOLDER", help="the agent's keys (default: the user's own)")


def _add_score(commands: Commands) -> None:
    score = commands.add_parser(
        "score",
        help="estimate recordings as fast as the machine allows",
        description="Write, for each recording, DIR/NAME/estimates.jsonl, utterances.jsonl, transcript.txt and"
        " summary.json, and what --write names. What was scored before is not scored again.",
    )
    score.add_argument(
        "recordings", nargs="+", type=Path, metavar="FILE|FOLDER", help="anything FFmpeg can read; folders of them"
    )
    score.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the results go")
    score.add_argument(
        "--write",
        type=lambda names: names.split(","),
        default=USUAL,
        metavar="LIST",
        help=f"what else to write, with commas between: of {', '.join(PRODUCTS)}, or all, or none"
        f" (default: {','.join(USUAL)})",
    )
    score.add_argument(
        "--no-hints",
        dest="hints",
        action="store_false",
        help="captions of the words alone, without saying what was perhaps not meant literally",
    )
    score.add_argument(
        "--overlay",
        type=Path,
        metavar="FILE.mp4",
        help="the recording with landmarks, captions and curves burnt in (of several recordings: --write overlay)",
    )
    score.add_argument("--again", action="store_true", help="score again what was scored before")
    score.add_argument(
        "--engine",
        choices=("here", "ray"),
        default="here",
        help="one recording after another, or one a core, on this machine or a cluster (needs the ray extra)",
    )
    score.add_argument("--ray-address", metavar="ADDRESS", help="a running Ray cluster (default: this machine's cores)")
    _add_engine(score)
    _add_modality(score, "a file, or none")
    _add_settings(score)


def _add_modality(command: argparse.ArgumentParser, sources: str) -> None:
    """What plug-ins are to read."""
    command.add_argument(
        "--modality",
        type=_pair,
        action="append",
        default=[],
        metavar="NAME=SOURCE",
        help=f"what the plug-in for a modality reads: {sources} (default: what lies beside a recording, as"
        " talk.heart.csv beside talk.mp4)",
    )


def _add_models(commands: Commands) -> None:
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


def _add_purge(commands: Commands) -> None:
    purge = commands.add_parser(
        "purge",
        help="delete what deadpan run --record has kept",
        description="List the recordings in a folder, ask, and delete them. Nothing but recordings is touched.",
    )
    purge.add_argument(
        "folder", nargs="?", type=Path, metavar="DIR", help="a recording, or a folder of them (default: record.folder)"
    )
    purge.add_argument("--yes", action="store_true", help="do not ask")
    _add_settings(purge)


def _add_config(commands: Commands) -> None:
    config = commands.add_parser(
        "config",
        help="show the settings in force, or check a file of them",
        description="Settings are those of the command line, else of the environment (DEADPAN_SECTION__KEY, such as"
        " DEADPAN_FUSION__TICK_HZ=4), else of the file, else the defaults.",
    )
    actions = config.add_subparsers(dest="action", required=True, metavar="show|check")
    show = actions.add_parser("show", help="print all settings, as a file, and where each comes from")
    _add_settings(show)
    check = actions.add_parser("check", help="say whether a file can be used, and what it changes")
    check.add_argument("file", type=Path, metavar="FILE")


# What several commands are told alike.


def _add_subscription(command: argparse.ArgumentParser) -> None:
    """What every command that reads a stream is told: where, which, and with what key."""
    command.add_argument(
        "endpoint", nargs="?", default=DEFAULT_ENDPOINT, metavar="ENDPOINT", help="default: %(default)s"
    )
    command.add_argument("--stream", metavar="NAME", help="one stream alone, where several are published")
    command.add_argument("--key", type=Path, metavar="FILE", help="the subscriber's key, where the agent wants one")


def _add_settings(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", type=Path, metavar="FILE", help="settings (default: ./config.yaml if it is there)")


def _add_engine(command: argparse.ArgumentParser) -> None:
    command.add_argument("--speech", metavar="ENGINE", help=_SPEECH)


def _add_json(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument("--json", action="store_true", help=what)
    command.add_argument("--revisions", action="store_true", help="with --json: also the later revisions of estimates")


def _add_listen(command: argparse.ArgumentParser, address: str) -> None:
    command.add_argument(
        "--listen", default=address, metavar="HOST:PORT", help="a loopback address (default: %(default)s)"
    )


def _add_keys_folder(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--keys", type=Path, metavar="FOLDER", help="keys that subscribers must hold: see deadpan keys"
    )


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number of seconds")
    return number


def _pair(text: str) -> tuple[str, str]:
    name, _, source = text.partition("=")
    if not (name and source):
        raise argparse.ArgumentTypeError(f"{text} is not NAME=SOURCE, such as heart=strap.csv")
    return name, source


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a count of at least 1")
    return int(text)
