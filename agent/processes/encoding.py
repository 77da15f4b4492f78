"""Samples in, embeddings and watermarks out, through a stage: the work of face, prosody and speech."""

from __future__ import annotations

from agent.capture.pacing import due_ns
from agent.clock import SessionClock
from agent.processes.assignment import POLL_MS, Orders
from agent.processes.bus import Bus
from agent.processes.heart import Heart
from agent.processes.naps import Naps
from agent.processes.stages import Stage
from agent.processes.wire import Ended
from agent.processes.work import living
from encoders.samples import NS_PER_S, AudioChunk, VideoFrame

_AHEAD_NS = 10_000_000_000
"""What is stamped further ahead of the clock than this comes of a process that has gone astray."""


class Encoding:
    """Takes in what comes once it can make a difference to what is told, and not before: see naps."""

    def __init__(self, stage: Stage, bus: Bus) -> None:
        self._stage, self._bus = stage, bus
        self._implausible = 0

    @property
    def counters(self) -> dict[str, int]:
        return self._stage.counters | ({"implausible": self._implausible} if self._implausible else {})

    def run(self, clock: SessionClock, orders: Orders, heart: Heart) -> None:
        inbox, naps = self._bus.incoming, Naps()
        lag_ms = 0.0
        while not orders.stopped.is_set():
            nap_ns = naps.left_ns(self._stage.awaited_ns, clock.now_ns())
            if nap_ns and orders.stopped.wait(nap_ns / NS_PER_S):
                return
            for value in inbox.receive(POLL_MS):
                if isinstance(value, VideoFrame | AudioChunk) and due_ns(value) > clock.now_ns() + _AHEAD_NS:
                    self._implausible += 1
                    continue
                if orders.pace is not None:
                    self._stage.keep(orders.pace)
                began_ns = clock.now_ns()
                if isinstance(value, AudioChunk):
                    naps.note(value)
                for made in self._stage.push(value, began_ns):
                    if isinstance(made, Ended):
                        self._bus.conclude(made, living(self, clock, orders, heart))
                    else:
                        self._bus.send(made)
                done_ns = clock.now_ns()
                heart.worked(done_ns - began_ns)
                if isinstance(value, VideoFrame | AudioChunk):
                    wanted_ns = max(due_ns(value), naps.wanted_ns)  # it was left lying until then
                    lag_ms = max(0, done_ns - wanted_ns) / 1e6
                heart.beat_if_due(done_ns, lambda: self.counters, lag_ms, self._stage.remark)
            heart.beat_if_due(clock.now_ns(), lambda: self.counters, lag_ms, self._stage.remark)
