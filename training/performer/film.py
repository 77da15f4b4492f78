"""Pictures and sound in, a film file out: H.264 and AAC in MP4, both starting at 0, no sample of sound shifted."""

from __future__ import annotations

import json
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from training.performer.face import draw
from training.performer.performance import Performance
from training.performer.voice import SAMPLE_RATE_HZ

_AAC_FRAME = 1024


def write_film(
    path: Path,
    pictures: Iterable[NDArray[np.uint8]],
    frame_rate_hz: int,
    pcm: NDArray[np.float32],
    *,
    size: tuple[int, int],
    crf: int = 18,
) -> None:
    """Write pictures (rgb uint8 [height, width, 3], one a frame) and pcm (float32 [n] at 16 kHz) to `path`, an .mp4.

    Frame k stands at k / frame_rate_hz exactly; the first sample at 0: the encoder's priming is declared in the file
    and skipped by players. Raises ValueError for another ending than .mp4 and for an odd size, which H.264's 4:2:0
    cannot hold.
    """
    if path.suffix != ".mp4":
        raise ValueError(f"a film is written to a name ending in .mp4, not {path.name!r}")
    if size[0] % 2 or size[1] % 2:
        raise ValueError(f"picture size {size} is odd")
    # Under another name until whole: who opens `path` meanwhile sees the film before, or none.
    unfinished = path.with_suffix(".part.mp4")
    # Bit-exact and one thread: the same performance gives the same file.
    with av.open(str(unfinished), "w", options={"movflags": "+faststart", "fflags": "+bitexact"}) as container:
        video = container.add_stream("libx264", rate=frame_rate_hz)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        video.time_base = Fraction(1, frame_rate_hz)
        video.codec_context.time_base = Fraction(1, frame_rate_hz)
        video.codec_context.thread_count = 1
        video.options = {"crf": str(crf), "preset": "slow", "tune": "animation"}
        sound = container.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="mono", bit_rate=64_000)
        sound.codec_context.time_base = Fraction(1, SAMPLE_RATE_HZ)
        chunks = _audio_frames(pcm)
        heard = 0
        for k, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, frame_rate_hz)
            container.mux(video.encode(frame))
            while heard * frame_rate_hz <= (k + 1) * SAMPLE_RATE_HZ and chunks:
                chunk = chunks.pop(0)
                heard += chunk.samples
                container.mux(sound.encode(chunk))
        for chunk in chunks:
            container.mux(sound.encode(chunk))
        container.mux(video.encode(None))
        container.mux(sound.encode(None))
    unfinished.replace(path)


def film(performance: Performance, path: Path, *, size: tuple[int, int] = (640, 480), crf: int = 18) -> None:
    """Write the performance to `path` (.mp4) and its truth beside it, to the same name ending in .json."""
    pictures = (draw(pose, size) for pose in performance.poses)
    write_film(path, pictures, performance.frame_rate_hz, performance.pcm, size=size, crf=crf)
    path.with_suffix(".json").write_text(json.dumps(performance.truth(), indent=1) + "\n", encoding="utf-8")


def _audio_frames(pcm: NDArray[np.float32]) -> list[av.AudioFrame]:
    frames = []
    for start in range(0, len(pcm), _AAC_FRAME):
        frame = av.AudioFrame.from_ndarray(pcm[None, start : start + _AAC_FRAME], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE_HZ, start, Fraction(1, SAMPLE_RATE_HZ)
        frames.append(frame)
    return frames
