"""Clips with what was observed in them in; evidence at several moments of each, with its labels, out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from encoders.samples import Embedding, Interval, Modality
from fusion.estimate import Window
from fusion.evidence import ORDER, Dims, Evidence, gather, hear
from fusion.fuser import FuserSettings
from fusion.timeline import Timeline
from training.clips.corpora import Clip

HALF_LIFE_S = 2.0
"""Chosen, not fitted: the clips hold one utterance each and say nothing about how evidence ages."""
FRACTIONS = (0.25, 0.4, 0.55, 0.7, 0.85, 1.0)
"""How much of a clip's speech has been heard, so that a rolling estimate means the same early and late."""

Embeddings = Mapping[Modality, Sequence[Embedding]]


@dataclass(frozen=True, slots=True)
class Examples:
    """Clips [n] at the moments FRACTIONS [k]. `evidence` holds Evidence's fields, each [n, k, ...].

    `valence` and `arousal` are NaN where nobody rated them; `person` groups clips of one speaker.
    """

    evidence: Mapping[str, NDArray[np.float32]]
    key: NDArray[np.str_]
    show: NDArray[np.str_]
    person: NDArray[np.str_]
    sarcasm: NDArray[np.bool_]
    valence: NDArray[np.float64]
    arousal: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.key)

    def where(self, chosen: NDArray[np.bool_]) -> Examples:
        return Examples(
            {name: array[chosen] for name, array in self.evidence.items()},
            *(getattr(self, field.name)[chosen] for field in fields(Examples)[1:]),
        )

    def lacking(self, missing: frozenset[Modality]) -> Examples:
        """The same with some modalities missing."""
        stays = np.array([modality not in missing for modality in ORDER], np.float32)
        readings, presence = self.evidence["readings"] * stays[:, None], self.evidence["presence"] * stays
        return replace(self, evidence={**self.evidence, "readings": readings, "presence": presence})

    def at(self, fraction: float) -> list[Evidence]:
        """The evidence of all clips at one of FRACTIONS."""
        moment = FRACTIONS.index(fraction)
        return [Evidence(**{name: array[i, moment] for name, array in self.evidence.items()}) for i in range(len(self))]


def clip_window(embeddings: Embeddings, end_ns: int) -> Window:
    """What fusion knows `end_ns` after a clip's start once all words up to there are in: a final estimate's window."""
    timelines = {modality: Timeline(growing=modality is Modality.TEXT) for modality in Modality}
    for modality, told in embeddings.items():
        for embedding in told:
            timelines[modality].push(embedding, settled_ns=-1, now_ns=end_ns)
    interval = Interval(max(0, end_ns - FuserSettings().window_ns), end_ns)
    known = {m: timeline.known(interval.start_ns, end_ns) for m, timeline in timelines.items()}
    return Window(interval, {modality: told for modality, told in known.items() if told})


def measure(
    clips: Iterable[Clip], embeddings: Callable[[Clip], Embeddings], end_ns: Callable[[Clip], int], dims: Dims
) -> Examples:
    """The examples of `clips`, all labelled. `end_ns` says where a clip's speech ends."""
    chosen = list(clips)
    rows: dict[str, list[NDArray[np.float32]]] = {field.name: [] for field in fields(Evidence)}
    for clip in chosen:
        told, until_ns = embeddings(clip), end_ns(clip)
        windows = [clip_window(told, round(fraction * until_ns)) for fraction in FRACTIONS]
        moments = [gather(window, hear(window, HALF_LIFE_S), dims) for window in windows]
        for name, kept in rows.items():
            kept.append(np.stack([getattr(moment, name) for moment in moments]))
    return Examples(
        {name: np.stack(kept) for name, kept in rows.items()},
        np.array([clip.key for clip in chosen]),
        np.array([clip.show for clip in chosen]),
        np.array([clip.person for clip in chosen]),
        np.array([bool(clip.sarcasm) for clip in chosen]),
        np.array([np.nan if clip.valence is None else clip.valence for clip in chosen]),
        np.array([np.nan if clip.arousal is None else clip.arousal for clip in chosen]),
    )
