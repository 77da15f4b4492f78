"""Folders of recorded speech in, recordings with their known words (and, where somebody aligned them, times) out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.speech.spoken import spoken
from encoders.speech.recognizer import SAMPLE_RATE_HZ
from training.clips.media import decode_audio, open_clips

Pcm = NDArray[np.float32]

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
_KENNEDY = (
    "And so, my fellow Americans: ask not what your country can do for you; ask what you can do for your country."
)
_SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".mp4", ".mpg", ".mkv", ".mov", ".webm")
# Cooke et al. 2006, "An audio-visual corpus for speech perception and automatic speech recognition": the name spells
# the sentence, a letter for each word.
_GRID = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    {letter: letter for letter in "abcdefghijklmnopqrstuvxyz"},
    {"z": "zero", **{str(digit): spoken(str(digit))[0] for digit in range(1, 10)}},
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)


@dataclass(frozen=True, slots=True)
class AlignedWord:
    """A word of the reference and when it was spoken, in seconds from the start of the recording."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Recording:
    """Speech whose words are known. `aligned` is empty where nobody knows their times."""

    corpus: str
    name: str
    text: str
    read: Callable[[], Pcm]
    """Decodes it: float32 [n] at 16 kHz."""
    aligned: tuple[AlignedWord, ...] = ()


def read_speech(shared: Path = SHARED) -> Iterator[Recording]:
    """The two corpora of read speech: Kennedy's eleven seconds, and five aligned sentences of LibriVox."""
    if (kennedy := shared / "speech" / "jfk.flac").is_file():
        yield Recording("read", "jfk", _KENNEDY, _reader(kennedy))
    librivox = shared / "speech" / "librivox"
    if (texts := librivox / "transcription").is_file():
        for line in texts.read_text(encoding="utf-8").splitlines():
            if found := re.fullmatch(r"<s> (.*) </s> \((.*)\)", line.strip()):
                path = librivox / f"{found[2]}.wav"
                yield Recording("read", found[2], found[1], _reader(path), read_alignment(path.with_suffix(".json")))


def grid_sentences(shared: Path = SHARED) -> Iterator[Recording]:
    """GRID's talking faces: six words each, a letter and a digit among them."""
    for path in sorted((shared / "av").glob("*.mpg")):
        if len(path.stem) == len(_GRID):
            words = [table[letter] for table, letter in zip(_GRID, path.stem, strict=True)]
            yield Recording("grid", path.stem, " ".join(words), _reader(path))


def conversation(clips: Path, scratch: Path, shared: Path = SHARED) -> Iterator[Recording]:
    """MUStARD's clips, by a folder of KEY.mp4 or a bare repository of them: sitcom lines among laughter and music.

    Raises FileNotFoundError when there are no clips, or their words are not at hand.
    """
    rows = json.loads((shared / "text" / "mustard.json").read_text(encoding="utf-8"))
    for key, path in open_clips(clips, scratch).items():
        if key in rows:
            yield Recording("clips", key, rows[key]["utterance"], _reader(path))


def own_folder(folder: Path) -> list[Recording]:
    """NAME.wav (or .flac, .mp3, .mp4 and so on) beside NAME.txt, its words; NAME.json beside them may give their times.

    Raises FileNotFoundError when the folder holds no such pair.
    """
    recordings = [
        Recording(folder.name, path.stem, words.read_text(encoding="utf-8"), _reader(path), read_alignment(times))
        for path in sorted(folder.glob("*"))
        if path.suffix.lower() in _SUFFIXES
        and (words := path.with_suffix(".txt")).is_file()
        and (times := path.with_suffix(".json"))
    ]
    if not recordings:
        raise FileNotFoundError(f"{folder} holds no recording with its words beside it: NAME.wav and NAME.txt")
    return recordings


def read_alignment(path: Path) -> tuple[AlignedWord, ...]:
    """A pocketsphinx alignment: "w" lists words with t(ext), b(egin), d(uration) in seconds. Empty without a file."""
    if not path.is_file():
        return ()
    words = json.loads(path.read_text(encoding="utf-8"))["w"]
    return tuple(
        AlignedWord(re.sub(r"\(\d+\)$", "", word["t"]), word["b"], word["b"] + word["d"])
        for word in words
        if not word["t"].startswith(("<", "["))
    )


def _reader(path: Path) -> Callable[[], Pcm]:
    def read() -> Pcm:
        chunk = decode_audio(path)
        assert chunk.sample_rate_hz == SAMPLE_RATE_HZ
        return chunk.pcm

    return read
