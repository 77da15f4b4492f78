"""The fusion process's work: everything the encoders say in, the public stream out."""

from __future__ import annotations

from agent import __version__
from agent.clock import SessionClock
from agent.isolation import Outside
from agent.plug_ins.roster import terms_of
from agent.processes.assignment import POLL_MS, Assignment, Orders
from agent.processes.bus import Bus
from agent.processes.fusing import FusingStage
from agent.processes.heart import Heart
from agent.processes.wire import Told
from agent.stream.publisher import Publisher
from deadpan.messages import ON_REQUEST, Estimate, Message, to_json, type_name
from encoders.samples import Modality
from fusion.model import Fusion

_MS = 1_000_000


class Publishing:
    """Fuses on the clock, and publishes. The stream is opened `outside` where the process itself has no network."""

    def __init__(self, bus: Bus, assignment: Assignment, model: Fusion, outside: Outside | None) -> None:
        self._bus, self._assignment = bus, assignment
        self._model = model.expecting(assignment.config.fusion.base_rate).heeding(terms_of(assignment.plugged))
        self._is_recorded = assignment.record is not None
        publish = assignment.config.publish

        def opened() -> Publisher:
            return Publisher(publish.endpoint, publish.encoding, publish.keys_folder, publish.bus)

        self._publisher = opened() if outside is None else outside.call(opened)
        if outside is not None:
            outside.close()

    @property
    def counters(self) -> dict[str, int]:
        return self._publisher.counters

    def close(self) -> None:
        self._publisher.close()

    def run(self, clock: SessionClock, orders: Orders, heart: Heart) -> None:
        inbox = self._bus.incoming
        stage = self._stage(clock)
        if self._is_recorded:  # the recording begins as a stream does for a newcomer
            self._bus.send(Told(to_json(self._welcome(stage, clock))))
        lag_ms = 0.0
        while not orders.stopped.is_set() and not stage.finished:
            self._publisher.greet_newcomers(lambda: self._welcome(stage, clock))
            stage.sketching = self._publisher.is_watched
            now_ns = clock.now_ns()
            wait_ms = min(POLL_MS, max(0, (stage.next_deadline_ns - now_ns) // _MS + 1))
            for value in inbox.receive(wait_ms, lying_ms=(stage.next_tick_ns - now_ns) // _MS):
                heart.step()
                for message in stage.push(value, clock.now_ns()):
                    self._say(message)
            for message in stage.advance(clock.now_ns()):
                if isinstance(message, Estimate) and message.revision == 0:  # the later one waits for words
                    lag_ms = message.latency_ms
                self._say(message)
                heart.step()  # after a machine has stood still there are many
            heart.beat_if_due(clock.now_ns(), lambda: self.counters | stage.counters, lag_ms)

    def _say(self, message: Message) -> None:
        self._publisher.publish(message)
        if self._is_recorded and type_name(message) not in ON_REQUEST:  # those are for whoever looks on, now
            self._bus.send(Told(to_json(message)))

    def _stage(self, clock: SessionClock) -> FusingStage:
        assignment = self._assignment
        stage = FusingStage(
            assignment.config.fusion,
            [Modality(name) for name in assignment.modalities],
            assignment.session,
            assignment.config.publish.stream,
            start_ns=clock.now_ns() if assignment.restarted else 0,
            model=self._model,
            plugged=assignment.plugged,
        )
        stage.composer.recording = self._is_recorded  # until it is heard how the recorder is
        return stage

    def _welcome(self, stage: FusingStage, clock: SessionClock) -> Message:
        return stage.composer.welcome(
            now_ns=clock.now_ns(),
            version=__version__,
            origin_monotonic_ns=clock.origin_monotonic_ns,
            origin_unix_ns=self._assignment.origin_unix_ns,
            source=self._assignment.source,
            tick_hz=self._assignment.config.fusion.tick_hz,
        )
