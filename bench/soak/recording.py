"""A recording in, a long one of it over and over out, without decoding anything."""

from __future__ import annotations

import math
from pathlib import Path

import av


def looped(source: str, path: Path, seconds: float) -> Path:
    """Write `source` again and again into `path`, a Matroska file, until it lasts `seconds`.

    The packets are copied with their times moved on, so an hour is written in seconds and looks and sounds as `source`.
    """
    with av.open(source) as once, av.open(str(path), "w", format="matroska") as long:
        period_s = max(
            (packet.pts + (packet.duration or 0)) * packet.time_base
            for packet in once.demux()
            if packet.pts is not None
        )
        streams = {stream.index: long.add_stream_from_template(stream) for stream in once.streams}
        for number in range(math.ceil(seconds / period_s)):
            once.seek(0)
            for packet in once.demux():
                if packet.pts is None or packet.dts is None:  # the empty one that ends a stream
                    continue
                if number and packet.pts < 0:  # what primes a decoder that has just been started
                    continue
                moved = round(number * period_s / packet.time_base)
                packet.pts, packet.dts = packet.pts + moved, packet.dts + moved
                packet.stream = streams[packet.stream.index]
                long.mux(packet)
    return path
