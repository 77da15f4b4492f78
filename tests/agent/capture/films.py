"""Small recordings made with PyAV, whose pictures tell their corners apart."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Disposition
from av.video.stream import VideoStream
from numpy.typing import NDArray

from agent.capture.recording import RecordingAudio
from encoders.samples import AudioChunk

_MS = Fraction(1, 1000)


def noise(seconds: float) -> NDArray[np.float64]:
    """Sound that no codec can make small: float [samples, 1] at 16 kHz."""
    return np.random.default_rng(7).uniform(-0.5, 0.5, (round(seconds * 16_000), 1))


def halved(recording: Path) -> Path:
    """The first half of a recording's bytes, beside it."""
    cut = recording.with_stem(f"{recording.stem}_cut")
    cut.write_bytes(recording.read_bytes()[: recording.stat().st_size // 2])
    return cut


def beginning(recording: str, path: Path, seconds: float) -> Path:
    """The packets of a recording's first seconds, as they are, in a file of their own."""
    with av.open(recording) as film, av.open(str(path), "w") as cut:
        streams = {stream.index: cut.add_stream_from_template(stream) for stream in film.streams}
        for packet in film.demux():
            if packet.pts is not None and packet.time_base is not None and packet.pts * packet.time_base < seconds:
                packet.stream = streams[packet.stream_index]
                cut.mux(packet)
    return path


def write_video(
    path: Path,
    pts_ms: list[int],
    *,
    size: tuple[int, int] = (64, 48),
    rotation: int = 0,
    codec: str = "mpeg4",
    pix_fmt: str = "yuv420p",
    sound: NDArray[np.floating[Any]] | None = None,
    sound_starts_ms: int = 0,
    faststart: bool = False,
    colour: tuple[int, int, int] | None = None,
) -> Path:
    """A film with a frame at each of `pts_ms`, white in its top left quarter and black elsewhere, turned by `rotation`.

    With a `colour` it is all of that RGB instead.
    `sound` is float [samples, 1] at 16 kHz. `faststart` puts an mp4's index first, as films on the web have it.
    """
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2] = 255
    if colour is not None:
        picture[:] = colour
    options = {"movflags": "faststart"} if faststart and path.suffix == ".mp4" else {}
    with av.open(str(path), "w", container_options=options) as container:
        # An .avi has no times of its own: only a true rate gives its frames any.
        stream = container.add_stream(codec, rate=25 if path.suffix == ".avi" else 1000)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        if path.suffix != ".avi":
            stream.codec_context.time_base = _MS
        if rotation:
            stream.set_display_rotation(rotation)
        if sound is not None:
            speaker = _add_sound(container, "aac" if path.suffix == ".mp4" else "pcm_s16le", 16_000, "mono")
            _speak(container, speaker, sound, sound_starts_ms)
            container.mux(speaker.encode())
        for pts in pts_ms:
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = pts, _MS
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_moving(path: Path, codec: str, rate_hz: int, count: int, options: Mapping[str, str] | None = None) -> Path:
    """A film of `count` pictures, no two alike, all of which move."""
    texture = np.random.default_rng(11).integers(0, 255, (48 + count, 64 + count, 3), np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate_hz, options=dict(options or {}))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for number in range(count):
            picture = np.ascontiguousarray(texture[number : number + 48, number : number + 64])
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate_hz)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_audio(
    path: Path,
    pcm: NDArray[np.floating[Any]],
    rate_hz: int,
    codec: str = "pcm_s16le",
    layout: str = "mono",
    *,
    starts_ms: tuple[int, ...] = (0,),
    cover: bool = False,
) -> Path:
    """Sound: float [samples, channels] in [-1, 1], once from each of `starts_ms`; with a picture on its `cover`."""
    with av.open(str(path), "w") as container:
        stream = _add_sound(container, codec, rate_hz, layout)
        art = _add_cover(container) if cover else None
        for start_ms in starts_ms:
            _speak(container, stream, pcm, start_ms)
        container.mux(stream.encode())
        if art is not None:
            container.mux(art.encode(av.VideoFrame(64, 48, "yuvj420p")))
    return path


def _add_cover(container: OutputContainer) -> VideoStream:
    stream = container.add_stream("mjpeg", rate=1)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
    stream.disposition = Disposition.attached_pic
    return stream


def _add_sound(container: OutputContainer, codec: str, rate_hz: int, layout: str) -> AudioStream:
    stream = container.add_stream(codec, rate=rate_hz, layout=layout)
    assert isinstance(stream, AudioStream)
    return stream


def _speak(container: OutputContainer, stream: AudioStream, pcm: NDArray[np.floating[Any]], start_ms: int) -> None:
    ints = np.round(pcm * 32767).astype(np.int16)
    for first in range(0, len(ints), 1000):
        frame = av.AudioFrame.from_ndarray(
            ints[first : first + 1000].reshape(1, -1), format="s16", layout=stream.layout.name
        )
        frame.sample_rate = stream.rate
        frame.pts, frame.time_base = start_ms * stream.rate // 1000 + first, Fraction(1, stream.rate)
        container.mux(stream.encode(frame))


def chunks_of(path: Path) -> list[AudioChunk]:
    with RecordingAudio(path) as source:
        return list(source)


def click(seconds: float, at_s: float, rate_hz: int, channels: int = 1) -> NDArray[np.float64]:
    pcm = np.zeros((round(seconds * rate_hz), channels))
    pcm[round(at_s * rate_hz)] = 0.9
    return pcm
