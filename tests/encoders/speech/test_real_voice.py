"""The one test of a stream with the real voice activity."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from encoders.samples import NS_PER_S
from encoders.speech.stream import SpeechStream
from tests.encoders.speech.levels import (
    RATE_HZ,
    Scripted,
    hear,
)

KENNEDY = Path(__file__).parents[4] / "shared" / "data" / "speech" / "jfk.flac"


@pytest.mark.skipif(not KENNEDY.is_file(), reason="needs the shared recording jfk.flac")
def test_a_real_voice_is_heard_the_same_however_its_audio_was_cut() -> None:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    with av.open(str(KENNEDY)) as container:
        pcm = np.concatenate([o.to_ndarray()[0] for f in container.decode(audio=0) for o in resampler.resample(f)])
    told = []
    for sizes in ((512,), (160, 7, 4801)):
        stream = SpeechStream(Scripted(["so"]))
        told.append([*hear(stream, pcm, sizes), *stream.flush()])
    assert told[0] == told[1]
    assert sum(t.final for t in told[0]) >= 2
    assert all(t.interval.start_ns < 11 * NS_PER_S for t in told[0])
