"""The messages of the stream, as typed frozen values: what the agent publishes and every subscriber reads.

Times in `_ns` are nanoseconds on the session's axis (0 = its origin; for a recording, its beginning). The welcome
message ties that axis to the machine's monotonic clock and to the calendar. Readers ignore fields they do not know, and
take any string where a name is expected: the aliases here list the names known today, for whoever publishes.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

SPEC = 1
"""Version of the messages' specification; it changes only when an old reader would misread a new message."""

EventName: TypeAlias = Literal["sarcasm_on", "sarcasm_off", "transcript_conflict", "source_ended"]
WorkerState: TypeAlias = Literal["off", "starting", "ready", "running", "restarting", "failed", "stopped"]
HealthState: TypeAlias = Literal["ok", "degraded", "failed"]
UnknownReason: TypeAlias = Literal["", "not_listening", "source_silent", "nothing_said", "no_answer"]

# What a number may be. A body that says otherwise, or holds no number at all (NaN), is no message.
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Nanoseconds: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
Signed: TypeAlias = Annotated[float, Meta(ge=-1, le=1)]
Gap: TypeAlias = Annotated[float, Meta(ge=-2, le=2)]
Finite: TypeAlias = Annotated[float, Meta(ge=-1e12, le=1e12)]


class _Value(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a message."""


class Sarcasm(_Value, frozen=True, kw_only=True):
    """Whether it was meant literally. Unknown (null) while nothing has been said that it could apply to."""

    probability: Share | None
    """Calibrated, in [0, 1], for speech of which the configured share is sarcastic (fusion.base_rate)."""
    state: str
    """on, off or unknown: the probability with hysteresis, so that it does not flicker: on from 0.6, off from 0.4."""
    reason: str = ""
    """Why the probability is null: not_listening, source_silent, nothing_said or no_answer; empty when it is not."""


class Sentiment(_Value, frozen=True, kw_only=True):
    """How the speaker feels about what they say, in [-1, 1]; null without evidence."""

    literal: Signed | None
    """What the words say."""
    delivered: Signed | None
    """What voice and face say."""
    intended: Signed | None
    """What was meant: the words taken at the probability that they were meant."""


class Incongruity(_Value, frozen=True, kw_only=True):
    """Signed gaps between sentiments, in [-2, 2]: the first named minus the second; null unless both are there."""

    text_voice: Gap | None
    text_face: Gap | None
    voice_face: Gap | None


class ModalityReading(_Value, frozen=True, kw_only=True):
    """One modality's share in an estimate."""

    status: str
    """ok: evidence; stale: evidence, masked: its source is silent; absent: nothing seen or heard; off: not in use."""
    age_ms: Finite | None
    """From the newest evidence to the end of the estimate's stretch; null without any."""
    sarcasm: Share | None
    """This modality's own sarcasm probability; null unless ok, and where a plug-in's does not tell."""
    sentiment: Signed | None
    """This modality's own sentiment; null unless ok, and where a plug-in's does not tell."""
    activation: Signed | None = None
    """How strongly it is expressed, in [-1, 1], whatever is expressed: the voice's arousal, the face's expressiveness;
    null unless ok, and for the words."""
    contribution: Signed
    """How much the sarcasm probability would fall if this modality were left out (negative: rise)."""


class NamedCue(_Value, frozen=True, kw_only=True):
    """A computed reason for the estimate."""

    name: str
    modality: str
    """face, voice or text; more may come."""
    value: Finite
    """The feature, in standard deviations."""
    effect: Signed
    """How far it moved its modality's sarcasm probability."""

    @property
    def label(self) -> str:
        """Its name for people: cold face on praise; a word stands in quotation marks."""
        kind, _, word = self.name.partition(":")
        return f"“{word}”" if word else kind.replace("_", " ")


class SpokenWord(_Value, frozen=True, kw_only=True):
    """A word, when it was spoken, and how sure the recognizer was of it, in [0, 1]."""

    text: str
    start_ns: Nanoseconds
    end_ns: Nanoseconds
    probability: Share
    timing: str
    """measured: by the recognizer's own alignment; estimated: spread over the voiced time."""
    sentiment: Signed | None = None
    """Of this word in the light of the others, as written, in [-1, 1]; null where it was not read."""
    sarcasm: Share | None = None
    """What the words alone say of sarcasm at this word, in [0, 1]; null where it was not read."""


class _Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What every message begins with."""

    spec: int = SPEC
    session: str
    """One run of the agent. Another session means a new axis of time and new numbers."""
    stream: str
    seq: Count
    """Counts within (session, stream, type), by one: a gap is a loss. All revisions of an estimate share its number."""
    start_ns: Nanoseconds
    """The stretch spoken of: from here..."""
    end_ns: Nanoseconds
    """...to here, exclusive."""
    created_ns: Nanoseconds
    published_ns: Nanoseconds
    model: str
    recording: bool = False
    """Whether the agent is writing what it sees and hears, and its messages, to disk (deadpan run --record)."""


class Estimate(_Message, frozen=True, kw_only=True, tag="estimate"):
    """The rolling answer, one per tick of the grid: revision 0 in time, later ones when more words had been heard."""

    revision: Count
    final: bool
    sarcasm: Sarcasm
    sentiment: Sentiment
    incongruity: Incongruity
    confidence: Share
    """In [0, 1]: how much evidence there was, whatever it said."""
    modalities: dict[str, ModalityReading]
    cues: tuple[NamedCue, ...]
    latency_ms: Finite
    """From the end of the stretch to publication."""


class Utterance(_Message, frozen=True, kw_only=True, tag="utterance"):
    """The answer for one finished utterance, over its whole stretch, with its words."""

    utterance_id: Count
    text: str
    words: tuple[SpokenWord, ...]
    sarcasm: Sarcasm
    sentiment: Sentiment
    incongruity: Incongruity
    confidence: Share
    modalities: dict[str, ModalityReading]
    cues: tuple[NamedCue, ...]
    latency_ms: Finite
    rcs: str
    """The line for a language model: Real-time Context Standard 0.1 in front of the words."""


class Transcript(_Message, frozen=True, kw_only=True, tag="transcript"):
    """The words of an utterance so far. Committed words stay until the final revision, which reads all of it again."""

    utterance_id: Count
    revision: Count
    final: bool
    forced: bool = False
    """Final because the utterance had grown too long: its speaker had not paused, and goes on in the next."""
    committed: tuple[SpokenWord, ...]
    tentative: tuple[SpokenWord, ...]


class Event(_Message, frozen=True, kw_only=True, tag="event"):
    """Something that happened at a moment (start_ns = end_ns)."""

    name: str
    """sarcasm_on, sarcasm_off, transcript_conflict or source_ended; more may come."""
    detail: str = ""
    """For people. With source_ended: what the recording lost while it was read, by cause; empty when nothing. With
    transcript_conflict: which committed word of which utterance is now heard otherwise."""


class WorkerHealth(_Value, frozen=True, kw_only=True):
    """One process of the agent."""

    state: str
    """off, starting, ready, running, restarting, failed or stopped."""
    reason: str = ""
    """Why, when it is in trouble, or running without use; else empty."""
    pid: Count | None = None
    restarts: Count = 0
    lag_ms: Finite | None = None
    """How far its work is behind the session's clock."""
    busy: Share | None = None
    """Which part of the time it is at work on one value after another, in [0, 1]; null where that is not measured."""
    counters: dict[str, Count] = {}
    """Work done and every loss, by name."""
    network: str = ""
    """How much of the network it can reach: none; stream: its subscribers reach it, and nothing else can be reached;
    all; empty while it has not said."""


class Pace(_Value, frozen=True, kw_only=True):
    """How much the agent asks of the machine. On a machine that cannot keep up it asks less, step by step."""

    level: Count = 0
    """0: all that is configured. Each level above asks for less than the one below."""
    step_s: Finite | None = None
    """Seconds of speech between two readings of an utterance in progress; null when nothing is heard."""
    face_rate_hz: Finite | None = None
    """The most pictures a second that are looked at; null when nothing is seen."""


class Health(_Message, frozen=True, kw_only=True, tag="health"):
    """How the agent is: once a second, and at once when a process changes state or the pace changes."""

    state: str
    """ok; degraded: see the reasons; failed: no modality is left."""
    reasons: tuple[str, ...] = ()
    """Why it is not ok, in words for people; empty when it is."""
    pace: Pace = Pace()
    workers: dict[str, WorkerHealth]


class Welcome(_Message, frozen=True, kw_only=True, tag="welcome"):
    """Greets each new subscriber, before the last value of every type is repeated."""

    version: str
    origin_monotonic_ns: Nanoseconds
    """The session's origin on the machine's monotonic clock; 0 for a recording scored at full speed."""
    origin_unix_ns: Nanoseconds
    source: str
    tick_hz: Finite


class Point(_Value, frozen=True, kw_only=True):
    """A place in the picture, in widths of it: x from the left, y from the top."""

    x: Finite
    y: Finite


class FaceOutline(_Value, frozen=True, kw_only=True):
    """The lines that draw a face: landmarks, and nothing of the picture they were found in."""

    aspect: Annotated[float, Meta(gt=0, le=100)]
    """Height of the picture over its width: as far down as y goes."""
    strokes: dict[str, Annotated[tuple[Point, ...], Meta(max_length=64)]]
    """Lines by name, each from point to point: face, left_brow, left_eye, left_iris (and right_: the person's own),
    nose, nostrils, outer_lips, inner_lips; more may come. Empty when no face is seen."""


class Tone(_Value, frozen=True, kw_only=True):
    """The voice at a moment."""

    pitch_hz: Annotated[float, Meta(gt=0, le=2000)] | None
    """Null where it is unvoiced."""
    loudness_db: Finite
    """Level of 32 ms of sound, relative to full scale."""


class PitchContour(_Value, frozen=True, kw_only=True):
    """How the pitch of the voice went, in values at equal distances from start_ns to end_ns."""

    tones: Annotated[tuple[Tone, ...], Meta(max_length=64)]


class Sketch(_Message, frozen=True, kw_only=True, tag="sketch"):
    """What only eyes want: the outline of a face, or the contour of a pitch. Sent only while somebody asks for it."""

    face: FaceOutline | None = None
    """Of one picture; null in a sketch of the voice."""
    voice: PitchContour | None = None
    """Of a tenth of a second; null in a sketch of the face."""


Message: TypeAlias = Estimate | Utterance | Transcript | Event | Health | Welcome | Sketch
MESSAGE_TYPES: dict[str, type[Message]] = {
    "estimate": Estimate,
    "utterance": Utterance,
    "transcript": Transcript,
    "event": Event,
    "health": Health,
    "welcome": Welcome,
    "sketch": Sketch,
}
ON_REQUEST = frozenset({"sketch"})
"""Types that are made only while somebody subscribes to them by name. Their topics have a root of their own, so that
whoever subscribes to everything else does not receive them."""

_read_json = msgspec.json.Decoder(Message)
_read_msgpack = msgspec.msgpack.Decoder(Message)


def type_name(message: Message) -> str:
    """The message's type as topics and bodies spell it."""
    return str(message.__struct_config__.tag)


def topic(stream: str, message_type: str) -> bytes:
    """The topic frame of a message: deadpan/1/<stream>/<type>; on request, deadpan.<type>/1/<stream>/<type>."""
    return root(message_type) + f"{SPEC}/{stream}/{message_type}".encode()


def root(message_type: str) -> bytes:
    """What the topics of a type begin with, whatever the specification and the stream."""
    return f"deadpan.{message_type}/".encode() if message_type in ON_REQUEST else b"deadpan/"


def to_json(message: Message) -> bytes:
    """A message's body: one line of JSON."""
    return msgspec.json.encode(message)


def from_body(body: bytes) -> Message:
    """Read a body, JSON or msgpack. Raises msgspec.ValidationError or msgspec.DecodeError when it is neither."""
    try:
        message: Message = _read_json.decode(body) if body[:1] == b"{" else _read_msgpack.decode(body)
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec lets these two through
        raise msgspec.DecodeError(f"no message: {error}") from error
    return message
