"""An assignment in; how much of the network its process needs to do its work, out.

none: nothing but local (unix) sockets and files, so all of it can be taken away. stream: whoever subscribes comes over
the network, so its ZeroMQ sockets keep it, and all else in the process can do without. all: what it reads comes from
there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal, TypeAlias

from agent.capture.feed_line import is_feed
from agent.config import Config
from agent.isolation import IsolationError, obstacle
from agent.processes.assignment import Assignment

Reach: TypeAlias = Literal["none", "stream", "all"]


def needed(assignment: Assignment, environment: Mapping[str, str] = os.environ) -> Reach:
    """What this process cannot do without."""
    if assignment.plug_in is not None:
        return "all" if is_remote(assignment.plug_in.location) else "none"
    live = assignment.source == "live"
    match assignment.name:
        case "camera":
            remote = is_remote(assignment.camera if live else assignment.source)
        case "microphone":
            remote = is_remote(assignment.microphone if live else assignment.source)
            if live and not is_feed(assignment.microphone):
                remote = "tcp" in environment.get("PULSE_SERVER", "")  # its sound server is on another machine
        case "fusion":
            publish = assignment.config.publish
            return "stream" if any(is_remote(each) for each in (publish.endpoint, publish.bus)) else "none"
        case _:
            remote = False
    return "all" if remote else "none"


def isolates(config: Config) -> bool:
    """Whether processes are to give up the network. Raises IsolationError where they must and cannot."""
    wish = config.privacy.network_isolation
    reason = "" if wish == "off" else obstacle()
    if wish == "required" and reason:
        raise IsolationError(
            f"network isolation is required, but {reason}. docs/privacy.md says what to allow;"
            " --network-isolation auto goes on without"
        )
    return wish != "off" and not reason


def is_remote(location: str | int | None) -> bool:
    """Whether reading it, or publishing there, takes a network, if only the loopback one."""
    return isinstance(location, str) and "://" in location and not location.lower().startswith(("file://", "ipc://"))
