"""The bundled demo in, a recording of it over and over out: a session as long as a test needs."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

from agent.session import demo_location


def write_encore(path: Path, times: int) -> Path:
    """Copy the demo's packets so many times, one after another, into an .mkv; nothing is encoded again."""
    with av.open(str(path), "w") as out:
        with av.open(demo_location()) as demo:
            copies = {stream.index: out.add_stream_from_template(stream) for stream in demo.streams}
            length_s = Fraction(demo.duration or 0, av.time_base)
        for number in range(times):
            with av.open(demo_location()) as demo:
                for packet in demo.demux():
                    if packet.dts is None or packet.pts is None or packet.time_base is None:
                        continue  # the one that says that the stream has ended
                    later = int(number * length_s / packet.time_base)
                    packet.pts, packet.dts = packet.pts + later, packet.dts + later
                    packet.stream = copies[packet.stream_index]
                    out.mux(packet)
    return path
