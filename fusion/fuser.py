"""Embeddings and watermarks in, estimates on a fixed grid out: event-time fusion.

Tick k speaks of the session up to T_k = (k + 1) * period. Its revision 0 leaves once the watermarks of voice and face
have passed T_k, at the latest `max_wait` after T_k. Words come later, and so may what a plug-in's sensor tells: it does
not wait for them. The final revision leaves once all watermarks have passed T_k, at the latest `lateness` after T_k.
After Beam's panes and Flink's idle sources: a modality that has not been heard of for its idle time is masked, and
nothing waits for it, but that a final revision gives it `max_wait` to wake. So what the final revisions say depends on
no order of arrival, as long as voice and face come within `max_wait`, all else within `lateness` and never further
apart than its idle time, and no watermark overtakes what it speaks of.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import is_

from encoders.samples import Embedding, Interval, Modality
from fusion.estimate import Estimate, FusionModel, Scores, Standing, Window
from fusion.hysteresis import Hysteresis
from fusion.timeline import Timeline

_MS = 1_000_000
_PROMPT = (Modality.FACE, Modality.VOICE)
"""What comes in time for a first revision."""


@dataclass(frozen=True, slots=True)
class FuserSettings:
    """The grid and its patience."""

    period_ns: int = 200 * _MS
    window_ns: int = 8000 * _MS
    max_wait_ns: int = 150 * _MS
    lateness_ns: int = 3000 * _MS
    idle_ns: Mapping[Modality, int] = field(
        default_factory=lambda: {Modality.FACE: 1000 * _MS, Modality.VOICE: 1000 * _MS, Modality.TEXT: 3000 * _MS}
    )

    def __post_init__(self) -> None:
        if not (100 * _MS <= self.period_ns <= 500 * _MS):
            raise ValueError("fusion runs at 2 to 10 Hz")
        if not (0 <= self.max_wait_ns <= self.lateness_ns and self.period_ns <= self.window_ns):
            raise ValueError("fusion needs 0 <= max_wait <= lateness and a window of at least one period")


@dataclass(frozen=True, slots=True)
class _Pending:
    """A tick whose final revision is still to come, and what its first was made of and said."""

    tick: int
    window: Window
    scores: Scores


class Fuser:
    """The state of one session's fusion. It reads no clock: every call is told the time on the session's axis."""

    def __init__(
        self,
        model: FusionModel,
        modalities: Collection[Modality],
        settings: FuserSettings | None = None,
        start_ns: int = 0,
    ) -> None:
        self._model = model
        self._settings = settings or FuserSettings()
        self._timelines = {modality: Timeline(growing=modality is Modality.TEXT) for modality in sorted(modalities)}
        for timeline in self._timelines.values():
            timeline.heard_ns = start_ns
        self._prompt = [modality for modality in _PROMPT if modality in self._timelines]
        self._next = -(-start_ns // self._settings.period_ns)
        self._pending: deque[_Pending] = deque()
        self._settled_ns = -1
        self._state = Hysteresis()  # after the last final revision

    @property
    def losses(self) -> dict[str, int]:
        """Embeddings dropped, by modality and reason."""
        return {
            f"{modality}_{reason}": count
            for modality, timeline in self._timelines.items()
            for reason, count in timeline.losses.items()
            if count
        }

    @property
    def next_deadline_ns(self) -> int:
        """When advance() will have something to say even if nothing arrives. It may be past."""
        first_ns = self._first_due_ns(self._end_ns(self._next))
        if not self._pending:
            return first_ns
        return min(first_ns, self._final_due_ns(self._end_ns(self._pending[0].tick)))

    @property
    def next_end_ns(self) -> int:
        """The end of the first tick that has no revision yet. It may be past."""
        return self._end_ns(self._next)

    def push(self, embedding: Embedding, now_ns: int) -> None:
        """Take an embedding. One of a modality this session does not use is an error: KeyError."""
        timeline = self._timelines[embedding.modality]
        timeline.push(embedding, settled_ns=self._settled_ns, now_ns=now_ns)
        timeline.heard_ns = now_ns

    def bound(self, modality: Modality, bound_ns: int, now_ns: int) -> None:
        """Take a watermark: nothing of this modality that ends at or before `bound_ns` is still to come."""
        timeline = self._timelines[modality]
        timeline.bound(bound_ns)
        timeline.heard_ns = now_ns

    def close(self, modality: Modality) -> None:
        """The modality's stream has ended: nothing at all is still to come."""
        self._timelines[modality].closed = True

    def advance(self, now_ns: int) -> list[Estimate]:
        """Publish what is due at `now_ns`: first revisions in order of ticks, and final ones, each as it became due."""
        return list(self.due(now_ns))

    def due(self, now_ns: int) -> Iterator[Estimate]:
        """The same one by one, each made when it is asked for: after a long absence there are many."""
        while (due_ns := self.next_deadline_ns) <= now_ns:
            if self._pending and self._final_due_ns(self._end_ns(self._pending[0].tick)) == due_ns:
                first = self._pending.popleft()
                yield self._finish(first.tick, first)
                continue
            tick, self._next = self._next, self._next + 1
            if not self._pending and self._final_due_ns(self._end_ns(tick)) <= now_ns:
                yield self._finish(tick)
            else:
                yield self._begin(tick)

    def over(self, interval: Interval) -> Estimate:
        """The estimate for a stretch of its own, for instance a finished utterance. It does not touch the grid."""
        window, standings = self._judged(interval)
        scores = self._model.fuse(window)
        return Estimate(0, 0, True, interval, scores, Hysteresis().push(scores.sarcasm), standings)

    def _begin(self, tick: int) -> Estimate:
        """A first revision, with a final one to follow."""
        interval = self._stretch(tick)
        window, standings = self._judged(interval)
        scores = self._model.fuse(window)
        state = self._state.after((each.scores.sarcasm for each in self._pending), scores.sarcasm)
        self._pending.append(_Pending(tick, window, scores))
        return Estimate(tick, 0, False, interval, scores, state, standings)

    def _finish(self, tick: int, first: _Pending | None = None) -> Estimate:
        """The final revision of the oldest tick that has none. Where it is told what the `first` was told it says the
        same: the model is not asked again.
        """
        interval = self._stretch(tick)
        self._settled_ns = interval.end_ns
        for timeline in self._timelines.values():
            timeline.forget_before(interval.start_ns)
        window, standings = self._judged(interval)
        unchanged = first is not None and _is_same(first.window, window)
        scores = first.scores if first is not None and unchanged else self._model.fuse(window)
        revision = 0 if first is None else 1
        return Estimate(tick, revision, True, interval, scores, self._state.push(scores.sarcasm), standings)

    def _judged(self, interval: Interval) -> tuple[Window, dict[Modality, Standing]]:
        """What the model is told of a stretch, and how each modality stands. Only those that are ok have a say."""
        window = self._window(interval)
        standings = self._standings(window)
        unmasked = {m: known for m, known in window.embeddings.items() if standings[m].status == "ok"}
        return Window(interval, unmasked), standings

    def _window(self, interval: Interval) -> Window:
        return Window(
            interval,
            {
                modality: known
                for modality, timeline in self._timelines.items()
                if (known := timeline.known(interval.start_ns, interval.end_ns))
            },
        )

    def _standings(self, window: Window) -> dict[Modality, Standing]:
        standings: dict[Modality, Standing] = {}
        for modality in dict.fromkeys([*Modality, *self._timelines]):
            if modality not in self._timelines:
                standings[modality] = Standing("off", None)
                continue
            newest = next((e for e in reversed(window.embeddings.get(modality, ())) if e.confidence > 0), None)
            if newest is None:
                standings[modality] = Standing("absent", None)
                continue
            age_ns = max(0, window.interval.end_ns - newest.interval.end_ns)
            standings[modality] = Standing("stale" if self._is_stale(modality, window) else "ok", age_ns)
        return standings

    def _first_due_ns(self, end_ns: int) -> int:
        """When the first revision of a tick leaves if nothing more arrives."""
        return min(end_ns + self._settings.max_wait_ns, self._heard_out_ns(self._prompt, end_ns, end_ns))

    def _final_due_ns(self, end_ns: int) -> int:
        """When the final revision of a tick leaves if nothing more arrives."""
        waking_ns = end_ns + self._settings.max_wait_ns
        return min(end_ns + self._settings.lateness_ns, self._heard_out_ns(self._timelines, end_ns, waking_ns))

    def _heard_out_ns(self, modalities: Iterable[Modality], end_ns: int, waking_ns: int) -> int:
        """From when on none of them is waited for: one that may still have something to say up to `end_ns` is until it
        is idle, and at least until `waking_ns`.
        """
        heard_out_ns = end_ns
        for modality in modalities:
            timeline = self._timelines[modality]
            if not timeline.closed and timeline.bound_ns < end_ns:
                idle_from_ns = timeline.heard_ns + self._settings.idle_ns[modality] + 1
                heard_out_ns = max(heard_out_ns, idle_from_ns, waking_ns)
        return heard_out_ns

    def _is_stale(self, modality: Modality, window: Window) -> bool:
        """Whether a modality had long stopped by a window's end: by its own time, so that arrival decides nothing."""
        newest_ns = window.embeddings[modality][-1].interval.end_ns
        last_ns = max(newest_ns, self._timelines[modality].bound_by(window.interval.end_ns))
        return window.interval.end_ns - last_ns > self._settings.idle_ns[modality]

    def _stretch(self, tick: int) -> Interval:
        end_ns = self._end_ns(tick)
        return Interval(max(0, end_ns - self._settings.window_ns), end_ns)

    def _end_ns(self, tick: int) -> int:
        return (tick + 1) * self._settings.period_ns


def _is_same(first: Window, second: Window) -> bool:
    """Whether two windows of one stretch hold the very same embeddings."""
    return first.embeddings.keys() == second.embeddings.keys() and all(
        len(known) == len(second.embeddings[modality]) and all(map(is_, known, second.embeddings[modality]))
        for modality, known in first.embeddings.items()
    )
