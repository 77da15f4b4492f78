"""A program that feeds an agent a recording: python -m tests.stand_ins.feeder ENDPOINT RECORDING [once]

It plays the recording over and over, at real time, and leaves telling the time to the feed, as a program does that
passes on what it gets. Told `once`, it reads a moment of the machine's clock from its standard input, plays it from
then on, and says of everything when it was heard or seen. It prints "feeding" when it can be listened to.
"""

from __future__ import annotations

import heapq
import itertools
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

import deadpan
from agent.capture.recording import RecordingAudio, RecordingVideo
from encoders.samples import NS_PER_S, AudioChunk, VideoFrame


@dataclass(frozen=True, slots=True)
class Due:
    """A sample and when a device would have delivered it, in ns of the recording."""

    at_ns: int
    sample: AudioChunk | VideoFrame


def samples(recording: str) -> Iterator[Due]:
    """A recording's sound in chunks and all its pictures, in order of time."""
    with RecordingAudio(recording) as audio, RecordingVideo(recording, max_rate_hz=1000.0) as video:
        sounds = (Due(chunk.interval.end_ns, chunk) for chunk in audio)
        pictures = (Due(frame.pts_ns, frame) for frame in video)
        yield from heapq.merge(sounds, pictures, key=lambda due: due.at_ns)


def send(feed: deadpan.Feed, sample: AudioChunk | VideoFrame, begin_ns: int | None) -> None:
    """Send a sample, whose recording began at a moment of the machine's clock; None: it is up to the feed to say."""
    pts_ns = None if begin_ns is None else begin_ns + sample.pts_ns
    if isinstance(sample, AudioChunk):
        pcm = np.round(sample.pcm * 32768).clip(-32768, 32767).astype("<i2").tobytes()
        feed.audio(pcm, sample.sample_rate_hz, pts_ns=pts_ns)
    else:
        height, width, _ = sample.rgb.shape
        feed.video(sample.rgb.tobytes(), width, height, pts_ns=pts_ns)


def play(endpoint: str, recording: str, *, once: bool) -> None:
    """Feed a recording, each sample when it is due."""
    end_ns = 0
    with deadpan.Feed(endpoint) as feed:
        sys.stdout.write("feeding\n")
        sys.stdout.flush()
        begin_ns = int(sys.stdin.readline()) if once else None
        began_ns = time.monotonic_ns() if begin_ns is None else begin_ns
        for _ in range(1) if once else itertools.count():
            began_ns += end_ns
            for due in samples(recording):
                time.sleep(max(0, began_ns + due.at_ns - time.monotonic_ns()) / NS_PER_S)
                send(feed, due.sample, begin_ns)
                end_ns = due.at_ns


if __name__ == "__main__":
    play(sys.argv[1], sys.argv[2], once=sys.argv[3:] == ["once"])
