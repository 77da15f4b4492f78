"""Whisper in the processes of a real command: chosen, loaded from a path, its words with their times in the results."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from tests.integration.processes import finished, messages

pytest.importorskip("whisper", reason="needs the whisper extra")
pytest.importorskip("faster_whisper", reason="needs the faster-whisper extra")

from training.whisper import held_out
from training.whisper.export import write_ctranslate2, write_openai

WEIGHTS = Path(__file__).parents[1] / "weights"
RATE_HZ = 16_000


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The English test utterances one after another, a second apart, as one recording; and their words."""
    english = [each for each in held_out.read(WEIGHTS) if each.language == "en"]
    pause = np.zeros(RATE_HZ, np.float32)
    pcm = np.concatenate([part for each in english for part in (each.pcm, pause)])
    path = tmp_path_factory.mktemp("spoken") / "spoken.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        sound.writeframes((np.clip(pcm, -1, 1) * 32767).astype("<i2").tobytes())
    return path, [word for each in english for word in each.words]


@pytest.mark.parametrize("engine", ["whisper", "faster-whisper"])
def test_a_recording_is_scored_with_a_whisper_of_one_s_own(
    engine: str, spoken: tuple[Path, list[str]], tmp_path: Path
) -> None:
    recording, words = spoken
    model = tmp_path / ("own.pt" if engine == "whisper" else "own")
    (write_openai if engine == "whisper" else write_ctranslate2)(WEIGHTS / "tiny_whisper.npz", model)
    command = ("score", str(recording), "--out", str(tmp_path / "out"), "--speech", f"{engine}:{model}")
    result = finished(*command)
    assert result.returncode == 0, result.stderr
    assert f"Speech: {engine} {model}" in result.stderr
    utterances = messages((tmp_path / "out" / "spoken" / "utterances.jsonl").read_text())
    heard = [word for utterance in utterances for word in utterance["words"]]
    assert {word["timing"] for word in heard} == {"measured"}
    found = [word["text"].strip(".,!?").lower() for word in heard]
    assert sum(word in found for word in words) >= 0.6 * len(words)
