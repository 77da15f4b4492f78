"""Labelled lines in, padded tensors out, roughened the way a recognizer roughens speech."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from encoders.text_tokens import lay_out, stack
from training.text.corpora import Line
from training.text.network import pretrained_folder

MAX_TOKENS = 64
LENGTH_STEP = 8


@dataclass(frozen=True, slots=True)
class Batch:
    """What the network reads, int64 [batch, tokens] each."""

    ids: Tensor
    types: Tensor
    mask: Tensor


@dataclass(frozen=True, slots=True)
class Roughness:
    """How often a line is changed on its way into training; each is a probability."""

    unpunctuated: float = 0.4
    misheard: float = 0.3  # of lines; of such a line's words, `word_error` are dropped and as many replaced
    word_error: float = 0.08
    stray_context: float = 0.35  # of lines without context, so that sentiment learns to speak of the utterance alone
    no_context: float = 0.2  # of lines with context: the first utterance of a session has none


def seeded(seed: int) -> random.Random:
    """A draw that comes out the same in every run."""
    return random.Random(seed)  # noqa: S311  # it shuffles lines, it guards nothing


def load_tokenizer() -> Tokenizer:
    """MiniLM's uncased word pieces, without its own padding and cutting."""
    tokenizer = Tokenizer.from_file(str(pretrained_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def collate(tokenizer: Tokenizer, lines: Sequence[Line], device: torch.device) -> Batch:
    """Tokenise and pad `lines` in their order."""
    tokens = [lay_out(tokenizer, line.text.split(), line.context, MAX_TOKENS) for line in lines]
    ids, types, mask = map(torch.from_numpy, stack(tokens))
    # Few different lengths: torch compiles its kernels anew for every shape, which costs more than the padding.
    ids, types, mask = (functional.pad(part, (0, -part.shape[1] % LENGTH_STEP)) for part in (ids, types, mask))
    return Batch(ids.to(device), types.to(device), mask.to(device))


def count_tokens(tokenizer: Tokenizer, line: Line) -> int:
    """How many tokens `line` and its context come to, before any cutting."""
    return sum(len(tokenizer.encode(text, add_special_tokens=False).ids) + 1 for text in (line.text, *line.context))


def shuffle_into_batches(
    tokenizer: Tokenizer, lines: Sequence[Line], size: int, rng: random.Random
) -> Iterator[list[Line]]:
    """All `lines` once, in batches of like length (which saves padding: a third of the time) that come in random
    order.
    """
    order = sorted(lines, key=lambda line: (count_tokens(tokenizer, line) // LENGTH_STEP, rng.random()))
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    rng.shuffle(batches)
    yield from batches


def roughen(line: Line, others: Sequence[Line], roughness: Roughness, rng: random.Random) -> Line:
    """`line` as a recognizer might have heard it; stray words and turns are taken from `others`."""
    context = line.context
    if context and rng.random() < roughness.no_context:
        context = ()
    elif not context and rng.random() < roughness.stray_context:
        context = tuple(rng.choice(others).text for _ in range(rng.choice((1, 2))))
    text = line.text
    if rng.random() < roughness.misheard:
        text = _mishear(text, rng.choice(others).text.split(), roughness.word_error, rng)
    if rng.random() < roughness.unpunctuated:
        text, context = _unpunctuate(text), tuple(map(_unpunctuate, context))
    return replace(line, text=text, context=context)


def _mishear(text: str, strays: Sequence[str], rate: float, rng: random.Random) -> str:
    heard = []
    for word in text.split():
        fate = rng.random()
        if fate < rate:
            continue
        heard.append(rng.choice(strays) if strays and fate < 2 * rate else word)
    return " ".join(heard) or text


def _unpunctuate(text: str) -> str:
    return re.sub(r"[^\w\s']", " ", text)
