"""Values of the process graph to bytes and back: one kind byte, then msgpack. No pickle, so no code in a message."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np

from agent.topology import WorkerName
from deadpan.messages import Pace, WorkerHealth
from encoders.samples import AudioChunk, Embedding, Modality, Transcript, VideoFrame


@dataclass(frozen=True, slots=True)
class Lent:
    """A VideoFrame whose picture lies in memory that writer and reader share: see agent.processes.frame_pool."""

    seq: int
    pts_ns: int
    height: int
    width: int
    place: int


@dataclass(frozen=True, slots=True)
class Bound:
    """A watermark: the modality has nothing more to say about the session up to bound_ns."""

    modality: Modality
    bound_ns: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The sender's stream is over: a capture process's name, or an encoder's modality; with what its source lost."""

    sender: str
    losses: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """The sender cannot go on with what it was given, and why, in words for people."""

    reason: str


PulseState: TypeAlias = Literal["ready", "running", "finished", "failed"]


@dataclass(frozen=True, slots=True)
class Pulse:
    """A worker's sign of life to the supervisor, once a second and on every change of state."""

    worker: WorkerName
    state: PulseState
    pid: int
    lag_ms: float
    counters: dict[str, int]
    reason: str = ""
    """Why it cannot go on; or what makes it useless though it runs."""
    busy: float | None = None
    """Which part of the time since the last pulse it was at work, in [0, 1]."""
    network: str = ""
    """How much of the network it can reach: see agent.processes.reach."""
    memory_mb: float | None = None
    """Resident memory; None where the system does not say."""


@dataclass(frozen=True, slots=True)
class Absorbed:
    """A worker begins something that may take it this long, and will give no sign of life meanwhile."""

    worker: WorkerName
    pid: int
    for_s: float
    work_s: float = math.inf
    """How much processor time of its main thread that takes at the most; infinite where nobody can know."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How all workers are and how much is asked of them, from the supervisor to whoever publishes it."""

    workers: dict[str, WorkerHealth]
    pace: Pace = field(default_factory=Pace)
    strain: str = ""
    """Why less is asked of them than is configured, in words; empty when it is not."""


@dataclass(frozen=True, slots=True)
class Told:
    """A message as it was published, a line of JSON, to whoever keeps it."""

    body: bytes


Value: TypeAlias = (
    VideoFrame
    | Lent
    | AudioChunk
    | Embedding
    | Transcript
    | Bound
    | Ended
    | Failure
    | Pulse
    | Absorbed
    | Condition
    | Told
)


@dataclass(frozen=True, slots=True)
class Timed:
    """A value and the moment of the session at which a live process would have had it."""

    at_ns: int
    value: Value


_KINDS: dict[bytes, type[Value]] = {
    b"V": VideoFrame,
    b"N": Lent,
    b"A": AudioChunk,
    b"E": Embedding,
    b"T": Transcript,
    b"B": Bound,
    b"X": Ended,
    b"F": Failure,
    b"P": Pulse,
    b"L": Absorbed,
    b"C": Condition,
    b"M": Told,
}
_LETTERS = {kind: letter for letter, kind in _KINDS.items()}


def _lower(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, np.ascontiguousarray(value).data
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(f"{type(value).__name__} does not travel between processes")


def _raise(kind: Any, value: Any) -> Any:
    if getattr(kind, "__origin__", kind) is np.ndarray:
        dtype, shape, samples = value
        return np.frombuffer(samples, dtype).reshape(shape)
    raise NotImplementedError(f"{kind} does not travel between processes")


_encoder = msgspec.msgpack.Encoder(enc_hook=_lower)
_decoders = {letter: msgspec.msgpack.Decoder(kind, dec_hook=_raise) for letter, kind in _KINDS.items()}


def pack(value: Value) -> bytes:
    """A value in one frame."""
    return _LETTERS[type(value)] + _encoder.encode(value)


def pack_apart(value: Value) -> tuple[bytes | memoryview, ...]:
    """A value in as many frames as it takes to copy no picture: one, and for a picture another with its bytes alone."""
    if not isinstance(value, VideoFrame):
        return (pack(value),)
    rgb = np.ascontiguousarray(value.rgb)
    return pack(replace(value, rgb=rgb[None][:0])), rgb.data.cast("B")  # of no picture, all of this shape


def unpack(frame: bytes, *apart: memoryview) -> Value:
    """The value in a frame, or in those of one that was packed apart. Raises ValueError when they are none of ours."""
    decoder = _decoders.get(frame[:1])
    if decoder is None:
        raise ValueError(f"a frame of unknown kind {frame[:1]!r}")
    try:
        value: Value = decoder.decode(memoryview(frame)[1:])
    except (msgspec.DecodeError, TypeError, SyntaxError, RecursionError) as error:  # the last two: dtype, nesting
        raise ValueError(f"a damaged {_KINDS[frame[:1]].__name__} frame: {error}") from error
    if not apart:
        return value
    if not isinstance(value, VideoFrame) or len(apart) > 1:
        raise ValueError(f"{len(apart)} frames more than a {type(value).__name__} has")
    return replace(value, rgb=np.frombuffer(apart[0].toreadonly(), np.uint8).reshape(value.rgb.shape[1:]))
