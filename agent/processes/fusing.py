"""The fusion process's work: embeddings, watermarks and transcripts in, messages out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from agent.config import FusionConfig
from agent.plug_ins.roster import Plugged
from agent.processes.wire import Bound, Condition, Ended, Value
from agent.stream.composer import Composer
from agent.stream.health import is_recorded
from deadpan.messages import Message
from encoders.samples import Embedding, Modality, Transcript
from fusion.fuser import Fuser, FuserSettings
from fusion.model import Fusion
from fusion.shipped import load as load_fusion

_S = 1_000_000_000
_AHEAD_NS = 10 * _S
"""What is this far ahead of the clock was sent by a process that has gone astray."""


def fuser_settings(config: FusionConfig, plugged: Iterable[Plugged] = ()) -> FuserSettings:
    usual = FuserSettings()
    return FuserSettings(
        period_ns=round(_S / config.tick_hz),
        window_ns=round(_S * config.window_s),
        max_wait_ns=round(_S * config.max_wait_s),
        lateness_ns=round(_S * config.lateness_s),
        idle_ns={**usual.idle_ns, **{each.modality: each.idle_ns for each in plugged}},
    )


class FusingStage:
    """One session's fusion with its numbering of messages. Told the time, like every stage.

    Without a `model` it loads the one that ships. What is `plugged` in takes part for as long as the session lasts,
    which its `modalities` decide.
    """

    def __init__(
        self,
        config: FusionConfig,
        modalities: Collection[Modality],
        session: str,
        stream: str,
        start_ns: int = 0,
        model: Fusion | None = None,
        plugged: Collection[Plugged] = (),
    ) -> None:
        model = model or load_fusion().expecting(config.base_rate)
        self.composer = Composer(session, stream, f"deadpan-{model.version}")
        self._plugged = {each.modality: each.dim for each in plugged}
        self._widths = {modality: getattr(model.function.dims, modality) for modality in modalities} | self._plugged
        self._implausible = 0
        self._fuser = Fuser(model, self._widths, fuser_settings(config, plugged), start_ns)
        self._open = set(modalities)
        self.media_end_ns = 0
        """How far the session's evidence reaches."""
        self._said: Embedding | None = None
        self._sarcasm_state = "unknown"
        self._lost_sights: Counter[str] = Counter()
        self._lost_sounds: Counter[str] = Counter()
        self._lost_elsewhere: Counter[str] = Counter()
        self.sketching = False
        """Whether somebody looks on: then the embeddings' outlines and contours become messages too."""
        self.finished = False
        """Whether every stream has ended and the last estimate has been made."""

    @property
    def counters(self) -> dict[str, int]:
        return self._fuser.losses | ({"implausible": self._implausible} if self._implausible else {})

    @property
    def next_deadline_ns(self) -> int:
        return self._fuser.next_deadline_ns

    @property
    def next_tick_ns(self) -> int:
        """When the next tick ends: what face, voice or a plug-in tells before that can lie, for it makes no first
        revision due. 0 while somebody looks on, who wants to see it at once.
        """
        return 0 if self.sketching else self._fuser.next_end_ns

    def push(self, value: Value, now_ns: int) -> Iterator[Message]:
        """Take what a process sent; return the messages it makes due at once."""
        match value:
            case Embedding() | Bound() | Transcript() | Ended() if not self._is_plausible(value, now_ns):
                self._implausible += 1
            case Embedding() if value.modality in self._plugged:  # a sensor may be worn for longer than the session is
                self._fuser.push(value, now_ns)
            case Bound(modality, bound_ns) if modality in self._plugged:
                self._fuser.bound(modality, bound_ns, now_ns)
            case Embedding():
                self._fuser.push(value, now_ns)
                if value.words is not None:
                    self._said = value
                self.media_end_ns = max(self.media_end_ns, value.interval.end_ns)
                if self.sketching:
                    yield from self.composer.sketches(value, now_ns)
            case Bound(modality, bound_ns):
                self._fuser.bound(modality, bound_ns, now_ns)
                self.media_end_ns = max(self.media_end_ns, bound_ns)
            case Transcript():
                for conflict in value.conflicts:
                    yield self.composer.conflict(value, conflict, now_ns)
                # The embedding of a transcript comes right before it, from the same process.
                said = self._said.words if self._said is not None and self._said.interval == value.interval else None
                yield self.composer.transcript(value, now_ns, said)
                if value.final and value.words:
                    over = self._fuser.over(value.interval)
                    yield self.composer.utterance(value, over, now_ns, said)
            case Condition(workers, pace, strain):
                self.composer.recording = is_recorded(workers)
                yield self.composer.health(workers, pace, strain, now_ns)
            case Ended(sender, losses):
                self._take_losses(Modality(sender), losses)
                self._fuser.close(Modality(sender))
                self._open.discard(Modality(sender))
                for modality in () if self._open else self._plugged:
                    self._fuser.close(modality)  # nothing is waited for that would come after the end

    def advance(self, now_ns: int) -> Iterator[Message]:
        """The estimates due at `now_ns`, with the events they make; after the last stream's end, the last of them."""
        ended = not self._open
        for estimate in self._fuser.due(min(now_ns, self.media_end_ns) if ended else now_ns):
            yield self.composer.estimate(estimate, now_ns)
            if estimate.revision == 0 and estimate.state != self._sarcasm_state:
                if estimate.state == "on":
                    yield self.composer.event("sarcasm_on", estimate.interval.end_ns, now_ns)
                elif self._sarcasm_state == "on":
                    yield self.composer.event("sarcasm_off", estimate.interval.end_ns, now_ns)
                self._sarcasm_state = estimate.state
        if ended and not self.finished and now_ns >= self.media_end_ns:
            self.finished = True
            losses = _listed(self._lost_sights + self._lost_sounds + self._lost_elsewhere)
            yield self.composer.event("source_ended", self.media_end_ns, now_ns, detail=losses)

    def _is_plausible(self, value: Embedding | Bound | Transcript | Ended, now_ns: int) -> bool:
        """Whether fusion can take it, and the session goes on well with it: one astray must not take all along."""
        latest_ns = now_ns + _AHEAD_NS
        match value:
            case Embedding():
                width = self._widths.get(value.modality)
                vectors = value.vector.shape if value.words is None else value.words.vectors.shape
                fits = width is not None and (width == 0 or vectors[-1] == width or 0 in vectors)
                return fits and value.interval.end_ns <= latest_ns
            case Bound():
                return value.modality in self._widths and value.bound_ns <= latest_ns
            case Transcript():
                return value.interval.end_ns <= latest_ns
            case Ended():
                return value.sender in self._widths

    def _take_losses(self, modality: Modality, losses: dict[str, int]) -> None:
        """Voice and text come of one sound: both tell what it lost, and it is counted once."""
        if modality in self._plugged:
            self._lost_elsewhere |= Counter({f"{modality}_{reason}": count for reason, count in losses.items()})
        elif modality is Modality.FACE:
            self._lost_sights |= Counter(losses)
        else:
            self._lost_sounds |= Counter(losses)


def _listed(losses: Counter[str]) -> str:
    """What a source lost, in words: nothing, or for instance `truncated 1, decode_errors 3`."""
    return ", ".join(f"{reason} {count}" for reason, count in sorted(losses.items()))
