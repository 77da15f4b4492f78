"""Voices in, a trained network out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from training.whisper.batches import batch_of
from training.whisper.network import TinyWhisper
from training.whisper.utterances import MAX_WORDS, Spoken, Utterance, join, no_speech, vary
from training.whisper.vocabulary import LANGUAGES, WORDS

_SILENT_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Stage:
    """Some steps over windows of some lengths, in seconds; the learning rate falls from one end to the other."""

    steps: int
    size: int
    contexts_s: tuple[int, ...]
    rate: tuple[float, float]


STAGES = (
    Stage(1500, 24, (2, 3, 4), (3e-3, 1.5e-3)),
    Stage(1000, 12, (6, 8, 10), (1.5e-3, 3e-4)),
    Stage(400, 8, (10, 10, 10, 14, 20, 30), (5e-4, 2e-5)),
)


def make(rng: np.random.Generator, voices: Mapping[str, Sequence[Spoken]], context_s: int) -> Utterance:
    """One utterance that fits the window, from a language, a voice and words drawn at random."""
    language = LANGUAGES[rng.integers(len(LANGUAGES))] if rng.random() < 0.8 else "en"
    if rng.random() < _SILENT_SHARE:
        return no_speech(rng, language, float(rng.uniform(0.2, context_s)))
    spoken = voices[language][rng.integers(len(voices[language]))]
    while True:
        words = rng.choice(WORDS[language], rng.integers(1, min(MAX_WORDS, context_s) + 1))
        lead_s = float(rng.choice([0.4, 0.4, context_s / 3]))
        utterance = vary(rng, join(rng, spoken, language, [str(word) for word in words], longest_lead_s=lead_s))
        if len(utterance.pcm) <= context_s * 16_000:
            return utterance


def fit(
    model: TinyWhisper, voices: Mapping[str, Sequence[Spoken]], stages: Sequence[Stage] = STAGES, seed: int = 0
) -> None:
    """Train in place, one stage after the other, and print how it goes."""
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.01, betas=(0.9, 0.98))
    began = time.monotonic()
    for number, stage in enumerate(stages):
        first, last = stage.rate
        means = np.zeros(3)
        for step in range(stage.steps):
            warm = min(1.0, (step + 1) / 100)
            for group in optimizer.param_groups:
                group["lr"] = warm * first * (last / first) ** (step / stage.steps)
            context_s = int(rng.choice(stage.contexts_s))
            size = max(2, stage.size * min(stage.contexts_s) // context_s)
            losses = model.losses(batch_of([make(rng, voices, context_s) for _ in range(size)], context_s))
            loss = losses[0] + 0.3 * losses[1] + losses[2]
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            means = 0.98 * means + 0.02 * np.array([part.item() for part in losses])
            if step % 50 == 49:
                shown = ", ".join(f"{part:.3f}" for part in means)
                print(f"stage {number} step {step + 1}: {shown} ({time.monotonic() - began:.0f} s)", flush=True)
