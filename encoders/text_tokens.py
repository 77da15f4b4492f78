"""Words and the turns before them in, the text model's token ids out: one layout for training and for running.

    [CLS] turn [SEP] turn [SEP] utterance [SEP]        type 1 on the utterance's own tokens, 0 elsewhere

Every word is tokenised by itself, so each token knows its word, and what a word becomes does not depend on its
neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class Tokens:
    """One model input. `ids`, `types` are int64 [tokens]; `words` int64 [tokens] is each token's word in the utterance,
    -1 for what is not of it.
    """

    ids: NDArray[np.int64]
    types: NDArray[np.int64]
    words: NDArray[np.int64]


def lay_out(tokenizer: Tokenizer, words: Sequence[str], context: Sequence[str], max_tokens: int) -> Tokens:
    """Tokenise `words` after `context` (oldest turn first) into at most `max_tokens` tokens.

    What is spoken now has first claim on the room and keeps its latest tokens; the context gets what is left, the
    nearest turn first, each turn keeping its end.
    """
    cls, sep = (_special(tokenizer, name) for name in ("[CLS]", "[SEP]"))
    said = tokenizer.encode(list(words), is_pretokenized=True, add_special_tokens=False)
    room = max_tokens - 2
    ids = list(said.ids[-room:])
    of_words = [-1 if word is None else word for word in said.word_ids[-room:]]
    room -= len(ids)
    before: list[int] = []
    for turn in reversed(context):
        if room < 2:
            break
        heard = tokenizer.encode(turn, add_special_tokens=False).ids[-(room - 1) :]
        before = [*heard, sep, *before]
        room -= len(heard) + 1
    lead = [cls, *before]
    return Tokens(
        ids=np.array([*lead, *ids, sep], dtype=np.int64),
        types=np.array([0] * len(lead) + [1] * len(ids) + [0], dtype=np.int64),
        words=np.array([-1] * len(lead) + of_words + [-1], dtype=np.int64),
    )


def _special(tokenizer: Tokenizer, name: str) -> int:
    found = tokenizer.token_to_id(name)
    if found is None:
        raise ValueError(f"the tokenizer has no {name}")
    return found


def stack(tokens: Sequence[Tokens]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(ids, types, mask), each int64 [batch, longest], padded with id 0; mask is 1 on real tokens."""
    longest = max(len(one.ids) for one in tokens)
    ids, types, mask = (np.zeros((len(tokens), longest), np.int64) for _ in range(3))
    for row, one in enumerate(tokens):
        ids[row, : len(one.ids)] = one.ids
        types[row, : len(one.types)] = one.types
        mask[row, : len(one.ids)] = 1
    return ids, types, mask
