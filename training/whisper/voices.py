"""Words and voices in, each word spoken alone out: by flite (English) and espeak-ng (English and German)."""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from encoders.speech.recognizer import SAMPLE_RATE_HZ

_FLITE = ("kal", "kal16", "awb", "slt")
_FLITE_STRETCHES = (0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.3)
_ACCENTS = {
    "en": ("en", "en-us", "en-gb-x-gbclan", "en-gb-x-rp", "en-gb-x-gbcwmd", "en-029", "en-us-nyc"),
    "de": ("de",),
}
_TIMES = {"en": 5, "de": 2}  # each variant, with an accent, pace and pitch drawn anew
_VARIANTS = (
    *("", "m1", "m2", "m3", "m4", "m5", "m7", "m8", "f1", "f2", "f3", "f5", "Alex", "Andy", "Annie", "Michael"),
    *("adam", "anika", "belinda", "benjamin", "caleb", "david", "edward", "gustave", "john", "linda", "paul", "steph"),
)
HELD_OUT_FLITE = ("rms",)
HELD_OUT_VARIANTS = ("f4", "m6", "grandpa")
HELD_OUT_ACCENT = "en-gb-scotland"
_QUIET = 10 ** (-35 / 20)  # of a word's peak: what is below is not yet, or no longer, the word


@dataclass(frozen=True, slots=True)
class Voice:
    """One way to speak: a program, its voice, words a minute (espeak-ng) or stretch (flite), and pitch."""

    program: str
    name: str
    language: str
    pace: float
    pitch: int

    def say(self, word: str) -> NDArray[np.float32]:
        """A word as float32 [n] at 16 kHz, peak 0.5, without the silence around it. Raises RuntimeError if it fails."""
        if self.program == "flite":
            command = ["-voice", self.name, "--setf", f"duration_stretch={self.pace}", "-t", word, "-o", "/dev/stdout"]
        else:
            command = ["-v", self.name, "-s", str(round(self.pace)), "-p", str(self.pitch), "--stdout", word]
        program = shutil.which(self.program)
        if program is None:
            raise RuntimeError(f"{self.program} is not installed; on Debian: apt-get install flite espeak-ng")
        done = subprocess.run([program, *command], capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{self.program} cannot say {word!r} as {self.name}: {done.stderr.decode()}")
        return _trimmed(_read(done.stdout))


def training_voices(rng: np.random.Generator) -> Iterator[Voice]:
    """Every voice but the held-out ones, each accent and variant with a pace and a pitch of its own."""
    for name in _FLITE:
        for stretch in _FLITE_STRETCHES:
            yield Voice("flite", name, "en", stretch, 0)
    for language, accents in _ACCENTS.items():
        for variant in _VARIANTS:
            for _ in range(_TIMES[language]):
                accent = accents[rng.integers(len(accents))]
                name = f"{accent}+{variant}" if variant else accent
                yield Voice("espeak-ng", name, language, float(rng.uniform(120, 200)), int(rng.integers(20, 80)))


def held_out_voices() -> Iterator[Voice]:
    """Voices the model has never heard: the test set."""
    for name in HELD_OUT_FLITE:
        for stretch in (0.95, 1.1):
            yield Voice("flite", name, "en", stretch, 0)
    for variant in HELD_OUT_VARIANTS:
        yield Voice("espeak-ng", f"{HELD_OUT_ACCENT}+{variant}", "en", 150, 45)
        yield Voice("espeak-ng", f"de+{variant}", "de", 145, 50)


def speak_words(voice: Voice, words: tuple[str, ...], folder: Path) -> dict[str, NDArray[np.float32]]:
    """Every word in a voice, kept in `folder` so that a second run does not speak it again."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{voice.program}-{voice.name}-{voice.language}-{voice.pace:.2f}-{voice.pitch}.npz"
    if path.is_file():
        with np.load(path) as kept:
            if set(kept.files) == set(words):
                return {word: kept[word] for word in words}
    spoken = {word: voice.say(word) for word in words}
    np.savez(path, **spoken)  # type: ignore[arg-type]
    return spoken


def _read(wav: bytes) -> NDArray[np.float32]:
    """16-bit mono. A program that writes to a pipe cannot know the length: the header may claim any, so all is read."""
    with wave.open(io.BytesIO(wav)) as sound:
        rate_hz = sound.getframerate()
    begins = wav.index(b"data") + 8
    pcm = np.frombuffer(wav[begins : begins + (len(wav) - begins) // 2 * 2], "<i2").astype(np.float32) / 32768
    return np.asarray(soxr.resample(pcm, rate_hz, SAMPLE_RATE_HZ), np.float32)


def _trimmed(pcm: NDArray[np.float32]) -> NDArray[np.float32]:
    peak = float(np.abs(pcm).max(initial=0.0))
    if peak == 0:
        raise RuntimeError("a word was spoken without a sound")
    # Over 10 ms, because speech crosses zero.
    level = np.convolve(np.abs(pcm), np.ones(160) / 160, "same")
    loud = np.flatnonzero(level > level.max() * _QUIET)
    return np.asarray(pcm[loud[0] : loud[-1] + 1] * (0.5 / peak), np.float32)
