"""Another program's sound and pictures in, a feed that an agent on the same machine takes them from out.

with deadpan.Feed("ipc:///tmp/call.feed") as feed:       # and: deadpan run --source ipc:///tmp/call.feed
    feed.audio(pcm, sample_rate_hz=48_000, channels=2)
    feed.video(rgb, width=640, height=480)

A message is three frames: topic, header, payload.

- topic: `deadpan-feed/1/audio` or `deadpan-feed/1/video`.
- header: AudioHeader or VideoHeader as a JSON object in UTF-8.
- payload: audio is signed 16 bit little-endian PCM, channels interleaved; video is RGB, 8 bits each, row by row.

Whoever writes a feed in another language binds a PUB socket and sends these. Both may start and restart in any order.
"""

from __future__ import annotations

import threading
import time
import uuid
from types import TracebackType
from typing import Annotated, Self, TypeAlias

import msgspec
import zmq

from deadpan.endpoints import bind_private, local_path

AUDIO_TOPIC, VIDEO_TOPIC = b"deadpan-feed/1/audio", b"deadpan-feed/1/video"
LOWEST_RATE_HZ, HIGHEST_RATE_HZ, MOST_CHANNELS = 8_000, 192_000, 8
LONGEST_AUDIO_S = 10
MOST_PIXELS = 1920 * 1080
_DEPTH = 64  # messages waiting for an agent that does not read, at most 400 MB of pictures; it alone loses the next

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]


class AudioHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a piece of sound.

    `pts_ns` is when its first sample was heard, on the machine's monotonic clock; `measured` says that the feeder knows
    this, rather than that the piece came when it ended at that moment.
    """

    session: str
    """One run of a feeder: another one numbers anew."""
    seq: Count
    """Counts the pieces of sound from 0: a gap is a loss."""
    pts_ns: int
    measured: bool
    sample_rate_hz: Annotated[int, msgspec.Meta(ge=LOWEST_RATE_HZ, le=HIGHEST_RATE_HZ)]
    channels: Annotated[int, msgspec.Meta(ge=1, le=MOST_CHANNELS)]


class VideoHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a picture: `pts_ns` is when it was taken, on the machine's monotonic clock."""

    session: str
    seq: Count
    """Counts the pictures from 0: a gap is a loss."""
    pts_ns: int
    width: Annotated[int, msgspec.Meta(ge=1)]
    height: Annotated[int, msgspec.Meta(ge=1)]


class Feed:
    """Binds an endpoint and sends what it is given to the agents that listen there. Sending never blocks.

    With no agent nothing is kept; an agent that reads too slowly loses what comes, which it counts by the numbers.
    The endpoint is `ipc:///path` (the file is this user's alone: mode 0600) or `tcp://127.0.0.1:PORT` (any user of
    this machine may listen). Raises EndpointError for any other, or when it is taken. It may be used by several
    threads, such as one for sound and one for pictures. Leave it or close it when done.
    """

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._session = uuid.uuid4().hex
        self._sounds = self._pictures = 0
        self._lock = threading.Lock()
        self._path = local_path(endpoint)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.PUB)
        self._socket.setsockopt(zmq.SNDHWM, _DEPTH)
        self._socket.setsockopt(zmq.LINGER, 200)
        self._socket.setsockopt(zmq.IPV6, 1)
        self._socket.setsockopt(zmq.MAXMSGSIZE, 4096)  # agents only send topics
        try:
            bind_private(self._socket, endpoint)
        except BaseException:
            self._context.destroy(linger=0)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop feeding; safe to call twice."""
        with self._lock:
            if self._socket.closed:
                return
            self._socket.close()
            self._context.term()
            if self._path is not None:
                self._path.unlink(missing_ok=True)

    def audio(self, pcm: bytes, sample_rate_hz: int, channels: int = 1, pts_ns: int | None = None) -> None:
        """Send a piece of sound: signed 16 bit little-endian samples, channels interleaved, at most 10 s of them.

        `pts_ns` is time.monotonic_ns() of the first sample; None: it has just ended. Feed silence too, as a microphone
        would: an utterance ends when silence is heard. Raises ValueError for a rate outside 8 to 192 kHz, or bytes that
        are no whole number of samples.
        """
        if not LOWEST_RATE_HZ <= sample_rate_hz <= HIGHEST_RATE_HZ:
            raise ValueError(f"sample_rate_hz must be {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ}, not {sample_rate_hz}")
        if not 1 <= channels <= MOST_CHANNELS:
            raise ValueError(f"channels must be 1 to {MOST_CHANNELS}, not {channels}")
        samples, rest = divmod(len(pcm), 2 * channels)
        if rest:
            raise ValueError(f"{len(pcm)} bytes are no whole number of 16 bit samples of {channels} channels")
        if not samples:
            return
        if samples > LONGEST_AUDIO_S * sample_rate_hz:
            raise ValueError(f"send at most {LONGEST_AUDIO_S} s at a time, not {samples / sample_rate_hz:.1f}")
        measured = pts_ns is not None
        if pts_ns is None:
            pts_ns = time.monotonic_ns() - samples * 1_000_000_000 // sample_rate_hz
        with self._lock:
            header = AudioHeader(
                session=self._session,
                seq=self._sounds,
                pts_ns=pts_ns,
                measured=measured,
                sample_rate_hz=sample_rate_hz,
                channels=channels,
            )
            self._sounds += 1
            self._send(AUDIO_TOPIC, header, pcm)

    def video(self, rgb: bytes, width: int, height: int, pts_ns: int | None = None) -> None:
        """Send a picture: RGB, 8 bits each, row by row, upright, at most 1920 × 1080 pixels.

        `pts_ns` is time.monotonic_ns() of when it was taken; None: now. Agents look at 15 a second of 640 pixels on the
        long edge unless configured otherwise: to send more is allowed, and costs. Raises ValueError for a size that is
        too large, or is not that of the bytes.
        """
        if width < 1 or height < 1 or width * height > MOST_PIXELS:
            raise ValueError(f"a picture must have 1 to {MOST_PIXELS} pixels, not {width} × {height}; scale it down")
        if len(rgb) != width * height * 3:
            raise ValueError(f"{width} × {height} pixels of RGB are {width * height * 3} bytes, not {len(rgb)}")
        with self._lock:
            header = VideoHeader(
                session=self._session,
                seq=self._pictures,
                pts_ns=time.monotonic_ns() if pts_ns is None else pts_ns,
                width=width,
                height=height,
            )
            self._pictures += 1
            self._send(VIDEO_TOPIC, header, rgb)

    def _send(self, topic: bytes, header: AudioHeader | VideoHeader, payload: bytes) -> None:
        if self._socket.closed:
            raise ValueError(f"the feed at {self.endpoint} is closed")
        self._socket.send_multipart([topic, msgspec.json.encode(header), payload], zmq.NOBLOCK)
