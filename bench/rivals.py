"""An interpreter that has openSMILE and pocketsphinx, and measured turns, in; what they take of the same sound, out."""

from __future__ import annotations

import os
import subprocess
import tempfile
import wave
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import msgspec
import numpy as np

from agent.capture.recording import RecordingAudio
from agent.config import Config
from agent.processes.child import ONE_THREAD
from agent.session import demo_location
from bench.figures import Turn
from bench.measure import spread
from bench.speech.errors import word_errors
from bench.spoken_demo import spoken_lines

_RUNS = Path(__file__).with_name("rival_runs.py")


class _Rivals(msgspec.Struct, frozen=True):
    """Processor seconds for the demo's sound, and the words that pocketsphinx heard."""

    egemaps_once_s: float
    egemaps_ticks_s: float
    pocketsphinx_s: float
    text: str


def rivals_table(python: str, turns: Sequence[Turn]) -> str:
    """Both beside the agent's processes for the same modality, whole and live, with all that they do beyond it."""
    config = Config().fusion
    with tempfile.TemporaryDirectory() as folder:
        sound = _write_sound(Path(folder) / "demo.wav")
        command = [python, str(_RUNS), str(sound), str(config.window_s), str(config.tick_hz)]
        found = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ | ONE_THREAD).stdout
    rivals = msgspec.json.decode(found, type=_Rivals)
    prosody_s = [turn.live.cpu_s["prosody"] for turn in turns]
    speech_s = [turn.live.cpu_s["speech"] for turn in turns]
    said = " ".join(line.text for line in spoken_lines())
    ours = " ".join(utterance["text"] for utterance in turns[-1].scoring.utterances)
    return "\n".join(
        [
            "| for the demo's sound | processor, s | word error rate |",
            "|---|---|---|",
            f"| openSMILE, eGeMAPS of all of it, once | {rivals.egemaps_once_s:.1f} | |",
            f"| openSMILE, eGeMAPS of the last {config.window_s:g} s at every tick | {rivals.egemaps_ticks_s:.1f} | |",
            f"| the agent's prosody process, ten times a second | {spread(prosody_s)} | |",
            f"| that over openSMILE at every tick | {median(prosody_s) / rivals.egemaps_ticks_s:.2f} | |",
            f"| pocketsphinx, all of it, once | {rivals.pocketsphinx_s:.1f} | {_rate(said, rivals.text):.2f} |",
            f"| the agent's speech process, words as they are spoken | {spread(speech_s)} | {_rate(said, ours):.2f} |",
            f"| that over pocketsphinx | {median(speech_s) / rivals.pocketsphinx_s:.2f} | |",
        ]
    )


def _rate(said: str, heard: str) -> float:
    errors = word_errors(said, heard)
    return errors.total / errors.words


def _write_sound(path: Path) -> Path:
    with RecordingAudio(demo_location()) as audio, wave.open(str(path), "wb") as media:
        media.setnchannels(1)
        media.setsampwidth(2)
        media.setframerate(16_000)
        for chunk in audio:
            media.writeframes(np.round(np.clip(chunk.pcm, -1, 1) * 32767).astype("<i2").tobytes())
    return path
