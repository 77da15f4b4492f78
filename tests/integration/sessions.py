"""A session of real processes on the demo, supervised by the test itself, and its stream read until something shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import deadpan
from agent.config import Config, SupervisionConfig
from agent.processes.supervisor import Supervisor
from agent.session import open_session, resolve_inputs


def demo_session(folder: Path, supervision: SupervisionConfig | None = None) -> tuple[Supervisor, str]:
    """The session, not yet started, and where it will publish."""
    endpoint = f"ipc://{folder}/out"
    config = Config(
        source="demo",
        publish=replace(Config().publish, endpoint=endpoint),
        supervision=supervision or SupervisionConfig(),
    )
    return open_session(config, resolve_inputs(config)), endpoint


def follow(
    supervisor: Supervisor,
    subscription: deadpan.Subscription,
    until: Callable[[deadpan.Message], bool],
    limit: int = 2000,
) -> list[deadpan.Message]:
    """Attend to the processes and read the stream until a message is the one waited for."""
    read: list[deadpan.Message] = []
    for _ in range(limit):
        supervisor.attend(10)
        while (message := subscription.receive(0)) is not None:
            read.append(message)
            if until(message):
                return read
    raise AssertionError(f"waited in vain; the last of {len(read)} messages: {read[-1:]}")
