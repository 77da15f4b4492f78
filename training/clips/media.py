"""A folder or bare git repository of clips in; their paths, decoded pictures and decoded sound out."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from encoders.samples import NS_PER_S, AudioChunk, VideoFrame

SAMPLE_RATE_HZ = 16_000
FRAME_SPACING_NS = 60_000_000  # at least; clips of 24 frames a second are read at 12
FRAME_WIDTH_PX = 640  # what a laptop's camera gives the encoder live
_REPOSITORY_FOLDERS = ("video_data", "clips")


def open_clips(source: Path, scratch: Path) -> dict[str, Path]:
    """Every .mp4 by its stem: from a folder, or taken out of a bare git repository's video_data/ or clips/ into
    `scratch`.

    There the name of a folder below goes before the stem (sarcastic-7). Raises FileNotFoundError when there are none.
    A blob the repository lacks is skipped.
    """
    if is_repository(source):
        _extract(source, scratch)
        source = scratch
    clips = {path.stem: path for path in sorted(source.glob("*.mp4"))}
    if not clips:
        raise FileNotFoundError(f"no .mp4 clips in {source}")
    return clips


def is_repository(source: Path) -> bool:
    return (source / "HEAD").exists()


def _extract(repository: Path, scratch: Path) -> None:
    git = ["git", "-C", str(repository)]
    listing = subprocess.run(
        [*git, "ls-tree", "-r", "HEAD", *_REPOSITORY_FOLDERS], check=True, capture_output=True, text=True
    )
    scratch.mkdir(parents=True, exist_ok=True)
    for line in listing.stdout.splitlines():
        entry, name = line.split("\t")
        target = scratch / "-".join(Path(name).parts[1:])
        if target.suffix != ".mp4" or target.exists():
            continue
        blob = subprocess.run([*git, "cat-file", "blob", entry.split()[2]], check=False, capture_output=True)
        if blob.returncode == 0:
            target.write_bytes(blob.stdout)


def decode_video(path: Path) -> Iterator[VideoFrame]:
    """Frames at least FRAME_SPACING_NS apart, no wider than FRAME_WIDTH_PX, stamped from the first one's time."""
    with av.open(str(path)) as container:
        if not container.streams.video:
            return
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        origin: int | None = None
        last = -FRAME_SPACING_NS
        seq = 0
        for frame in container.decode(stream):
            if frame.pts is None or frame.time_base is None:
                continue
            stamp = int(frame.pts * frame.time_base * NS_PER_S)
            origin = stamp if origin is None else origin
            if stamp - origin < last + FRAME_SPACING_NS:
                continue
            last = stamp - origin
            width = min(FRAME_WIDTH_PX, frame.width)
            height = frame.height * width // frame.width
            rgb = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
            yield VideoFrame(seq, last, np.ascontiguousarray(rgb))
            seq += 1


def decode_audio(path: Path) -> AudioChunk:
    """The whole sound of a clip as one chunk: mono, 16 kHz, starting at 0."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)
    parts = [np.zeros(0, np.float32)]
    with av.open(str(path)) as container:
        if container.streams.audio:
            for frame in container.decode(audio=0):
                parts += [block.to_ndarray()[0] for block in resampler.resample(frame)]
            parts += [block.to_ndarray()[0] for block in resampler.resample(None)]
    return AudioChunk(0, 0, SAMPLE_RATE_HZ, np.concatenate(parts).astype(np.float32))
