"""Claps at known moments in, a film of the codecs and habits asked for out: what recorders make of one and the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from numpy.typing import NDArray

_BLOCK = 1024  # samples handed to the sound's encoder at a time
_CLICK_S = 0.01
_CLICK_HZ = 1500
_NS_PER_S = 1_000_000_000

StatedTime = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Recorder:
    """How a film is written. All times are seconds of the world; the film's own start wherever the container puts it.

    `sound_drift` is how much longer than nominal the sound card takes for a sample, as a fraction. `states` turns the
    time at which a packet of sound began into the time that the recorder writes for it.
    """

    suffix: str = ".mkv"
    picture_codec: str = "mpeg4"
    sound_codec: str = "pcm_s16le"
    sample_rate_hz: int = 16_000
    layout: str = "mono"
    frame_rate_hz: int = 25
    b_frames: int = 0
    picture_starts_s: float = 0.0
    sound_starts_s: float = 0.0
    begins_s: float = 0.0
    """What the recorder's clock says at the world's 0: a stream's times need not begin at nought, nor above it."""
    sound_drift: float = 0.0
    states: StatedTime = float


def write_claps(path: Path, claps_s: Sequence[float], seconds: float, recorder: Recorder) -> Path:
    """A dark and silent film of the world's first `seconds`, white in the frame of each clap, whose click begins with
    the sample nearest to it. Claps are to lie on frames.
    """
    options = {"avoid_negative_ts": "disabled"} if recorder.begins_s < 0 else {}
    with av.open(str(path), "w", options=options) as container:
        picture = container.add_stream(recorder.picture_codec, rate=recorder.frame_rate_hz)
        assert isinstance(picture, VideoStream)
        picture.width, picture.height, picture.pix_fmt = 32, 32, "yuv420p"
        picture.codec_context.max_b_frames = recorder.b_frames
        picture.codec_context.thread_count = 1
        sound = container.add_stream(recorder.sound_codec, rate=recorder.sample_rate_hz, layout=recorder.layout)
        assert isinstance(sound, AudioStream)
        sound.codec_context.time_base = Fraction(1, recorder.sample_rate_hz)
        heard = _sound(recorder, claps_s, seconds)
        waiting = next(heard, None)
        for at_s, frame in _pictures(recorder, claps_s, seconds):
            container.mux(picture.encode(frame))
            while waiting is not None and waiting[0] <= at_s:
                container.mux(sound.encode(waiting[1]))
                waiting = next(heard, None)
        while waiting is not None:
            container.mux(sound.encode(waiting[1]))
            waiting = next(heard, None)
        container.mux(picture.encode(None))
        container.mux(sound.encode(None))
    return path


def _pictures(recorder: Recorder, claps_s: Sequence[float], seconds: float) -> Iterator[tuple[float, av.VideoFrame]]:
    rate_hz = recorder.frame_rate_hz
    white_at = {round(clap_s * rate_hz) for clap_s in claps_s}
    looks = [
        av.VideoFrame.from_ndarray(np.full((32, 32, 3), level, np.uint8), format="rgb24").reformat(format="yuv420p")
        for level in (16, 255)
    ]
    for number in range(round(recorder.picture_starts_s * rate_hz), round(seconds * rate_hz)):
        frame = looks[number in white_at]
        frame.pts, frame.time_base = number + round(recorder.begins_s * rate_hz), Fraction(1, rate_hz)
        yield number / rate_hz, frame


def _sound(recorder: Recorder, claps_s: Sequence[float], seconds: float) -> Iterator[tuple[float, av.AudioFrame]]:
    rate_hz, starts_s = recorder.sample_rate_hz, recorder.sound_starts_s
    stretch = 1 + recorder.sound_drift
    pcm = np.zeros(round((seconds - starts_s) / stretch * rate_hz), np.float32)
    click = 0.8 * np.cos(2 * np.pi * _CLICK_HZ * np.arange(round(_CLICK_S * rate_hz)) / rate_hz)
    for clap_s in claps_s:
        first = round((clap_s - starts_s) / stretch * rate_hz)
        if first >= 0:
            room = pcm[first : first + len(click)]
            room[:] = click[: len(room)]
    channels = 2 if recorder.layout == "stereo" else 1
    for first in range(0, len(pcm), _BLOCK):
        began_s = starts_s + first / rate_hz * stretch
        frame = av.AudioFrame.from_ndarray(
            _planes(pcm[first : first + _BLOCK], channels), format="fltp", layout=recorder.layout
        )
        frame.sample_rate, frame.time_base = rate_hz, Fraction(1, rate_hz)
        frame.pts = round((recorder.states(began_s) + recorder.begins_s) * rate_hz)
        yield began_s, frame


def _planes(pcm: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    return np.ascontiguousarray(np.tile(pcm, (channels, 1)))
