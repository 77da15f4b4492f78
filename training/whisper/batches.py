"""Utterances in, training batches out: log-mel frames, token targets, and the frames each token should look at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import whisper

from encoders.speech.recognizer import SAMPLE_RATE_HZ
from training.whisper.network import IGNORED, Batch, compact, frame_class, prompt
from training.whisper.utterances import Utterance
from training.whisper.vocabulary import STOP, WORDS, known_tokens, tokenizer, word_tokens

FRAMES_PER_S = 50
_STOP_S, _END_S = 0.08, 0.12
"""Where the full stop and the end of the text look: the silence just after the last word."""


def batch_of(
    utterances: Sequence[Utterance],
    context_s: int,
    *,
    english_only: bool = False,
    roughly: np.random.Generator | None = None,
) -> Batch:
    """All utterances in windows of the same length, prompted alike; `roughly` draws how their spectra are coloured.

    Raises ValueError for an utterance that does not fit.
    """
    if any(len(utterance.pcm) > context_s * SAMPLE_RATE_HZ for utterance in utterances):
        raise ValueError(f"an utterance is longer than {context_s} s")
    frames = context_s * FRAMES_PER_S
    sequences = [_tokens_of(utterance) for utterance in utterances]
    begin = len(prompt("en", english_only=english_only))
    length = max(begin + len(tokens) - 1 for tokens, _ in sequences)
    known = len(known_tokens())
    size = len(utterances)
    mel = torch.zeros(size, 80, 2 * frames)
    tokens_in = torch.full((size, length), compact(tokenizer("en").eot))
    targets = torch.full((size, length), IGNORED)
    spread = torch.zeros(size, length, known + 1)
    attend = torch.zeros(size, length, frames)
    classes = torch.zeros(size, frames, dtype=torch.long)
    for row, (utterance, (tokens, spans)) in enumerate(zip(utterances, sequences, strict=True)):
        padding = context_s * SAMPLE_RATE_HZ - len(utterance.pcm)
        mel[row] = whisper.log_mel_spectrogram(utterance.pcm, padding=padding)
        if roughly is not None:
            _roughen(mel[row], roughly)
        start = [compact(token) for token in prompt(utterance.language, english_only=english_only)]
        said = [compact(token) for token in tokens]
        sequence = [*start, *said[:-1]]
        tokens_in[row, : len(sequence)] = torch.tensor(sequence)
        spoken = tokenizer(utterance.language)
        targets[row, 0] = compact(spoken.language_token if utterance.words else spoken.no_speech)
        if utterance.words:
            targets[row, begin - 1 : len(sequence)] = torch.tensor(said)
        else:
            # Whisper may not end before the first word; so no word may be likely, that the guard can tell.
            spread[row, begin - 1] = _nothing()
        for place, (first_s, last_s) in enumerate(spans):
            first = min(round(first_s * FRAMES_PER_S), frames - 1)
            last = min(max(round(last_s * FRAMES_PER_S), first + 1), frames)
            attend[row, begin - 1 + place, first:last] = 1 / (last - first)
        for word, (first_s, last_s) in zip(utterance.words, utterance.spans_s, strict=True):
            spoken_in = slice(round(first_s * FRAMES_PER_S), round(last_s * FRAMES_PER_S))
            classes[row, spoken_in] = frame_class(utterance.language, word)
    return Batch(mel, tokens_in, targets, spread, attend, classes)


def _tokens_of(utterance: Utterance) -> tuple[list[int], list[tuple[float, float]]]:
    """The tokens after the prompt, and the stretch of audio, in seconds, each belongs to."""
    tokens: list[int] = []
    spans: list[tuple[float, float]] = []
    for word, (start_s, end_s) in zip(utterance.words, utterance.spans_s, strict=True):
        pieces = word_tokens(word)
        step_s = (end_s - start_s) / len(pieces)
        tokens += pieces
        spans += [(start_s + n * step_s, start_s + (n + 1) * step_s) for n in range(len(pieces))]
    end = tokenizer("en").eot
    if not tokens:
        return [end], []
    last_s = spans[-1][1]
    spans += [(last_s, last_s + _STOP_S), (last_s + _STOP_S, last_s + _STOP_S + _END_S)]
    return [*tokens, *word_tokens(STOP), end], spans


def _roughen(mel: torch.Tensor, rng: np.random.Generator) -> None:
    """Another room and microphone, up to 4 dB either way, and a few bands lost: as SpecAugment (arXiv 1904.08779)."""
    knots = rng.uniform(-0.1, 0.1, 6)  # Whisper's unit is 40 dB
    colour = np.interp(np.arange(len(mel)), np.linspace(0, len(mel) - 1, len(knots)), knots)
    mel += torch.from_numpy(colour.astype(np.float32))[:, None]
    lost = int(rng.integers(0, 6))
    first = int(rng.integers(0, len(mel) - lost))
    mel[first : first + lost] = mel.mean()


def _nothing() -> torch.Tensor:
    """Half the end, half any first token of a word."""
    spread = torch.zeros(len(known_tokens()) + 1)
    firsts = {compact(word_tokens(word)[0]) for words in WORDS.values() for word in words}
    spread[list(firsts)] = 0.5 / len(firsts)
    spread[compact(tokenizer("en").eot)] = 0.5
    return spread
