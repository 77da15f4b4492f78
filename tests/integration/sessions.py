"""A session of real processes on the demo, over and over: the test supervises it, and reads until something shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import deadpan
from agent.config import Config, SupervisionConfig
from agent.processes.supervisor import Supervisor
from agent.session import open_session, resolve_inputs
from tests.integration.processes import TIMES
from tests.stand_ins.encore import write_encore

ROUNDS = 12_000  # of 10 ms at most: patience for a machine that has much else to do


def demo_session(folder: Path, supervision: SupervisionConfig | None = None) -> tuple[Supervisor, str]:
    """The session, not yet started, and where it will publish."""
    endpoint = f"ipc://{folder}/out"
    config = Config(
        source=str(write_encore(folder / "encore.mkv", TIMES)),
        publish=replace(Config().publish, endpoint=endpoint),
        supervision=supervision or SupervisionConfig(),
    )
    return open_session(config, resolve_inputs(config)), endpoint


def follow(
    supervisor: Supervisor,
    subscription: deadpan.Subscription,
    until: Callable[[deadpan.Message], bool],
    *,
    attending: bool = True,
) -> list[deadpan.Message]:
    """Read until a message is the one waited for; attend to the processes meanwhile, or leave the dead as they are."""
    read: list[deadpan.Message] = []
    for _ in range(ROUNDS):
        if attending:
            supervisor.attend(10)
        while (message := subscription.receive(0 if attending else 0.01)) is not None:
            read.append(message)
            if until(message):
                return read
    raise AssertionError(f"waited in vain; the last of {len(read)} messages: {read[-1:]}")
