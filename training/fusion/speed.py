"""A fusion model and some clips' embeddings in, milliseconds a tick out."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from fusion.model import Fusion
from training.fusion.examples import Embeddings, clip_window

ROUNDS = 20


def time_ticks(fusion: Fusion, clips: Sequence[Embeddings]) -> float:
    """Median over clips of the quickest of ROUNDS estimates at the clip's end, everything an estimate says included.

    The quickest, because what else runs on the machine is not the model's doing.
    """
    took_ms = []
    for embeddings in clips:
        end_ns = max(embedding.interval.end_ns for told in embeddings.values() for embedding in told)
        window = clip_window(embeddings, end_ns)
        rounds = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            fusion.fuse(window)
            rounds.append(1e3 * (time.perf_counter() - began))
        took_ms.append(min(rounds))
    return float(np.median(took_ms))
