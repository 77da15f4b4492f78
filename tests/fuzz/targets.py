"""Bytes of an attacker in; nothing out, and nothing raised but what the code says it raises."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from agent.capture.fed import FedAudio, FedVideo
from agent.capture.feed_line import FeedReader
from agent.clock import ManualClock
from agent.stream.door import reaches_ours
from agent.stream.doorman import Doorman, Limits
from agent.stream.recorded import RecordingError, read
from deadpan import keys
from deadpan.errors import AccessError, SpecError
from deadpan.feed import AudioHeader, VideoHeader
from deadpan.messages import from_body, to_json, topic, type_name
from deadpan.reading import Reading
from deadpan.timeline import Timeline
from tests.deadpan.sent import every_type

_SCRATCH = Path("/dev/shm" if Path("/dev/shm").is_dir() else "/tmp") / f"deadpan-fuzz-{os.getpid()}"  # noqa: S108 - the name is ours, and bytes of noise are no secret
_FEED = "ipc:///not/connected"
_EVERY = every_type()
_WANTED = ("estimate", "utterance", "transcript", "event", "health", "welcome")


def message(data: bytes) -> None:
    """A body, as any subscriber reads it: what is read can be written, and reads the same again."""
    with suppress(msgspec.DecodeError):
        read_once = from_body(data)
        assert from_body(to_json(read_once)) == read_once


def stream(data: bytes) -> None:
    """A stream of bodies under their topics, into the memory that answers for stretches of speech."""
    reading, timeline = Reading("ipc:///fuzz", _WANTED, None), Timeline(keep_s=5.0)
    for now_ns, part in enumerate(_parts(data)):
        frames: list[bytes] = [part]
        with suppress(msgspec.DecodeError):
            said = from_body(part)
            frames = [topic(said.stream, type_name(said)), part] if said.stream.isprintable() else [part]
        with suppress(SpecError):
            said_again = reading.message(frames, 0)
            if said_again is not None:
                timeline.add(said_again, now_ns)
                timeline.at(min(said_again.start_ns, said_again.end_ns), said_again.end_ns, now_ns)


def memory(data: bytes) -> None:
    """Well-formed messages in any order, with any numbers, into the same memory: it answers, and stays small."""
    timeline = Timeline(keep_s=5.0)
    now_ns = 0
    for at in range(0, len(data) - 9, 10):
        kind, whose, seq, revision, final, start, length, published, passed, asked = data[at : at + 10]
        now_ns += passed * 50_000_000
        said = _EVERY[kind % len(_EVERY)]
        changed: dict[str, object] = {
            "session": str(whose % 3),
            "stream": str(whose % 2),
            "seq": seq,
            "revision": revision % 3,
            "utterance_id": seq,
            "final": bool(final % 2),
            "start_ns": start * 100_000_000,
            "end_ns": (start + length) * 100_000_000,
            "published_ns": published * 100_000_000,
        }
        fields = {name: value for name, value in changed.items() if name in said.__struct_fields__}
        timeline.add(msgspec.structs.replace(said, **fields), now_ns)
        stretch = timeline.at(asked * 100_000_000, (asked + length) * 100_000_000, now_ns)
        assert bool(stretch.reason) or stretch.complete or stretch.sarcasm.probability is not None, stretch


def key(data: bytes) -> None:
    """A key file."""
    with suppress(AccessError):
        keys.read(_written(data))


def recording(data: bytes) -> None:
    """Recorded lines, on their way to be published again."""
    with suppress(RecordingError):
        due = [each.due_ns for each in read(_written(data))]
        assert due == sorted(due)


def requests(data: bytes) -> None:
    """What subscribers ask for, as the door hears it; each part begins with whose it is."""
    doorman = Doorman(Limits(connections=4, topics=8, held_bytes=64, burst=32))
    for now_ns, part in enumerate(_parts(data)):
        connection, request = part[0] % 8, part[1:]
        if part[0] >= 128:
            doorman.arrive(connection, f"process {part[0] % 3}", now_ns)
        elif reaches_ours(request[1:]) or not doorman.ask(connection, "", request, now_ns):
            doorman.ask(connection, "", request, now_ns)
        assert doorman.counters["connections"] <= 4


def feed(data: bytes) -> None:
    """A feed's messages, one a line, each header before its payload: taken as sound, as a picture, or not at all."""
    sounds, pictures = FedAudio(_FEED, ManualClock()), FedVideo(_FEED, ManualClock())
    hearing, seeing = FeedReader(AudioHeader, sounds.losses), FeedReader(VideoHeader, pictures.losses)
    for part in _parts(data):
        header, brace, payload = part.partition(b"}")
        frames = [b"", header + brace, payload]
        if (piece := hearing.read(frames, 0)) is not None:
            assert all(len(chunk.pcm) for chunk in sounds.push(piece))
        if (picture := seeing.read(frames, 0)) is not None:
            pictures.push(picture)


TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each for each in (message, stream, memory, key, recording, requests, feed)
}


def seeds(name: str) -> list[bytes]:
    """Where a fuzzer begins: what is well formed."""
    bodies = [to_json(each) for each in every_type()] + [msgspec.msgpack.encode(each) for each in every_type()]
    whole = b"\n".join(bodies[:6])
    match name:
        case "message":
            return bodies
        case "key":
            return [keys.written(keys.Keys(*[b"a" * 40] * 3))]
        case "memory":
            return [bytes(range(100))]
        case "requests":
            return [b"\x80\n\x00\x01deadpan/1/\n\x00\x00deadpan/1/"]
        case "feed":
            sound = AudioHeader(session="s", seq=0, pts_ns=0, measured=True, sample_rate_hz=48_000, channels=2)
            picture = VideoHeader(session="s", seq=0, pts_ns=0, width=2, height=1)
            once = msgspec.json.encode(sound) + bytes(4 * 960) + b"\n" + msgspec.json.encode(picture) + bytes(6)
            return [once, once + b"\n" + once.replace(b'"seq":0', b'"seq":1')]
        case _:
            return [*bodies, whole]


def _parts(data: bytes) -> Iterator[bytes]:
    return (part for part in data.split(b"\n") if part)


def _written(data: bytes) -> Path:
    _SCRATCH.write_bytes(data)
    _SCRATCH.chmod(0o600)
    return _SCRATCH
