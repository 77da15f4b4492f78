"""The demo through the same models in one loop, the way it is written first: at every tick all is computed anew.

Five times a second: landmarks of the newest picture, pitch and sound of the whole window, the recognizer over all that
has been said of the utterance, the text model over its words. Voice activity alone is incremental. What the loop leaves
out counts in its favour: decoding, heads, fusion, publishing, and careful final words with their times.
`python -m bench.naive` prints a Loop.
"""

from __future__ import annotations

import sys
import time

import msgspec
import numpy as np
from swift_f0 import SwiftF0

from agent.capture.recording import RecordingAudio, RecordingVideo
from agent.config import Config
from agent.processes.models import Models
from agent.session import demo_location
from encoders.samples import NS_PER_S
from encoders.sound import WINDOW_HOPS
from encoders.speech.voice_activity import WINDOW_SAMPLES, VoiceActivity

_RATE_HZ = 16_000
_SOUND_SAMPLES = WINDOW_HOPS * _RATE_HZ // 10
_PITCH_HZ = (60.0, 600.0)


class Loop(msgspec.Struct, frozen=True):
    """What each tick took: processor and wall time, in seconds."""

    cpu_s: list[float]
    wall_s: list[float]


def run_loop(location: str) -> Loop:
    """Go through a recording tick by tick, as fast as it goes."""
    config, models = Config(), Models()
    face, prosody, recognizer, text = models.face, models.prosody, models.recognizer, models.text
    with RecordingAudio(location) as audio:
        pcm = np.concatenate([chunk.pcm for chunk in audio])
    with RecordingVideo(location, max_rate_hz=config.camera.rate_hz) as video:
        pictures = list(video)
    pitch = SwiftF0(threads=1, spin=False)
    voice, heard, begin, quiet = VoiceActivity(), 0, 0, True
    hangover = round(config.speech.hangover_s * _RATE_HZ)
    last_voiced = -hangover
    loop = Loop([], [])
    for tick in range(1, int(len(pcm) / _RATE_HZ * config.fusion.tick_hz) + 1):
        now = round(tick / config.fusion.tick_hz * _RATE_HZ)
        picture = [each for each in pictures if each.pts_ns < now * NS_PER_S // _RATE_HZ][-1]
        began_cpu_s, began_s = time.process_time(), time.perf_counter()
        landmarks = face.landmarks.locate(picture.rgb)
        if landmarks is not None:
            face.expression.describe(landmarks)
        pitch.detect(pcm[max(0, now - round(config.fusion.window_s * _RATE_HZ)) : now], _RATE_HZ, *_PITCH_HZ)
        if prosody.sound is not None:
            prosody.sound.locate(pcm[max(0, now - _SOUND_SAMPLES) : now])
        while heard + WINDOW_SAMPLES <= now:
            if voice.push(pcm[heard : heard + WINDOW_SAMPLES]):
                if quiet:
                    begin, quiet = max(0, heard - _RATE_HZ // 4), False
                last_voiced = heard
            heard += WINDOW_SAMPLES
            quiet |= heard - last_voiced >= hangover
        if not quiet and (words := recognizer.transcribe(pcm[begin:now], ())):
            text.encode(" ".join(word.text for word in words))
        loop.cpu_s.append(time.process_time() - began_cpu_s)
        loop.wall_s.append(time.perf_counter() - began_s)
    return loop


def main() -> None:
    sys.stdout.buffer.write(msgspec.json.encode(run_loop(demo_location())) + b"\n")


if __name__ == "__main__":
    main()
