"""Stamped pictures and sound in, a film of them out: one Matroska file that any player opens.

Pictures are H.264, nearly as they were (CRF 18), sound is FLAC, 24 bit. Every picture and every chunk of sound keeps
its time, in milliseconds, so that holes stay holes and a drift of the sound card stays in place. What has been written
can be played whatever ends it.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from numpy.typing import NDArray

from encoders.samples import AudioChunk, VideoFrame

CHUNK_SAMPLES, SAMPLE_RATE_HZ = 512, 16_000
"""What the pipeline's sound is made of: see agent.capture.segment."""
BEGAN = "BEGAN_NS"
_LARGEST_PX = 4096
_TICKS_S = 1000  # what Matroska counts time in, unless told otherwise
_CONTAINER = {"flush_packets": "1", "cluster_time_limit": "1000"}  # ms: what is lost when the machine goes off
_PICTURES = {"preset": "ultrafast", "tune": "zerolatency", "crf": "18", "g": "30"}
_SOUND = {"frame_size": str(CHUNK_SAMPLES), "bits_per_raw_sample": "24"}  # a chunk is a packet, and has its own time
_FULL_SCALE = 1 << 23
_Size = tuple[int, int]


def size_of(frame: VideoFrame) -> _Size:
    """Width and height as they are recorded: even, as H.264 has it, so that a line may be left out."""
    height, width = frame.rgb.shape[:2]
    return width // 2 * 2, height // 2 * 2


def is_fit(sample: VideoFrame | AudioChunk) -> bool:
    """Whether a sample is what the pipeline makes; what a process that has gone astray sends may be anything."""
    if isinstance(sample, AudioChunk):
        return sample.pts_ns >= 0 and sample.sample_rate_hz == SAMPLE_RATE_HZ and len(sample.pcm) <= CHUNK_SAMPLES
    return sample.pts_ns >= 0 and all(2 <= edge <= _LARGEST_PX for edge in sample.rgb.shape[:2])


class Reel:
    """A film that is being written, with pictures of one size (None: without) and with or without sound.

    It begins at `began_ns` of the session, which is in its tag BEGAN_NS, so that it can be laid beside the messages.
    Counts in `losses`: out_of_order (a sample no later than the one before it). Raises OSError when it cannot be
    written; after that it can only be closed.
    """

    def __init__(self, path: Path, size: _Size | None, *, sound: bool, began_ns: int, losses: Counter[str]) -> None:
        path.touch(mode=0o600, exist_ok=False)  # FFmpeg would make it as readable as the system's default
        self.size, self.has_sound = size, sound
        self._began_ns, self._losses = began_ns, losses
        self._container = av.open(str(path), "w", format="matroska", options=_CONTAINER)
        self._container.metadata[BEGAN] = str(began_ns)
        self._pictures = None if size is None else self._add_pictures(size)
        self._sound = self._add_sound() if sound else None
        self._last = {VideoFrame: -1, AudioChunk: -1}

    def takes(self, sample: VideoFrame | AudioChunk) -> bool:
        """Whether this film has a place for it: sound, or pictures of this size."""
        return self.has_sound if isinstance(sample, AudioChunk) else size_of(sample) == self.size

    def push(self, sample: VideoFrame | AudioChunk) -> None:
        """Write a sample that it takes."""
        at = round((sample.pts_ns - self._began_ns) * _TICKS_S / 1e9)
        if at <= self._last[type(sample)]:
            self._losses["out_of_order"] += 1
            return
        self._last[type(sample)] = at
        if isinstance(sample, AudioChunk):
            self._hear(sample.pcm, at)
        else:
            self._see(sample.rgb, at)

    def close(self) -> None:
        """Finish the film."""
        try:
            for stream in (self._pictures, self._sound):
                if stream is not None:
                    self._container.mux(stream.encode(None))
        finally:
            self._container.close()

    def _see(self, rgb: NDArray[np.uint8], at: int) -> None:
        if self._pictures is None or self.size is None:
            return
        width, height = self.size
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb[:height, :width]), format="rgb24")
        picture.pts, picture.time_base = at, Fraction(1, _TICKS_S)
        self._container.mux(self._pictures.encode(picture))

    def _hear(self, pcm: NDArray[np.float32], at: int) -> None:
        if self._sound is None:
            return
        samples = np.zeros((1, CHUNK_SAMPLES), np.int32)  # the last chunk of a stretch is shorter: silence follows it
        samples[0, : len(pcm)] = np.clip(np.rint(pcm.astype(np.float64) * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1)
        sound = av.AudioFrame.from_ndarray(samples << 8, format="s32", layout="mono")
        sound.sample_rate, sound.pts, sound.time_base = SAMPLE_RATE_HZ, at, Fraction(1, _TICKS_S)
        self._container.mux(self._sound.encode(sound))

    def _add_pictures(self, size: _Size) -> VideoStream:
        stream = self._container.add_stream("libx264", rate=15)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, _TICKS_S)
        stream.codec_context.options = dict(_PICTURES)
        stream.codec_context.thread_count = 1
        return stream

    def _add_sound(self) -> AudioStream:
        stream = self._container.add_stream("flac", rate=SAMPLE_RATE_HZ)
        stream.codec_context.layout = "mono"
        stream.codec_context.format = "s32"
        stream.codec_context.time_base = Fraction(1, _TICKS_S)
        stream.codec_context.options = dict(_SOUND)
        return stream
