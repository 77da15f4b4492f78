"""deadpan run --source FILE.jsonl: recorded messages in, the same stream out. Needs the client's packages only."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from agent import screen
from agent.commands.dashboard import beside
from agent.errors import DeadpanError
from agent.stream.endpoint import reachable
from agent.stream.keyring import own_key
from agent.stream.publisher import Publisher
from agent.stream.recorded import Recorded, check, read
from deadpan.connection import DEFAULT_ENDPOINT
from deadpan.messages import type_name

_TURN_S = 0.05  # the longest a newcomer waits to be answered
_FIRST_S = 2.0  # the longest the first message waits for somebody to hear it
_MEANINGLESS = {name: f"--{name}" for name in ("camera", "microphone", "speech", "record", "picture", "config")}


def perform(options: argparse.Namespace) -> int:
    """Publish until the recording or the time asked for is over. Raises RecordingError or PublishError."""
    if given := [name for field, name in _MEANINGLESS.items() if getattr(options, field) is not None]:
        raise DeadpanError(f"{options.source} holds messages: with it, {' and '.join(given)} cannot be chosen")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    source = Path(options.source).expanduser()
    count = check(source)  # all of it, so that nothing is published of a recording that turns out to be none
    endpoint = options.publish or DEFAULT_ENDPOINT
    publisher = Publisher(endpoint, keys=options.keys, bus=options.bus)
    view = screen.view(json=options.json, revisions=options.revisions)

    def show(each: Recorded) -> None:
        publisher.publish(each.message, each.body)
        if type_name(each.message) in view.types:
            view.show(each.message)

    stack = ExitStack()
    try:
        if options.dashboard:
            stack.enter_context(beside(reachable(endpoint), options.dashboard, options.keys and own_key(options.keys)))
        if not options.json:
            print(f"Publishing {count} recorded messages at {endpoint}; Ctrl-C ends.", file=sys.stderr)
        _wait(publisher, time.monotonic() + _FIRST_S, until=lambda: publisher.has_newcomers)
        publisher.greet_newcomers()  # there is nothing to greet them with yet
        began = time.monotonic()
        for each in read(source):
            if options.seconds is not None and each.due_ns > options.seconds * 1e9:
                break
            _wait(publisher, began + each.due_ns / 1e9)
            show(each)
        _wait(publisher, time.monotonic() + _TURN_S)
    finally:
        stack.close()
        view.close()
        publisher.close()
    return 0


def _wait(publisher: Publisher, deadline: float, until: Callable[[], bool] = lambda: False) -> None:
    """Let time pass, and greet whoever comes meanwhile."""
    while not until():
        publisher.greet_newcomers()
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            return
        time.sleep(min(left_s, _TURN_S))
