"""Half an hour in which nobody speaks, through the real command: every tick is there, no word is, and then all are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.agent.capture.films import write_audio
from tests.integration.processes import finished, messages
from tests.long.recordings import RATE_HZ, demo_sound

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]
SILENCE_S = 1800


def _talk_silence_talk(path: Path, *, hole: bool) -> float:
    """The demo, half an hour of nothing (zeros, or no samples at all) and the demo again; when that begins, in s."""
    talk = (demo_sound() / 32768)[:, np.newaxis]
    talk_s = len(talk) / RATE_HZ
    if hole:
        write_audio(path, talk, RATE_HZ, starts_ms=(0, round(1000 * (talk_s + SILENCE_S))))
    else:
        write_audio(path, np.concatenate([talk, np.zeros((SILENCE_S * RATE_HZ, 1)), talk]), RATE_HZ, "flac")
    return talk_s + SILENCE_S


@pytest.mark.parametrize("hole", [False, True], ids=["zeros", "no samples"])
def test_after_half_an_hour_of_silence_the_words_are_heard_as_before_it(tmp_path: Path, hole: bool) -> None:
    recording = tmp_path / ("silence.mkv" if hole else "silence.flac")
    again_s = _talk_silence_talk(recording, hole=hole)
    result = finished("score", str(recording), "--out", str(tmp_path / "out"), timeout_s=3000)
    assert result.returncode == 0, result.stderr
    estimates = messages((tmp_path / "out" / "silence" / "estimates.jsonl").read_text())
    assert [estimate["seq"] for estimate in estimates] == list(range(len(estimates)))
    assert len(estimates) == int(5 * (2 * again_s - SILENCE_S))
    silent = [e for e in estimates if again_s - SILENCE_S + 10 < e["end_ns"] / 1e9 < again_s]
    assert len(silent) > 5 * (SILENCE_S - 12)
    assert {e["modalities"]["voice"]["status"] for e in silent} == {"absent"}
    assert {e["modalities"]["text"]["status"] for e in silent} == {"absent"}
    assert {json.dumps(e["sarcasm"]) for e in silent} == {'{"probability": null, "state": "unknown"}'}

    utterances: list[dict[str, Any]] = messages((tmp_path / "out" / "silence" / "utterances.jsonl").read_text())
    before = [u for u in utterances if u["end_ns"] / 1e9 < again_s - SILENCE_S + 1]
    after = [u for u in utterances if u["start_ns"] / 1e9 > again_s - 1]
    assert len(before) + len(after) == len(utterances)
    assert [u["text"].lower() for u in after] == [u["text"].lower() for u in before]
    for earlier, later in zip(before, after, strict=True):
        assert abs(later["start_ns"] / 1e9 - earlier["start_ns"] / 1e9 - again_s) < 0.1
