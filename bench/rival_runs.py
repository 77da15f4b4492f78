"""A file of sound in; what openSMILE and pocketsphinx take for it, and the words heard, out as JSON on standard output.

Run by bench.rivals in an interpreter that has them: so of this repository it imports nothing. openSMILE may be used for
research only, and neither is part of Deadpan. Arguments: a WAV of 16 kHz mono, seconds of the window, ticks a second.
"""

from __future__ import annotations

import json
import sys
import time
import wave

import numpy as np
import opensmile  # type: ignore[import-not-found]  # where this runs it is installed, here it is not
from pocketsphinx import Decoder  # type: ignore[import-not-found]  # likewise

_RATE_HZ = 16_000


def main() -> None:
    location, window_s, tick_hz = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    with wave.open(location) as media:
        sound = media.readframes(media.getnframes())
    pcm = np.frombuffer(sound, "<i2").astype(np.float32) / 32768
    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
    smile.process_signal(pcm[:_RATE_HZ], _RATE_HZ)  # its set-up
    began_s = time.process_time()
    smile.process_signal(pcm, _RATE_HZ)
    once_s = time.process_time() - began_s
    began_s = time.process_time()
    for tick in range(1, int(len(pcm) / _RATE_HZ * tick_hz) + 1):
        now = round(tick / tick_hz * _RATE_HZ)
        smile.process_signal(pcm[max(0, now - round(window_s * _RATE_HZ)) : now], _RATE_HZ)
    ticks_s = time.process_time() - began_s
    decoder = Decoder(loglevel="FATAL")
    began_s = time.process_time()
    decoder.start_utt()
    decoder.process_raw(sound, full_utt=True)
    decoder.end_utt()
    heard_s = time.process_time() - began_s
    heard = decoder.hyp()
    print(
        json.dumps(
            {
                "egemaps_once_s": once_s,
                "egemaps_ticks_s": ticks_s,
                "pocketsphinx_s": heard_s,
                "text": "" if heard is None else heard.hypstr,
            }
        )
    )


if __name__ == "__main__":
    main()
