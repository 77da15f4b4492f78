"""A scene for each test of the supervisor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from agent.processes import supervisor as under_test
from tests.agent.processes.scene import Child, Inbox, Outbox, Scene


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    scene = Scene()
    stand_ins: dict[str, Any] = {
        "time": scene,
        "Child": lambda assignment, _folder: Child(scene, assignment),
        "Inbox": lambda *_, **__: Inbox(scene),
        "Outbox": lambda *_: Outbox(scene),
    }
    for name, stand_in in stand_ins.items():
        monkeypatch.setattr(under_test, name, stand_in)
    yield scene
    for each in scene.supervisors:
        each.stop()
