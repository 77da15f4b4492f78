"""Token and frame targets in, a trained Whisper out: openai-whisper's own network over the known tokens alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from whisper.model import ModelDimensions, MultiHeadAttention, Whisper

from training.whisper.vocabulary import LANGUAGES, WORDS, known_tokens, tokenizer

N_VOCAB = 51_865
STATE, HEADS, LAYERS = 64, 4, 2
CLASSES = 1 + sum(len(words) for words in WORDS.values())
"""What a frame can be: nothing, or a word of a language."""
IGNORED = -100
_SHARPNESS = 1.2


def dimensions(n_vocab: int) -> ModelDimensions:
    """The tiny network. Its alignment heads are those of its last decoder layer, openai-whisper's default for two."""
    return ModelDimensions(80, 1500, STATE, HEADS, LAYERS, n_vocab, 448, STATE, HEADS, LAYERS)


@dataclass(frozen=True, slots=True)
class Batch:
    """`mel` [b, 80, 2t]; `tokens` and `targets` [b, n]; `spread` [b, n, known + 1] for soft targets, or zeros;
    `attend` [b, n, t], rows sum to 1 where a token has a place and 0 elsewhere; `frames` [b, t] classes.
    """

    mel: Tensor
    tokens: Tensor
    targets: Tensor
    spread: Tensor
    attend: Tensor
    frames: Tensor


class TinyWhisper(nn.Module):
    """Whisper over the known tokens and one row for all others, with a helper that names the word in every frame."""

    def __init__(self) -> None:
        super().__init__()
        known = len(known_tokens())
        self.whisper: Any = Whisper(dimensions(known + 1))
        self.frame_classes = nn.Linear(STATE, CLASSES)
        nn.init.normal_(self.whisper.decoder.token_embedding.weight, std=0.05)
        nn.init.zeros_(self.whisper.decoder.positional_embedding)
        encoder = self.whisper.encoder
        with torch.no_grad():  # else what is heard is a twentieth of its place in time, and is found late
            encoder.conv1.weight *= 3
            encoder.conv2.weight *= 4
        for layer, block in enumerate(encoder.blocks):
            _look_near(block.attn, [offset * 4**layer for offset in (-4, -1, 1, 4)])
        # The last row stands for this many tokens, each of which must be unlikely.
        self.others = torch.zeros(known + 1)
        self.others[-1] = math.log(N_VOCAB - known)

    def encode(self, mel: Tensor) -> Tensor:
        """Like Whisper's encoder, in a window as short as the audio."""
        encoder = self.whisper.encoder
        hidden = functional.gelu(encoder.conv2(functional.gelu(encoder.conv1(mel)))).permute(0, 2, 1)
        hidden = hidden + encoder.positional_embedding[: hidden.shape[1]]
        for block in encoder.blocks:
            hidden = block(hidden)
        return encoder.ln_post(hidden)

    def losses(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """What to make small: wrong tokens, attention beside the word, wrong frames.

        All heads of the last layer are to look at the word to come: they are the alignment heads. Two of the first
        layer are to look at the word just said, from where the next is easy to find.
        """
        hidden = self.encode(batch.mel)
        asked: list[Tensor] = []
        attentions = [block.cross_attn for block in self.whisper.decoder.blocks]
        hooks = [each.register_forward_pre_hook(lambda _, inputs: asked.append(inputs[0])) for each in attentions]
        logits = self.whisper.decoder(batch.tokens, hidden) + self.others
        for hook in hooks:
            hook.remove()
        wrong = functional.cross_entropy(logits.transpose(1, 2), batch.targets, ignore_index=IGNORED)
        rows = batch.spread.sum(-1) > 0
        if rows.any():
            wrong = wrong - (batch.spread[rows] * logits[rows].log_softmax(-1)).sum(-1).mean()
        said = functional.pad(batch.attend, (0, 0, 1, 0))[:, :-1]
        astray = _beside(attentions[-1], asked[-1], hidden, batch.attend, HEADS)
        astray = astray + _beside(attentions[0], asked[0], hidden, said, HEADS // 2)
        frames = functional.cross_entropy(self.frame_classes(hidden).transpose(1, 2), batch.frames)
        return wrong, astray, frames


def _beside(attention: Any, query_input: Tensor, hidden: Tensor, attend: Tensor, heads: int) -> Tensor:
    """Cross entropy of the first heads' attention against where each token is to look; 0 when none is to look."""
    query = _by_head(attention.query(query_input))[:, :heads]
    key = _by_head(attention.key(hidden))[:, :heads]
    weights = (query @ key.transpose(-1, -2) * (STATE // HEADS) ** -0.5).log_softmax(-1)
    placed = attend.sum(-1) > 0
    if not placed.any():
        return hidden.new_zeros(())
    return -(attend[:, None] * weights).sum(-1).mean(1)[placed].mean()


def frame_class(language: str, word: str) -> int:
    """1 … CLASSES − 1, by language and word."""
    before = sum(len(WORDS[earlier]) for earlier in LANGUAGES[: LANGUAGES.index(language)])
    return 1 + before + WORDS[language].index(word)


def compact(token: int) -> int:
    """A token's row in the compact embedding. Raises ValueError for a token that is not known."""
    return known_tokens().index(token)


def prompt(language: str, *, english_only: bool = False) -> tuple[int, ...]:
    """What decoding starts from: transcribe this language, without timestamps; English-only models are told less."""
    spoken = tokenizer(language)
    return (spoken.sot, spoken.no_timestamps) if english_only else tuple(spoken.sot_sequence_including_notimestamps)


@torch.no_grad()
def _look_near(attention: MultiHeadAttention, offsets: Sequence[int]) -> None:
    """Begin with each head looking so many frames away: found by training alone, that would take most of the time.

    Places are sines and cosines, so looking away is turning them: sin(w(t + d)) = sin wt cos wd + cos wt sin wd.
    """
    width = STATE // HEADS // 2
    fastest = torch.exp(-math.log(10_000) / (STATE // 2 - 1) * torch.arange(width))
    for linear in (attention.query, attention.key):
        linear.weight.mul_(0.1)
    for head, offset in enumerate(offsets):
        for n in range(width):
            sine, cosine = n, STATE // 2 + n
            row = head * 2 * width + 2 * n
            turn = float(fastest[n]) * offset
            attention.query.weight[row, sine] += _SHARPNESS
            attention.query.weight[row + 1, cosine] += _SHARPNESS
            attention.key.weight[row, sine] += _SHARPNESS * math.cos(turn)
            attention.key.weight[row, cosine] -= _SHARPNESS * math.sin(turn)
            attention.key.weight[row + 1, cosine] += _SHARPNESS * math.cos(turn)
            attention.key.weight[row + 1, sine] += _SHARPNESS * math.sin(turn)


def _by_head(projected: Tensor) -> Tensor:
    batch, length, _ = projected.shape
    return projected.view(batch, length, HEADS, -1).transpose(1, 2)
