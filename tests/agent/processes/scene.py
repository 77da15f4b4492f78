"""Processes, queues and time made of nothing, for the supervisor to decide about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from agent.config import Config, SupervisionConfig
from agent.processes.assignment import Assignment
from agent.processes.stillness import Motion
from agent.processes.supervisor import Supervisor
from agent.processes.wire import Pulse, PulseState, Value
from agent.topology import WORKERS, Worker, WorkerName
from deadpan.messages import Pace

STACKS = """Thread 0x00007f (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 324 in wait

Current thread 0x00007e (most recent call first):
  File "/opt/deadpan/encoders/face.py", line 88 in embed
  File "/opt/deadpan/agent/processes/working.py", line 150 in run
  File "<frozen runpy>", line 88 in _run_code
  File "<frozen runpy>", line 198 in _run_module_as_main
"""


class Scene:
    """The world as the supervisor sees it: time that passes only while it listens, and children that do as told."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.children: list[Child] = []
        self.pulses: list[Value] = []
        self.late: list[Value] = []
        """Pulses on their way: they arrive once they are waited for."""
        self.told: list[Value] = []
        self.ended: list[str] = []
        """Which children were ordered to stop, in that order."""
        self.stillborn: WorkerName | None = None
        self.stillborn_code = 1
        self.supervisors: list[Supervisor] = []

    def monotonic(self) -> float:
        return self.now_s

    def monotonic_ns(self) -> int:
        return round(self.now_s * 1e9)

    def child(self, name: WorkerName) -> Child:
        """The newest child of a name."""
        return [child for child in self.children if child.assignment.name == name][-1]

    def pulse(
        self,
        name: WorkerName,
        state: PulseState,
        reason: str = "",
        pid: int | None = None,
        *,
        lag_ms: float = 12.34,
        busy: float | None = None,
    ) -> None:
        newest = self.child(name).pid
        self.pulses.append(Pulse(name, state, newest if pid is None else pid, lag_ms, {"sent": 1}, reason, busy))


class Child:
    """A process that is not there."""

    def __init__(self, scene: Scene, assignment: Assignment) -> None:
        self.pid = 100 + len(scene.children)
        self.assignment = assignment
        self.exit_code = scene.stillborn_code if assignment.name == scene.stillborn else None
        self.hangs = ""
        """What it answers when it is asked where it is."""
        self.origins: list[int] = []
        self.paces: list[Pace] = []
        self.asked = False
        self.unkillable = False
        self.moves: Motion = "moving"
        self.works_s = 0.0
        self._scene = scene
        scene.children.append(self)

    def go(self, origin_monotonic_ns: int) -> None:
        self.origins.append(origin_monotonic_ns)

    def keep(self, pace: Pace) -> None:
        self.paces.append(pace)

    def stop(self) -> None:
        self._scene.ended.append(self.assignment.name)

    def wait(self, _timeout_s: float) -> bool:
        return True

    def motion(self, _now_s: float) -> Motion:
        return self.moves

    def worked_s(self, _now_s: float) -> float:
        return self.works_s

    def heard(self) -> None:
        self.moves = "moving"

    def ask_for_stacks(self) -> None:
        self.asked = True

    def stacks(self) -> str:
        return self.hangs if self.asked else ""

    def kill(self) -> None:
        self.exit_code = self.exit_code if self.unkillable else -9

    def last_lines(self) -> str:
        return "the last it wrote"


class Inbox:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def receive(self, timeout_ms: int) -> Iterator[Value]:
        waiting, self._scene.pulses[:] = list(self._scene.pulses), []
        if not waiting and timeout_ms and self._scene.late:
            waiting, self._scene.late[:] = list(self._scene.late), []
        elif not waiting:
            self._scene.now_s += timeout_ms / 1000
        yield from waiting

    def close(self) -> None:
        pass


class Outbox:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def send(self, value: Value) -> None:
        self._scene.told.append(value)

    def close(self, linger_ms: int) -> None:
        pass


def made(
    scene: Scene,
    folder: Path,
    source: str = "live",
    restarts: int = 5,
    workers: tuple[Worker, ...] = WORKERS,
) -> Supervisor:
    config = Config(supervision=SupervisionConfig(restarts=restarts))
    common = Assignment(name="fusion", folder=str(folder), config=config, session="s1", source=source)
    assignments = {worker.name: replace(common, name=worker.name) for worker in workers}
    scene.supervisors.append(Supervisor(workers, assignments, folder))
    return scene.supervisors[-1]


def started(
    scene: Scene, folder: Path, source: str = "live", restarts: int = 5, workers: tuple[Worker, ...] = WORKERS
) -> Supervisor:
    """A supervisor whose processes are all running."""
    supervisor = made(scene, folder, source, restarts, workers)
    let_be_ready(scene, workers=workers)
    supervisor.start()
    for worker in workers:
        scene.pulse(worker.name, "running")
    supervisor.attend(0)
    scene.told.clear()
    return supervisor


def let_be_ready(scene: Scene, besides: tuple[WorkerName, ...] = (), workers: tuple[Worker, ...] = WORKERS) -> None:
    """Let the children yet to be spawned (in the table's order of start) say that they are ready."""
    order = sorted(workers, key=lambda worker: -worker.tier)
    for pid, worker in enumerate(order, 100):
        if worker.name not in besides:
            scene.pulses.append(Pulse(worker.name, "ready", pid, 0.0, {}))


def die(scene: Scene, supervisor: Supervisor, name: WorkerName, exit_code: int = -9) -> None:
    scene.child(name).exit_code = exit_code
    supervisor.attend(0)


def pulse_all_but(scene: Scene, *silent: WorkerName) -> None:
    """A sign of life of everybody else."""
    for worker in WORKERS:
        if worker.name not in silent:
            scene.pulse(worker.name, "running")


def hang(scene: Scene, supervisor: Supervisor, name: WorkerName) -> Child:
    """Let a process be silent for too long."""
    scene.now_s += 5.1
    pulse_all_but(scene, name)
    supervisor.attend(0)
    hung = scene.child(name)
    assert hung.asked
    return hung


def state_of(supervisor: Supervisor, name: WorkerName) -> tuple[str, str]:
    health = supervisor.condition.workers[name]
    return health.state, health.reason
