"""Voices never trained on in, test utterances out, and the few of them that the tests read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import av
import numpy as np

from encoders.speech.recognizer import SAMPLE_RATE_HZ
from training.whisper.utterances import MAX_WORDS, Spoken, Utterance, join
from training.whisper.vocabulary import WORDS
from training.whisper.voices import Voice

SOUND, WORDING = "held_out.flac", "held_out.json"
_PEAK = 0.12


def utterances(rng: np.random.Generator, voices: Mapping[Voice, Spoken], each: int) -> list[Utterance]:
    """So many from each voice, of two words or more: the words in turn, so that all are tested."""
    made = []
    for voice, spoken in voices.items():
        words: list[str] = []
        for _ in range(each):
            count = int(rng.integers(2, MAX_WORDS + 1))
            while len(words) < count:
                words += [str(word) for word in rng.permutation(WORDS[voice.language])]
            utterance = join(rng, spoken, voice.language, words[:count], longest_lead_s=0.5)
            words = words[count:]
            level = np.float32(_PEAK / np.abs(utterance.pcm).max())
            hiss = rng.standard_normal(len(utterance.pcm)).astype(np.float32) * np.float32(5e-5)
            made.append(Utterance(utterance.pcm * level + hiss, utterance.language, utterance.words, utterance.spans_s))
    return made


def write(chosen: Sequence[Utterance], folder: Path) -> None:
    """All in one FLAC file of 16 bits, and a list of where each lies in it, in samples, and what is said in it when."""
    wording = []
    at = 0
    for utterance in chosen:
        wording.append(
            {
                "first": at,
                "samples": len(utterance.pcm),
                "language": utterance.language,
                "words": utterance.words,
                "spans_s": [[round(start_s, 4), round(end_s, 4)] for start_s, end_s in utterance.spans_s],
            }
        )
        at += len(utterance.pcm)
    (folder / WORDING).write_text(json.dumps(wording, ensure_ascii=False, indent=1) + "\n")
    pcm = np.concatenate([utterance.pcm for utterance in chosen])
    with av.open(str(folder / SOUND), "w") as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE_HZ, layout="mono", options={"compression_level": "12"})
        frame = av.AudioFrame.from_ndarray(np.round(pcm * 32767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


def read(folder: Path) -> list[Utterance]:
    """What `write` wrote, in the same order."""
    with av.open(str(folder / SOUND)) as container:
        pcm = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)]).astype(np.float32) / 32767
    return [
        Utterance(
            pcm[entry["first"] : entry["first"] + entry["samples"]],
            entry["language"],
            tuple(entry["words"]),
            tuple((start_s, end_s) for start_s, end_s in entry["spans_s"]),
        )
        for entry in json.loads((folder / WORDING).read_text())
    ]
