"""The bundled demo in, a recording of hours out: the demo every so often and silence between, to its very end."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from agent.session import demo_location

RATE_HZ = 16_000
_BLOCK = 16_000  # samples of a frame of sound: few and long, because hours of them are written
_PICTURES_HZ = 2
_SIZE = (320, 240)

Pcm = NDArray[np.int16]


def demo_sound() -> Pcm:
    """The demo's sound as int16 [samples] at 16 kHz."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    with av.open(demo_location()) as container:
        made = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        return np.concatenate([frame.to_ndarray()[0] for frame in [*made, *resampler.resample(None)]])


def write_hours(path: Path, minutes: int, every_s: int, *, pictures: bool) -> Path:
    """A recording of `minutes` in which the demo ends every `every_s` seconds, and silence is the rest.

    `pictures` adds the demo's own, small and twice a second, over and over.
    """
    sound = demo_sound()
    period = np.concatenate([np.zeros(every_s * RATE_HZ - len(sound), np.int16), sound])
    with av.open(str(path), "w") as container:
        speaker = container.add_stream("flac", rate=RATE_HZ, layout="mono")
        assert isinstance(speaker, AudioStream)
        camera = _add_camera(container) if pictures else None
        faces = [] if camera is None else _demo_pictures()
        for second in range(minutes * 60):
            at = second * RATE_HZ
            frame = av.AudioFrame.from_ndarray(period[at % len(period) :][:_BLOCK].reshape(1, -1), "s16", "mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, at, Fraction(1, RATE_HZ)
            container.mux(speaker.encode(frame))
            if camera is not None:
                for number in range(second * _PICTURES_HZ, (second + 1) * _PICTURES_HZ):
                    picture = faces[number % len(faces)]
                    picture.pts, picture.time_base = number, Fraction(1, _PICTURES_HZ)
                    container.mux(camera.encode(picture))
        container.mux(speaker.encode())
        if camera is not None:
            container.mux(camera.encode())
    return path


def _add_camera(container: av.container.OutputContainer) -> VideoStream:
    camera = container.add_stream("mpeg4", rate=_PICTURES_HZ)
    assert isinstance(camera, VideoStream)
    camera.width, camera.height = _SIZE
    camera.pix_fmt = "yuv420p"
    return camera


def _demo_pictures() -> list[VideoFrame]:
    """Two of the demo's pictures a second, made small."""
    with av.open(demo_location()) as container:
        rate = float(container.streams.video[0].guessed_rate or 25)
        step = max(1, round(rate / _PICTURES_HZ))
        return [
            frame.reformat(*_SIZE, format="yuv420p")
            for number, frame in enumerate(container.decode(video=0))
            if number % step == 0
        ]
