"""Keeps the processes of a session alive: starts them, listens to their pulses, restarts them, stops writers first.

A process that dies, falls silent or cannot go on is started again after a pause that doubles from 0.2 to 10 s; one that
fails too often within a minute is left `failed`. The stream goes on without its modality either way. When they live but
cannot keep up, less is asked of them (governor).
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import msgspec
import zmq

from agent.config import SupervisionConfig
from agent.errors import DeadpanError
from agent.processes.assignment import EXIT_AWAY, EXIT_FAILED, Assignment
from agent.processes.child import Child
from agent.processes.ends import SUPERVISED, Inbox, Outbox
from agent.processes.frame_pool import reserve
from agent.processes.governor import Governor, Load, ladder
from agent.processes.stillness import STILL_S
from agent.processes.understudy import Understudy
from agent.processes.ward import Ward
from agent.processes.wire import Absorbed, Condition, Ended, Pulse
from agent.topology import EDGES, Worker, WorkerName
from deadpan.messages import WorkerHealth

_STACKS_S = 0.5
"""The longest that one that hangs is given to say where."""
_END_S = 5.0
_LAST_WORDS_S = 0.25
"""The longest that is waited for the last pulse of one that has ended."""
_LENDING = {name for edge in EDGES if edge.lends for name in (edge.writer, edge.reader)}


class StartError(DeadpanError):
    """The session cannot begin. Its text says why, and what to do."""

    def __init__(self, worker: WorkerName, reason: str) -> None:
        super().__init__(reason)
        self.worker = worker


class Supervisor:
    """The processes of one session. A context manager: leaving it ends every process and removes their folder."""

    def __init__(self, workers: Iterable[Worker], assignments: dict[WorkerName, Assignment], folder: Path) -> None:
        self._wards = {worker.name: Ward(worker, assignments[worker.name]) for worker in workers}
        config = assignments["fusion"].config
        self._settings: SupervisionConfig = config.supervision
        self._governor = Governor(
            ladder(
                config.speech.step_s if "speech" in self._wards else None,
                config.camera.rate_hz if "face" in self._wards else None,
            )
        )
        self.folder = folder
        """Where its sockets and its processes' logs are."""
        self._frames = reserve(config.camera.width * config.camera.height) if "camera" in self._wards else None
        self._understudy = Understudy(
            lambda: Child(msgspec.structs.replace(assignments["fusion"], restarted=True, understudy=True), folder)
        )
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._pulses = Inbox(self._context, folder, "supervisor", 1000, "all", kinds=SUPERVISED)
        self._to_fusion = Outbox(self._context, folder, "fusion", 100)
        self._origin_monotonic_ns: int | None = None
        self._told_s = 0.0

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def finished(self) -> bool:
        """Whether the session has come to its end: its sources are through and fusion has said its last, or cannot."""
        fusion = self._wards["fusion"]
        sources = (ward for ward in self._wards.values() if ward.worker.tier == 0 and not ward.worker.plug_in)
        return fusion.health.state == "failed" or (fusion.settled and all(ward.settled for ward in sources))

    @property
    def is_pressed(self) -> bool:
        """Whether a process is to be ended or started right now, as soon as another has given way."""
        now_s = time.monotonic()
        return any(ward.presses(now_s) for ward in self._wards.values())

    @property
    def condition(self) -> Condition:
        now_s = time.monotonic()
        workers: dict[str, WorkerHealth] = {name: ward.report(now_s) for name, ward in self._wards.items()}
        return Condition(workers, self._governor.pace, self._governor.reason)

    @property
    def recording(self) -> str | None:
        """The folder that the session is recorded in; None when it is not."""
        return self._wards["fusion"].assignment.record

    @property
    def shown_at(self) -> str | None:
        """Where the camera's pictures can be asked for; None where they cannot."""
        return self._wards["camera"].assignment.shown_at if "camera" in self._wards else None

    def pid(self, name: WorkerName) -> int | None:
        """A process's id while it runs."""
        ward = self._wards[name]
        return ward.child.pid if ward.child is not None and ward.exit_code is None else None

    def start(self, optional: Iterable[WorkerName] = ()) -> list[StartError]:
        """Start all processes and begin the session once each is ready.

        A process in `optional` that cannot start is returned with the reason, and left out, for as long as its device
        is not to be had if that is the reason; any other raises StartError. A plug-in's is not waited for.
        """
        tolerated = set(optional)
        left_out: list[StartError] = []
        for ward in sorted(self._wards.values(), key=lambda ward: -ward.worker.tier):
            self._spawn(ward)
        deadline_s = time.monotonic() + self._settings.start_s
        awaited = [ward for ward in self._wards.values() if not ward.worker.plug_in]
        while waiting := [ward for ward in awaited if ward.health.state == "starting"]:
            self._listen(50)
            for ward in waiting:
                self._judge_start(ward, deadline_s)
                if ward.health.state == "failed":
                    problem = StartError(ward.worker.name, ward.health.reason)
                    if ward.worker.name not in tolerated:
                        raise problem
                    left_out.append(problem)
                    if ward.child is not None and ward.child.wait(_END_S) and ward.is_away:
                        ward.child.stop()
                        ward.retry(time.monotonic(), ward.health.reason, self._settings.restarts_within_s)
        self._origin_monotonic_ns = time.monotonic_ns()
        for ward in self._wards.values():
            if ward.child is not None and ward.is_running:
                ward.child.go(self._origin_monotonic_ns)
                ward.heard_s = time.monotonic()  # it has been waiting in silence for the slowest of them
        return left_out

    def attend(self, timeout_ms: int) -> None:
        """Do what is due: take pulses, notice deaths and silences, restart, report. Call it in a loop."""
        changed = self._listen(timeout_ms)
        now_s = time.monotonic()
        for ward in self._wards.values():
            changed |= not ward.settled and self._attend(ward, now_s)
        if self._governor.judge(now_s):
            changed = True
            for ward in self._wards.values():
                self._set_pace(ward)
        self._understudy.attend(now_s)
        if changed or now_s - self._told_s >= self._settings.pulse_s:
            self._told_s = now_s
            self._to_fusion.send(self.condition)

    def stop(self) -> None:
        """End every process, writers before their readers, and remove the session's folder. Safe to call twice."""
        self._understudy.close(_END_S)
        for tier in sorted({ward.worker.tier for ward in self._wards.values()}):
            self._stop_tier([ward for ward in self._wards.values() if ward.worker.tier == tier])
        self._pulses.close()
        self._to_fusion.close(linger_ms=0)
        self._context.term()
        if self._frames is not None:
            os.close(self._frames)
            self._frames = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _spawn(self, ward: Ward) -> None:
        restarted = ward.health.restarts > 0
        child = self._understudy.step_in() if restarted and ward.worker.name == "fusion" else None
        if child is None:
            frames = self._frames if ward.worker.name in _LENDING else None
            child = Child(msgspec.structs.replace(ward.assignment, restarted=restarted, frames=frames), self.folder)
        ward.begin(child, time.monotonic())

    def _judge_start(self, ward: Ward, deadline_s: float) -> None:
        """Call a process failed that has died, or taken too long, before it was ready."""
        self._hear_out(ward)
        if ward.health.state != "starting":
            return
        name = ward.worker.name
        if ward.exit_code is not None:
            ward.set("failed", f"the {name} process ended while starting: {ward.obituary}")
        elif time.monotonic() > deadline_s:
            ward.set("failed", f"the {name} process was not ready within {self._settings.start_s:g} s")

    def _listen(self, timeout_ms: int) -> bool:
        """Take the pulses that have arrived; whether a state has changed."""
        changed = False
        for pulse in self._pulses.receive(timeout_ms):
            ward = self._wards.get(pulse.worker) if isinstance(pulse, Pulse | Absorbed) else None
            if not isinstance(pulse, Pulse | Absorbed) or ward is None or ward.settled or ward.child is None:
                continue
            if isinstance(pulse, Absorbed):
                if pulse.pid == ward.child.pid:
                    ward.hear(time.monotonic(), pulse)
                continue
            if pulse.pid != ward.child.pid or (ward.is_down and pulse.state != "finished"):
                continue  # the last words of the dead; only that it had finished is still news
            now_s = time.monotonic()
            ward.hear(now_s)
            changed |= ward.take(pulse, began=ward.worker.plug_in or self._origin_monotonic_ns is not None)
            self._weigh(ward, pulse, now_s)
        return changed

    def _hear_out(self, ward: Ward) -> None:
        """Take the reason of one that ended because it could not go on: its end may be seen before its last pulse."""
        deadline_s = time.monotonic() + _LAST_WORDS_S
        while ward.exit_code in (EXIT_FAILED, EXIT_AWAY) and not ward.last_words:
            if (left_s := deadline_s - time.monotonic()) <= 0:
                return  # it died on its way out, and its log has to tell
            self._listen(round(left_s * 1000) + 1)

    def _weigh(self, ward: Ward, pulse: Pulse, now_s: float) -> None:
        """Let the governor know how an encoder keeps up."""
        name = ward.worker.name
        if not ward.worker.is_paced:
            return
        if ward.settled:
            self._governor.forget(name)
        elif pulse.state == "running":
            skips = any(edge.keep == "newest" for edge in EDGES if edge.reader == name)
            # One that skips what it has no time for is in time even if it is always at work.
            self._governor.note(name, Load(pulse.lag_ms / 1000, None if skips else pulse.busy), now_s)

    def _set_pace(self, ward: Ward) -> None:
        """Tell an encoder that runs what is asked of it."""
        if ward.worker.is_paced and ward.child is not None and ward.is_running:
            ward.child.keep(self._governor.pace)

    def _attend(self, ward: Ward, now_s: float) -> bool:
        """Do what one process needs; whether its state has changed."""
        if ward.retry_s is not None:
            if now_s < ward.retry_s or (ward.child is not None and ward.exit_code is None):
                return False  # two of a kind would be in each other's way
            self._spawn(ward)
            if ward.child is not None and self._origin_monotonic_ns is not None:
                ward.child.go(self._origin_monotonic_ns)
                self._set_pace(ward)
            return True
        if ward.doomed_s is not None:
            return self._finish_off(ward, now_s)
        if ward.exit_code is not None:
            self._hear_out(ward)
            self._fell(ward, ward.last_words or ward.obituary, now_s)
        elif ward.child is not None and (silent_s := self._silence(ward, ward.child, now_s)):
            ward.child.ask_for_stacks()
            ward.doomed_s = now_s + _STACKS_S
            ward.set("restarting", f"no sign of life for {silent_s:g} s")
        elif ward.child is not None and (excess := ward.overgrown(self._settings.growth_mb)):
            ward.child.kill()
            self._fell(ward, excess, now_s)
        else:
            return False
        return True

    def _silence(self, ward: Ward, child: Child, now_s: float) -> float:
        """For how long it has shown no sign of life, if that is too long; else 0.

        Who does not move at all has not long to wait for: one that is stopped, or that sleeps though it is of those
        that wake many times a second, and has not said that it would be away, or that it cannot go on. Nor has one
        that is at work on one and the same step for longer than any of its steps can take.
        """
        starting = ward.health.state == "starting"
        patience_s = self._settings.start_s if starting else self._settings.silence_s + ward.absorbed_s
        silent_s = now_s - ward.heard_s
        if silent_s > patience_s:
            return patience_s
        if ward.health.state != "running":
            return 0.0
        motion, live = child.motion(now_s), ward.assignment.source == "live"
        may_sleep = ward.absorbed_s or ward.last_words or not ward.worker.is_wakeful(live=live)
        if motion == "stopped" or (motion == "asleep" and not may_sleep):
            return STILL_S
        in_circles = not ward.last_words and child.worked_s(now_s) > ward.longest_step_s
        return round(silent_s, 1) if in_circles else 0.0

    def _finish_off(self, ward: Ward, now_s: float) -> bool:
        """Kill one that hangs once it has said where, or has had the time to."""
        place = ward.whereabouts
        if ward.child is None or not (place or ward.exit_code is not None or now_s >= (ward.doomed_s or now_s)):
            return False
        ward.child.kill()
        self._fell(ward, ward.health.reason + (f"; it was in {place}" if place else ""), now_s)
        return True

    def _fell(self, ward: Ward, reason: str, now_s: float) -> None:
        """Decide what follows a death: another try after a pause, or none."""
        if ward.child is not None:
            ward.child.stop()
        ward.doomed_s = None
        self._governor.forget(ward.worker.name)
        within_s = self._settings.restarts_within_s
        if ward.is_away:  # no failure of its own, and it may be plugged in again whenever its owner likes
            ward.retry(now_s, reason, within_s)
            return
        failures = ward.count_failure(now_s, within_s)
        played = ward.assignment.source != "live" and ward.worker.tier == 0
        over = ward.exit_code == EXIT_FAILED and (played or ward.worker.name == "recorder")
        hopeless = over or failures >= self._settings.restarts
        if ward.worker.modality is not None and (hopeless or self._has_no_writer(ward)):
            self._to_fusion.send(Ended(ward.worker.modality))  # it can no longer say so itself
        if hopeless:
            often = f"failed {failures} times in {within_s:g} s, last: {reason}"
            ward.set("failed", reason if over else often)
            return
        steps_in = ward.worker.name == "fusion" and failures == 1 and self._understudy.waits
        ward.retry(now_s, reason, within_s, at_once=steps_in)

    def _has_no_writer(self, ward: Ward) -> bool:
        """Whether all that wrote to it have come to their end, so that nothing more will reach it."""
        writers = [edge.writer for edge in EDGES if edge.reader == ward.worker.name]
        theirs = (self._wards[writer].settled for writer in writers if writer in self._wards)
        return not ward.worker.plug_in and all(theirs)

    def _stop_tier(self, wards: list[Ward]) -> None:
        children = [ward.child for ward in wards if ward.child is not None]
        for ward in wards:
            if ward.child is not None and ward.health.state == "starting":
                ward.child.kill()  # it has nothing yet to put in order, and would first load all that it is loading
            elif ward.child is not None:
                ward.child.stop()
        deadline_s = time.monotonic() + self._settings.stop_s
        for child in children:
            if not child.wait(deadline_s - time.monotonic()):
                child.kill()
        for child in children:
            child.wait(_END_S)
        for ward in wards:
            if ward.health.state != "failed":
                ward.set("stopped")


def private_folder() -> Path:
    """A new folder only its owner can enter, for a session's sockets and logs."""
    return Path(tempfile.mkdtemp(prefix="deadpan-"))
