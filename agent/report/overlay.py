"""Scored results and their recording in, a film of it with landmarks, captions and curves burnt in out."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
import msgspec
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from agent.capture.recording import RecordingAudio, RecordingVideo, probe
from agent.errors import DeadpanError
from agent.report.apart import confine, follow
from agent.report.burning import Burner, blank_pictures
from agent.report.findings import Findings
from agent.report.lettering import Picture
from encoders.mesh import FaceMeshLandmarks
from encoders.samples import NS_PER_S, AudioChunk

_LONG_EDGE_PX = 960
_MOST_HZ = 30.0
_BLANK_HZ = 15
_TICKS_HZ = 1000  # pictures keep their own times, to the millisecond
_RATE_HZ = 16_000


class Order(msgspec.Struct, frozen=True):
    """What is to be burnt, and where to."""

    findings: Findings
    out: Path


def write(findings: Findings, path: Path, told: Callable[[float], None]) -> None:
    """The film, MP4 (H.264 and AAC), made by a process of its own; `told` is told how much of it is done, in [0, 1].

    Faces are looked for anew, in every picture that is shown (the scores are of 15 a second). Without pictures it shows
    captions and curves alone. Raises ReadingError.
    """
    for line in follow(__name__, msgspec.msgpack.encode(Order(findings, path), enc_hook=str)):
        told(min(1.0, int(line) / max(1, findings.duration_ns)))


def burn(findings: Findings, out: Path) -> Iterator[int]:
    """The same, in this process: the moments of its pictures, in ns, as they are done."""
    recording = probe(findings.location)
    with av.open(str(out), "w", format="mp4", options={"movflags": "+faststart"}) as film, ExitStack() as open_media:
        burner = Burner(findings, FaceMeshLandmarks())
        if recording.has_video:
            video = open_media.enter_context(RecordingVideo(findings.location, _MOST_HZ, _LONG_EDGE_PX))
            pictures: Iterator[tuple[Picture, int]] = ((frame.rgb, frame.pts_ns) for frame in video)
        else:
            pictures = blank_pictures(findings.duration_ns, _BLANK_HZ)
        chunks: Iterator[AudioChunk] = iter(())
        if recording.has_audio:
            chunks = iter(open_media.enter_context(RecordingAudio(findings.location)))
        burnt = ((burner.burn(rgb, at_ns), at_ns) for rgb, at_ns in pictures)
        yield from _mux(film, burnt, chunks, sounds=recording.has_audio)


def _mux(
    film: OutputContainer, burnt: Iterator[tuple[Picture, int]], chunks: Iterator[AudioChunk], *, sounds: bool
) -> Iterator[int]:
    """Pictures and sound side by side, so that neither waits for the other in memory."""
    first = next(burnt)
    seen, heard = _video(film, first[0]), _audio(film) if sounds else None
    waiting = next(chunks, None)
    for picture, at_ns in itertools.chain([first], burnt):
        while heard is not None and waiting is not None and waiting.pts_ns <= at_ns:
            film.mux(heard.encode(_sound(waiting)))
            waiting = next(chunks, None)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = at_ns * _TICKS_HZ // NS_PER_S, Fraction(1, _TICKS_HZ)
        film.mux(seen.encode(frame))
        yield at_ns
    film.mux(seen.encode(None))
    if heard is not None:
        for chunk in itertools.chain([] if waiting is None else [waiting], chunks):
            film.mux(heard.encode(_sound(chunk)))
        film.mux(heard.encode(None))


def _video(film: OutputContainer, picture: Picture) -> VideoStream:
    stream = film.add_stream("libx264", rate=round(_MOST_HZ))
    stream.height, stream.width, stream.pix_fmt = *picture.shape[:2], "yuv420p"
    stream.codec_context.time_base = Fraction(1, _TICKS_HZ)
    stream.codec_context.thread_count = 1
    stream.options = {"crf": "21", "preset": "veryfast"}
    return stream


def _audio(film: OutputContainer) -> AudioStream:
    stream = film.add_stream("aac", rate=_RATE_HZ, layout="mono", bit_rate=64_000)
    stream.codec_context.time_base = Fraction(1, _RATE_HZ)
    return stream


def _sound(chunk: AudioChunk) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(chunk.pcm[None, :]), format="fltp", layout="mono")
    frame.sample_rate, frame.time_base = _RATE_HZ, Fraction(1, _RATE_HZ)
    frame.pts = chunk.pts_ns * _RATE_HZ // NS_PER_S
    return frame


def main() -> int:
    """Burn what standard input asks for."""
    order = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Order, dec_hook=lambda kind, value: kind(value))
    confine()
    try:
        due_ns = 0
        for at_ns in burn(order.findings, order.out):
            if at_ns >= due_ns:
                print(at_ns, flush=True)  # noqa: T201 - to whoever asked
                due_ns = at_ns + NS_PER_S
    except DeadpanError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
