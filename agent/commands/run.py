"""deadpan run: opens the inputs, starts the processes, shows what they publish."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from contextlib import nullcontext
from dataclasses import replace
from types import FrameType

from agent import screen
from agent.capture.feed_line import is_feed
from agent.commands.dashboard import beside
from agent.config import Config, ConfigError, check
from agent.console import View, network_line, picture_line, recording_line
from agent.engines import settle
from agent.errors import DeadpanError
from agent.plug_ins.roster import reading
from agent.processes.supervisor import Supervisor
from agent.session import open_session, resolve_inputs
from agent.settings import found
from agent.stream.endpoint import reachable
from agent.stream.keyring import own_key
from deadpan.messages import Estimate
from deadpan.subscription import DEFAULT_ENDPOINT, Subscription, subscribe

_GLANCE_S = 0.1  # the longest that the processes are not looked after, while nothing is published
_SOON_S = 0.01  # the same, while one is to be ended or started
_LAST_WORDS_S = 0.5  # what fusion said last may still be on its way when it is seen to have ended
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def perform(options: argparse.Namespace) -> int:
    """Run until the recording or the time asked for is over, or until interrupted."""
    if options.picture and not options.dashboard:
        raise DeadpanError("--picture shows the camera's picture on the dashboard's page: say --dashboard, too")
    config = _overridden(found(options.config), options)
    inputs = resolve_inputs(config)
    if inputs.remark:
        print(inputs.remark, file=sys.stderr)
    if inputs.microphone is not None:
        config, told = settle(config)
        if told:
            print(told, file=sys.stderr)
    for ending in _ENDINGS:
        signal.signal(ending, _interrupt)
    if not options.json:
        print("Starting …", file=sys.stderr)
    with open_session(config, inputs, shown=bool(options.picture)) as supervisor:
        try:
            for problem in supervisor.start(optional=() if inputs.chosen else ("camera", "microphone")):
                print(f"Going on without the {problem.worker}: {problem}", file=sys.stderr)
            if not options.json:
                print(network_line(supervisor.condition.workers), file=sys.stderr)
            if supervisor.recording is not None:  # whatever else is shown: nobody is recorded without being told
                print(recording_line(supervisor.recording), file=sys.stderr)
            if options.picture:
                print(picture_line(shown=supervisor.shown_at is not None), file=sys.stderr)
            return _follow(supervisor, config, options)
        finally:  # the processes are being ended: a second Ctrl-C must not leave some of them behind
            for ending in _ENDINGS:
                signal.signal(ending, signal.SIG_IGN)


def _follow(supervisor: Supervisor, config: Config, options: argparse.Namespace) -> int:
    """Show the session's messages until it ends, has lasted long enough, or is interrupted."""
    publish = config.publish
    key = None if publish.keys_folder is None else own_key(publish.keys_folder)
    view = screen.view(json=options.json, revisions=options.revisions)
    end_ns = None if options.seconds is None else round(options.seconds * 1e9)
    endpoint = reachable(publish.endpoint)
    if not options.json:
        there = "" if endpoint == DEFAULT_ENDPOINT else f" {shlex.quote(endpoint)}"
        watch = f"deadpan watch{there}{' --key FILE' if key else ''}"
        print(f"Publishing at {publish.endpoint}; Ctrl-C ends. In another terminal: {watch}", file=sys.stderr)
    page = beside(endpoint, options.dashboard, key, supervisor.shown_at) if options.dashboard else nullcontext()
    with subscribe(endpoint, types=view.types, key=key) as subscription, page:
        try:
            ended = False
            while not ended:
                ended = supervisor.finished
                supervisor.attend(0)
                patience_s = _LAST_WORDS_S if ended else _SOON_S if supervisor.is_pressed else _GLANCE_S
                ended |= _show_waiting(subscription, view, end_ns, patience_s, last=ended)
        finally:
            view.close()
    failed = {name: worker.reason for name, worker in supervisor.condition.workers.items() if worker.state == "failed"}
    for name, reason in failed.items():
        print(f"deadpan: {name}: {reason}", file=sys.stderr)
    return 1 if failed else 0


def _show_waiting(subscription: Subscription, view: View, end_ns: int | None, patience_s: float, *, last: bool) -> bool:
    """Show what arrives within the time, and what has arrived by then; says whether the session has lasted long enough.

    What comes `last` is waited for until nothing comes any more.
    """
    while (message := subscription.receive(patience_s)) is not None:
        patience_s = patience_s if last else 0.0
        view.show(message)
        if isinstance(message, Estimate) and end_ns is not None and message.revision == 0 and message.end_ns >= end_ns:
            return True
    return False


def _overridden(config: Config, options: argparse.Namespace) -> Config:
    """The configuration with what the command line says on top."""
    if options.source is not None:
        config = replace(config, source=options.source)
    if config.source not in ("auto", "live") and {options.camera, options.microphone} - {None, "none"}:
        kind = "feed" if is_feed(config.source) else "recording"
        raise ConfigError(
            f"{config.source} is a {kind}: with it, --camera and --microphone can only be none,"
            " to leave out its pictures or its sound"
        )
    if options.camera is not None:
        config = replace(config, camera=replace(config.camera, device=_device(options.camera)))
    if options.microphone is not None:
        config = replace(config, microphone=replace(config.microphone, device=_device(options.microphone)))
    if options.speech is not None:
        config = replace(config, speech=replace(config.speech, engine=options.speech))
    config = reading(config, options.modality)
    if options.publish is not None:
        config = replace(config, publish=replace(config.publish, endpoint=options.publish))
    if options.keys is not None:
        config = replace(config, publish=replace(config.publish, keys=str(options.keys)))
    if options.bus is not None:
        config = replace(config, publish=replace(config.publish, bus=options.bus))
    if options.record is not None:
        config = replace(config, record=replace(config.record, folder=str(options.record)))
    if options.network_isolation is not None:
        config = replace(config, privacy=replace(config.privacy, network_isolation=options.network_isolation))
    return check(config, "command line")


def _device(text: str) -> str | int:
    return int(text) if text.isdigit() else text


def _interrupt(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of signal handlers
    """Being told to end, or losing the terminal, is no different from Ctrl-C: everything ends in order."""
    raise KeyboardInterrupt
