"""The process graph, whole, on one screen: which processes there are, who feeds whom, and what each edge may lose.

camera ──────▶ face ────────┐
microphone ─▶ prosody ──────┼──▶ fusion ──▶ subscribers
        └───▶ speech ───────┘

A session that is recorded has a process more, the recorder, which reads of camera, microphone and fusion. So it has for
each modality that a plug-in brings: it measures, encodes, and writes to fusion. And where the camera's picture is shown
(run --picture), the page's server asks the camera for it, one at a time: see agent.processes.mirror.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from encoders.samples import Modality

WorkerName: TypeAlias = str
"""Those of WORKERS and RECORDER, and the name of a plug-in's modality."""
Keep: TypeAlias = Literal["newest", "all"]

_STEPS_S: dict[WorkerName, float] = {
    "fusion": 0.3,
    "face": 0.5,
    "prosody": 0.75,
    "speech": 0.5,
    "camera": 0.75,
    "microphone": 0.5,
}
"""Seven times and more what the longest took on two busy cores: 36, 3, 72, 15, 8 and 3 ms. Of what speech reads, each
utterance is a step of its own, and it says before how long that may be: see agent.processes.patience."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One process. `tier` orders start (highest first, so that readers wait for writers) and stop (lowest first).

    One of a `plug_in` is source and encoder in one. The session waits for it neither to begin nor to end.
    """

    name: WorkerName
    tier: int
    modality: Modality | None = None
    plug_in: bool = False

    @property
    def is_paced(self) -> bool:
        """Whether it is asked for less when the machine cannot keep up, and says whether it can."""
        return self.modality is not None and not self.plug_in

    def is_wakeful(self, *, live: bool) -> bool:
        """Whether it looks for input many times a second, there or not: a `live` device, too. A recording, which may
        lie anywhere, and a plug-in's sensor may keep whoever reads it waiting.
        """
        return self.is_paced or self.name == "fusion" or (live and self.name in ("camera", "microphone"))

    @property
    def longest_step_s(self) -> float:
        """The processor time that none of its steps takes, even on a slow machine, but one that it has announced;
        infinite where nobody can know.
        """
        return _STEPS_S.get(self.name, math.inf)


@dataclass(frozen=True, slots=True)
class Edge:
    """Who writes to whom. `depth` messages may wait, half of them at either end, and what the system holds on the way;
    `keep` says which survive when the reader is slow.

    newest: the reader skips to the newest message, old pictures are worth nothing. all: nothing is skipped, and only
    when `depth` is exhausted is a new message refused. Every message skipped or refused is counted and published.
    `patient`: what it carries can lie, and does not wake its reader, until that has use for it.
    `lends`: pictures are put in memory that both hold, while it has room, and only where they are is sent.
    """

    writer: WorkerName
    reader: WorkerName
    carries: str
    depth: int
    keep: Keep
    lends: bool = False
    patient: bool = False


WORKERS: tuple[Worker, ...] = (
    Worker("fusion", tier=2),
    Worker("face", tier=1, modality=Modality.FACE),
    Worker("prosody", tier=1, modality=Modality.VOICE),
    Worker("speech", tier=1, modality=Modality.TEXT),
    Worker("camera", tier=0),
    Worker("microphone", tier=0),
)

EDGES: tuple[Edge, ...] = (
    Edge("camera", "face", carries="frames", depth=4, keep="newest", lends=True),
    Edge("microphone", "prosody", carries="audio", depth=1000, keep="all"),  # 32 s of 32 ms chunks
    Edge("microphone", "speech", carries="audio", depth=1000, keep="all"),
    Edge("face", "fusion", carries="embeddings, watermarks", depth=500, keep="all", patient=True),
    Edge("prosody", "fusion", carries="embeddings, watermarks", depth=500, keep="all", patient=True),
    Edge("speech", "fusion", carries="transcripts, embeddings, watermarks", depth=500, keep="all"),
)


RECORDER = Worker("recorder", tier=3)
RECORDING: tuple[Edge, ...] = (
    Edge("camera", "recorder", carries="frames", depth=30, keep="all"),  # 2 s, of 28 MB
    Edge("microphone", "recorder", carries="audio", depth=1000, keep="all"),
    Edge("fusion", "recorder", carries="messages", depth=1000, keep="all"),
)
"""What a session has besides that is recorded."""


def edges_for(*, recorded: bool, plug_ins: Iterable[str] = ()) -> tuple[Edge, ...]:
    """Who writes to whom in such a session."""
    told = "embeddings, watermarks"
    added = tuple(Edge(name, "fusion", carries=told, depth=500, keep="all", patient=True) for name in plug_ins)
    return EDGES + (RECORDING if recorded else ()) + added


def workers_for(*, camera: bool, microphone: bool, recorded: bool = False) -> tuple[Worker, ...]:
    """The processes a session needs, given which of the two inputs it has, and whether it is recorded."""
    unneeded = set[WorkerName]()
    if not camera:
        unneeded |= {"camera", "face"}
    if not microphone:
        unneeded |= {"microphone", "prosody", "speech"}
    needed = tuple(worker for worker in WORKERS if worker.name not in unneeded)
    return (*needed, RECORDER) if recorded else needed
