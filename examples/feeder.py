"""A WAV file in, its sound at the pace of a microphone out, to an agent: python -m examples.feeder ENDPOINT FILE

For instance at ipc:///tmp/feed, with, beside it, deadpan run --source ipc:///tmp/feed --camera none. Needs the client
alone.
"""

from __future__ import annotations

import argparse
import time
import wave

import deadpan

PIECE_S = 0.02


def main(endpoint: str, path: str) -> None:
    """Feed the file once, as a program would that gets its sound from a call."""
    with wave.open(path) as sound, deadpan.Feed(endpoint) as feed:
        if sound.getsampwidth() != 2:
            raise SystemExit(f"{path} is not of 16 bit samples")
        rate_hz, channels = sound.getframerate(), sound.getnchannels()
        due_s = time.monotonic()
        while pcm := sound.readframes(round(PIECE_S * rate_hz)):
            due_s += PIECE_S
            time.sleep(max(0.0, due_s - time.monotonic()))
            feed.audio(pcm, rate_hz, channels)


if __name__ == "__main__":
    parser = argparse.ArgumentParser("examples.feeder", description="Feed a WAV file's sound to an agent, once.")
    parser.add_argument("endpoint", metavar="ENDPOINT", help="ipc:///path, or tcp://127.0.0.1:PORT")
    parser.add_argument("file", metavar="FILE", help="a WAV file of 16 bit samples")
    asked = parser.parse_args()
    main(asked.endpoint, asked.file)
