"""Embeddings and watermarks in, estimates on a fixed grid out: event-time fusion.

Tick k speaks of the session up to T_k = (k + 1) * period. Its revision 0 leaves once every live modality's watermark
has passed T_k, at the latest `max_wait` after T_k. Words come later than voice and face: it does not wait for them.
The final revision leaves once all watermarks have passed T_k, words included, at the latest `lateness` after T_k.
After Beam's panes and Flink's idle sources; a silent modality is masked after its idle time, never waited for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from encoders.samples import Embedding, Interval, Modality
from fusion.estimate import Estimate, FusionModel, Scores, Standing, Window
from fusion.hysteresis import Hysteresis
from fusion.timeline import Timeline

_MS = 1_000_000


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
        self._next = -(-start_ns // self._settings.period_ns)
        self._pending: deque[int] = deque()
        self._settled_ns = -1
        self._provisional, self._settled = Hysteresis(), Hysteresis()

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
        """When advance() will have something to say even if nothing arrives."""
        due_ns = self._end_ns(self._next) + self._settings.max_wait_ns
        if self._pending:
            due_ns = min(due_ns, self._end_ns(self._pending[0]) + self._settings.lateness_ns)
        return due_ns

    def push(self, embedding: Embedding, now_ns: int) -> None:
        """Take an embedding. One of a modality this session does not use is an error: KeyError."""
        timeline = self._timelines[embedding.modality]
        timeline.push(embedding, settled_ns=self._settled_ns)
        timeline.heard_ns = max(timeline.heard_ns, now_ns)

    def bound(self, modality: Modality, bound_ns: int, now_ns: int) -> None:
        """Take a watermark: nothing of this modality that ends at or before `bound_ns` is still to come."""
        timeline = self._timelines[modality]
        timeline.bound_ns = max(timeline.bound_ns, bound_ns)
        timeline.heard_ns = max(timeline.heard_ns, now_ns)

    def close(self, modality: Modality) -> None:
        """The modality's stream has ended: nothing at all is still to come."""
        self._timelines[modality].closed = True

    def advance(self, now_ns: int) -> list[Estimate]:
        """Publish what is due at `now_ns`, in order of ticks."""
        estimates: list[Estimate] = []
        while (end_ns := self._end_ns(self._next)) <= now_ns and (
            now_ns >= end_ns + self._settings.max_wait_ns or self._complete(end_ns, now_ns, (Modality.TEXT,))
        ):
            if final := not self._pending and self._complete(end_ns, now_ns, ()):
                self._settle(end_ns)
            else:
                self._pending.append(self._next)
            estimates.append(self._estimate(self._next, revision=0, final=final))
            self._next += 1
        while self._pending:
            end_ns = self._end_ns(self._pending[0])
            if now_ns < end_ns + self._settings.lateness_ns and not self._complete(end_ns, now_ns, ()):
                break
            self._settle(end_ns)
            estimates.append(self._estimate(self._pending.popleft(), revision=1, final=True))
        return estimates

    def over(self, interval: Interval) -> Estimate:
        """The estimate for a stretch of its own, for instance a finished utterance. It does not touch the grid."""
        scores, standings = self._judge(interval)
        return Estimate(0, 0, True, interval, scores, Hysteresis().push(scores.sarcasm), standings)

    def _estimate(self, tick: int, *, revision: int, final: bool) -> Estimate:
        end_ns = self._end_ns(tick)
        interval = Interval(max(0, end_ns - self._settings.window_ns), end_ns)
        scores, standings = self._judge(interval)
        provisional = self._provisional.push(scores.sarcasm) if revision == 0 else None
        settled = self._settled.push(scores.sarcasm) if final else None
        state = provisional or settled or "unknown"  # what is said in time goes by what was said in time before
        return Estimate(tick, revision, final, interval, scores, state, standings)

    def _judge(self, interval: Interval) -> tuple[Scores, dict[Modality, Standing]]:
        """What the model makes of a stretch, and how each modality stands. Only those that are ok have a say."""
        window = self._window(interval)
        standings = self._standings(window)
        unmasked = {m: known for m, known in window.embeddings.items() if standings[m].status == "ok"}
        return self._model.fuse(Window(interval, unmasked)), standings

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
        for modality in Modality:
            if modality not in self._timelines:
                standings[modality] = Standing("off", None)
                continue
            evidence = [e for e in window.embeddings.get(modality, ()) if e.confidence > 0]
            if not evidence:
                standings[modality] = Standing("absent", None)
                continue
            age_ns = max(0, window.interval.end_ns - evidence[-1].interval.end_ns)
            standings[modality] = Standing("stale" if self._is_stale(modality, window) else "ok", age_ns)
        return standings

    def _complete(self, end_ns: int, now_ns: int, except_for: tuple[Modality, ...]) -> bool:
        return all(
            timeline.closed or timeline.bound_ns >= end_ns or self._is_idle(modality, now_ns)
            for modality, timeline in self._timelines.items()
            if modality not in except_for
        )

    def _is_idle(self, modality: Modality, now_ns: int) -> bool:
        timeline = self._timelines[modality]
        return now_ns - timeline.heard_ns > self._settings.idle_ns[modality]

    def _is_stale(self, modality: Modality, window: Window) -> bool:
        """Whether a modality had long stopped by a window's end: by its own time, so that arrival decides nothing."""
        newest_ns = window.embeddings[modality][-1].interval.end_ns
        last_ns = max(newest_ns, self._timelines[modality].bound_ns)
        return window.interval.end_ns - last_ns > self._settings.idle_ns[modality]

    def _settle(self, end_ns: int) -> None:
        self._settled_ns = end_ns
        for timeline in self._timelines.values():
            timeline.forget_before(end_ns - self._settings.window_ns)

    def _end_ns(self, tick: int) -> int:
        return (tick + 1) * self._settings.period_ns
