"""Words and the turns before them in; embeddings, literal sentiment and text-only sarcasm out: weights, no stream."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from encoders.onnx import one_thread_session
from encoders.shipped import DamagedError, shipped
from encoders.text_tokens import lay_out, stack

WEIGHTS = "text.onnx"
TOKENIZER = "text_tokenizer.json"
SETTINGS = "text.json"
OUTPUTS = ("states", "utterance", "sentiment", "sarcasm", "sentiments", "sarcasms")


@dataclass(frozen=True, slots=True)
class TextReading:
    """What the model makes of one utterance.

    `utterance` is float32 [dim], the mean over the utterance's own tokens; `words` float32 [words, dim] in the order of
    `utterance.split()`, zero for a word that fell out of the model's window (the earliest of a very long utterance).
    `sentiment` in [-1, 1] is P(positive) less P(negative); `sarcasm` is a probability. Both are calibrated on held-out
    validation lines. `sentiments` and `sarcasms`, float32 [words], are the same heads' reading of each word in the
    light of the others, calibrated alike: the heads are linear, so that an utterance's logits are the mean of its
    tokens'. A word that fell out reads like the utterance.
    """

    utterance: NDArray[np.float32]
    words: NDArray[np.float32]
    sentiment: float
    sarcasm: float
    sentiments: NDArray[np.float32]
    sarcasms: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TextModel:
    """The transformer, its tokenizer and its calibration. Temperatures divide the logits (Guo et al. 2017)."""

    session: onnxruntime.InferenceSession
    tokenizer: Tokenizer
    version: str
    dim: int
    max_tokens: int
    sentiment_temperature: float
    sarcasm_temperature: float

    @classmethod
    def load(cls, folder: Path | None = None) -> TextModel:
        """The weights in `folder`, by default the shipped ones.

        Raises FileNotFoundError when a file is missing, ValueError when the weights are not those text.json was
        written for.
        """
        if folder is not None:
            return cls._load(folder)
        with shipped("encoders", WEIGHTS, TOKENIZER, SETTINGS) as shipped_here:
            return cls._load(shipped_here)

    def encode(self, utterance: str, context: Sequence[str] = ()) -> TextReading:
        """Read `utterance` after `context` (oldest turn first). Raises ValueError when the utterance has no words."""
        return self.encode_each([utterance], context)[0]

    def encode_each(self, utterances: Sequence[str], context: Sequence[str] = ()) -> list[TextReading]:
        """Read each of `utterances` after the same `context`, all in one batch."""
        split = [utterance.split() for utterance in utterances]
        if not all(split):
            raise ValueError("an utterance needs at least one word")
        tokens = [lay_out(self.tokenizer, words, context, self.max_tokens) for words in split]
        ids, types, mask = stack(tokens)
        outputs = self.session.run(list(OUTPUTS), {"ids": ids, "types": types, "mask": mask})
        return [
            self._read(tuple(output[row] for output in outputs), one.words, len(words))
            for row, (one, words) in enumerate(zip(tokens, split, strict=True))
        ]

    def _read(self, said: tuple[NDArray[np.float32], ...], owners: NDArray[np.int64], count: int) -> TextReading:
        """One row of the outputs, whose tokens belong to words `owners`, as a reading of `count` words."""
        states, utterance, sentiment, sarcasm, sentiments, sarcasms = said
        belongs = (owners[None, :] == np.arange(count)[:, None]).astype(np.float32)
        tokens = belongs.sum(axis=1)
        share = belongs / np.maximum(tokens, 1.0)[:, None]
        seen = tokens > 0
        by_word = [share @ of_token[: len(owners)] for of_token in (states, sentiments, sarcasms)]
        return TextReading(
            utterance=utterance,
            words=by_word[0],
            sentiment=float(self._sentiment(sentiment)),
            sarcasm=float(self._sarcasm(sarcasm)),
            sentiments=self._sentiment(np.where(seen[:, None], by_word[1], sentiment)),
            sarcasms=self._sarcasm(np.where(seen, by_word[2], sarcasm)),
        )

    def _sentiment(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        polarity = _softmax(logits / np.float32(self.sentiment_temperature))
        return np.asarray(polarity[..., 2] - polarity[..., 0])

    def _sarcasm(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(1 / (1 + np.exp(-logits / np.float32(self.sarcasm_temperature))))

    @classmethod
    def _load(cls, folder: Path) -> TextModel:
        for name in (WEIGHTS, TOKENIZER, SETTINGS):
            if not (folder / name).is_file():
                raise FileNotFoundError(f"the text model needs {folder / name}; `python -m training.text` writes it")
        settings: dict[str, Any] = json.loads((folder / SETTINGS).read_text("utf-8"))
        digest = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
        if digest != settings["sha256"]:
            raise DamagedError(f"{folder / WEIGHTS} has sha256 {digest}, {SETTINGS} expects {settings['sha256']}")
        return cls(
            session=one_thread_session(folder / WEIGHTS),
            tokenizer=Tokenizer.from_file(str(folder / TOKENIZER)),
            version=settings["version"],
            dim=settings["dim"],
            max_tokens=settings["max_tokens"],
            sentiment_temperature=settings["temperature"]["sentiment"],
            sarcasm_temperature=settings["temperature"]["sarcasm"],
        )


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: NDArray[np.float32] = raised / raised.sum(axis=-1, keepdims=True)
    return result
