"""Voices in, a trained network out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from training.whisper.batches import batch_of
from training.whisper.network import TinyWhisper
from training.whisper.utterances import MAX_WORDS, Spoken, Utterance, join, no_speech, vary
from training.whisper.vocabulary import LANGUAGES, WORDS

_SILENT_SHARE = 0.1
_WARMING_STEPS = 50
_ENGLISH_ONLY_SHARE = 0.2  # of the batches: as an English-only checkpoint is prompted


@dataclass(frozen=True, slots=True)
class Stage:
    """So many steps over windows of some lengths, `batch_s` of audio in each; the rate falls from one end to the other.

    All in seconds. Short windows hold little silence, so most of the learning is done there.
    """

    steps: int
    batch_s: int
    contexts_s: tuple[int, ...]
    rate: tuple[float, float]


STAGES = (
    Stage(1200, 48, (2, 3, 4), (3e-3, 1.5e-3)),
    Stage(800, 48, (3, 4, 6), (2e-3, 1e-3)),
    Stage(500, 48, (4, 6, 10), (1.5e-3, 5e-4)),
    Stage(450, 48, (4, 6, 10), (1e-3, 3e-4)),
    Stage(500, 48, (4, 6, 10), (1e-3, 3e-4)),
    Stage(1200, 48, (4, 6, 10), (1.5e-3, 2e-4)),
    Stage(900, 48, (4, 6, 10), (1.2e-3, 1e-4)),
    Stage(100, 60, (10, 10, 10, 14, 30), (3e-4, 2e-5)),
)


def make(
    rng: np.random.Generator,
    voices: Mapping[str, Sequence[Spoken]],
    context_s: int,
    languages: Sequence[str] = LANGUAGES,
) -> Utterance:
    """One utterance that fits the window, from a language, a voice and words drawn at random."""
    words_each = np.array([len(WORDS[language]) for language in languages])
    language = str(rng.choice(languages, p=words_each / words_each.sum()))  # each word as often as any other
    if rng.random() < _SILENT_SHARE:
        return no_speech(rng, language, float(rng.uniform(0.2, context_s)))
    spoken = voices[language][rng.integers(len(voices[language]))]
    while True:
        words = rng.choice(WORDS[language], rng.integers(1, min(MAX_WORDS, context_s) + 1))
        lead_s = float(rng.choice([0.4, 0.4, context_s / 3]))
        utterance = vary(rng, join(rng, spoken, language, [str(word) for word in words], longest_lead_s=lead_s))
        if len(utterance.pcm) <= context_s * 16_000:
            return utterance


def fit(model: TinyWhisper, voices: Mapping[str, Sequence[Spoken]], stage: Stage, seed: int) -> None:
    """Train in place for one stage, and print how it goes."""
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.01, betas=(0.9, 0.98))
    began = time.monotonic()
    first, last = stage.rate
    means: NDArray[np.float64] | None = None
    for step in range(stage.steps):
        warm = min(1.0, (step + 1) / _WARMING_STEPS)
        for group in optimizer.param_groups:
            group["lr"] = warm * first * (last / first) ** (step / stage.steps)
        context_s = int(rng.choice(stage.contexts_s))
        english_only = rng.random() < _ENGLISH_ONLY_SHARE
        languages = ("en",) if english_only else LANGUAGES
        size = max(2, stage.batch_s // context_s)
        made = [make(rng, voices, context_s, languages) for _ in range(size)]
        tokens, attention, frames = model.losses(batch_of(made, context_s, english_only=english_only, roughly=rng))
        optimizer.zero_grad()
        (tokens + 0.3 * attention + frames).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        now = np.array([tokens.item(), attention.item(), frames.item()])
        means = now if means is None else 0.98 * means + 0.02 * now
        if step % 50 == 49:
            shown = "tokens {:.3f}, attention {:.3f}, frames {:.3f}".format(*means)
            print(f"step {step + 1} of {stage.steps}: {shown} ({time.monotonic() - began:.0f} s)", flush=True)
