"""What the processes do between ready and stop: capture or encode, or what has a module of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.capture.feed_line import is_feed
from agent.capture.pacing import due_ns, paced
from agent.capture.source import Recorded, Source, Step, no_step
from agent.clock import SessionClock
from agent.errors import DeadpanError
from agent.isolation import Outside
from agent.plug_ins.roster import opened
from agent.processes.assignment import Assignment, Orders
from agent.processes.bus import Bus
from agent.processes.encoding import Encoding
from agent.processes.heart import Heart
from agent.processes.keeping import Keeping, give_way, recorder_of
from agent.processes.models import Models
from agent.processes.publishing import Publishing
from agent.processes.sensing import Encoded, Sensing
from agent.processes.stages import encoding_stage
from agent.processes.wire import Absorbed, Ended
from agent.processes.work import Work, living
from encoders.samples import AudioChunk, Measurement, VideoFrame

if TYPE_CHECKING:
    from agent.processes.mirror import Mirror

_SILENT_NS = 3_000_000_000
"""A source that lives but gives nothing for this long is remarked upon."""


@contextmanager
def prepare(
    assignment: Assignment,
    bus: Bus,
    outside: Outside | None = None,
    models: Models | None = None,
    step: Step = no_step,
) -> Iterator[Work]:
    """Load and open what a process needs; the stream `outside` where the process itself has no network.

    `models` may hold what is loaded already. `step` is called for what the work does between two rounds of its loop.
    Raises CaptureError or PublishError with what to do about it.
    """
    config = assignment.config
    models = models or Models(config.speech)
    with ExitStack() as stack:
        if (plugged := assignment.plug_in) is not None:
            sensor, sensing = opened(plugged)
            stack.enter_context(sensor)
            yield Capturing(sensor, Encoded(Sensing(plugged, sensing), bus), assignment)
            return
        match assignment.name:
            case "camera" | "microphone":
                source = _source(assignment, step)
                stack.enter_context(source)
                if assignment.shown_at is not None:
                    from agent.processes.mirror import Mirror  # with what makes pictures, for those that are shown

                    mirror = stack.enter_context(Mirror(bus, assignment.shown_at))
                    yield Capturing(source, mirror, assignment, mirror.counters)
                else:
                    yield Capturing(source, bus, assignment)
            case "fusion":
                publishing = Publishing(bus, assignment, models.fusion, outside)
                stack.callback(publishing.close)
                yield publishing
            case "recorder":
                give_way()
                yield Keeping(stack.enter_context(recorder_of(assignment)), bus)
            case encoder:

                def announce(for_s: float, work_s: float) -> None:
                    step()  # of what it does for a chunk, each reading is one
                    bus.to_supervisor.send(Absorbed(encoder, os.getpid(), for_s, work_s))

                yield Encoding(
                    encoding_stage(
                        encoder,
                        models,
                        config.speech,
                        rate_hz=config.camera.rate_hz,
                        announce=announce,
                        sketching=True,
                    ),
                    bus,
                )


class Capturing:
    """Stamped samples from a device, a feed or a recording, to whoever reads them."""

    def __init__(
        self,
        source: Source[VideoFrame | None] | Source[AudioChunk | None] | Source[Measurement | None],
        bus: Bus | Encoded | Mirror,
        assignment: Assignment,
        shown: Mapping[str, int] | None = None,
    ) -> None:
        self._source, self._bus, self._name = source, bus, assignment.name
        self._shown = {} if shown is None else shown
        self._live = assignment.source == "live"
        self._restarted = assignment.restarted

    @property
    def counters(self) -> dict[str, int]:
        return {**self._source.losses, **self._shown}

    def run(self, clock: SessionClock, orders: Orders, heart: Heart) -> None:
        given_ns = clock.now_ns()
        try:
            for sample in self._samples(clock):
                if orders.stopped.is_set():
                    return
                now_ns = clock.now_ns()
                if sample is not None:
                    self._bus.send(sample)  # type: ignore[arg-type]  # whoever made this has paired them
                    given_ns = now_ns
                    heart.beat_if_due(now_ns, lambda: self.counters, (now_ns - due_ns(sample)) / 1e6)
                elif now_ns - given_ns < _SILENT_NS:
                    heart.beat_if_due(now_ns, lambda: self.counters, 0.0)
                else:
                    heart.beat_if_due(now_ns, lambda: self.counters, 0.0, f"nothing comes of {self._source.name}")
        except DeadpanError as error:
            if self._live:  # it may come back
                heart.beat("failed", self.counters, str(error))  # now: a device that is gone may be slow to close
            else:
                self._conclude(clock, orders, heart)
            raise
        self._conclude(clock, orders, heart)

    def _conclude(self, clock: SessionClock, orders: Orders, heart: Heart) -> None:
        self._bus.conclude(Ended(self._name, dict(self._source.losses)), living(self, clock, orders, heart))

    def _samples(self, clock: SessionClock) -> Iterator[VideoFrame | AudioChunk | Measurement | None]:
        if self._live:
            # Devices stamp on the machine's clock, because they are open before the session has an origin.
            for sample in self._source:
                if sample is None:
                    yield None
                    continue
                shifted = replace(sample, pts_ns=sample.pts_ns - clock.origin_monotonic_ns)
                if shifted.pts_ns >= 0:
                    yield shifted
            return
        began_ns = clock.now_ns() if self._restarted else 0
        if self._restarted and isinstance(self._source, Recorded):
            self._source.begin_at(began_ns)
        for sample in paced(self._source, clock):
            yield (
                sample if sample is None or sample.pts_ns >= began_ns else None
            )  # it lives while it looks for its place


def _source(assignment: Assignment, step: Step) -> Source[VideoFrame | None] | Source[AudioChunk | None]:
    """The device, feed or recording that a capture process reads."""
    camera = assignment.config.camera
    if assignment.source == "live":
        machine = SessionClock(0)
        address = assignment.camera if assignment.name == "camera" else assignment.microphone
        if isinstance(address, str) and is_feed(address):
            from agent.capture.fed import FedAudio, FedVideo

            if assignment.name == "camera":
                return FedVideo(address, machine, camera.rate_hz)
            return FedAudio(address, machine)
        if assignment.name == "camera":
            from agent.capture.camera import Camera

            device = 0 if assignment.camera is None else assignment.camera
            return Camera(device, machine, rate_hz=camera.rate_hz, size=(camera.width, camera.height))
        from agent.capture.microphone import Microphone

        return Microphone(assignment.microphone, machine)
    from agent.capture.recording import RecordingAudio, RecordingVideo

    if assignment.name == "camera":
        return RecordingVideo(assignment.source, max_rate_hz=camera.rate_hz, step=step)
    return RecordingAudio(assignment.source, step=step)
