"""A table of heartbeats in; the notifications that a strap would have given, when it would have, out over a socket.

python -m deadpan_heart.stand_in talk.heart.csv --listen 127.0.0.1:5750
"""

from __future__ import annotations

import argparse
import socket
import time
from pathlib import Path

from .characteristic import write
from .file import HeartFile


def main() -> None:
    """Serve one listener after another, each from the beginning, until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m deadpan_heart.stand_in", description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="time_s and bpm, or time_s and rr_ms")
    parser.add_argument("--listen", default="127.0.0.1:5750", metavar="HOST:PORT", help="default: %(default)s")
    options = parser.parse_args()
    host, _, port = options.listen.rpartition(":")
    with socket.create_server((host, int(port))) as server:
        print(f"a strap beats at tcp://{host}:{server.getsockname()[1]}", flush=True)
        while True:
            listener, _ = server.accept()
            with listener:
                _play(options.file, listener)


def _play(path: Path, listener: socket.socket) -> None:
    began_s = time.monotonic()
    with HeartFile(path) as beats:
        for beat in beats:
            # A strap sends each beat when it beats: this is its clock.
            time.sleep(max(0.0, beat.pts_ns / 1e9 - (time.monotonic() - began_s)))
            value = write(round(beat.values[0]), beat.values[1:].tolist())
            try:
                listener.sendall(bytes([len(value)]) + value)
            except OSError:  # it has gone; another may come
                return


if __name__ == "__main__":
    main()
