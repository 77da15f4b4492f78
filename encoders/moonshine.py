"""Moonshine tiny English: the samples of one utterance in, its words with probabilities out.

The weights are the ones inside the moonshine-voice wheel; the decoding loop is ours, because the wheel's own library
gives no token probabilities, and spins two threads for what one does in a quarter of the processor time.
Model: Jeffries et al. 2024, "Moonshine: Speech Recognition for Live Transcription and Voice Commands",
arXiv 2410.15608.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.onnx import one_thread_session
from encoders.recognizer import SAMPLE_RATE_HZ, HeardWord

_START_TOKEN, _END_TOKEN = 1, 2
_HEADS, _HEAD_DIM = 8, 36
_WORD_MARK = "▁"
# Speech has at most about 6.5 tokens a second; more means that the decoder is looping (the wheel's own cap).
_TOKENS_PER_S = 6.5
_MIN_SAMPLES = 1024  # the encoder's convolutions need 895 samples for one output frame


class MoonshineRecognizer:
    """The embedded recognizer. Raises FileNotFoundError when the moonshine-voice package or its weights are missing."""

    name = "moonshine-tiny-en"

    def __init__(self, folder: Path | None = None) -> None:
        folder = folder or embedded_folder()
        for part in ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin"):
            if not (folder / part).is_file():
                raise FileNotFoundError(
                    f"{folder} holds no {part}; reinstall with: pip install moonshine-voice==0.0.59"
                )
        self._encoder = one_thread_session(folder / "encoder_model.ort")
        self._decoder = one_thread_session(folder / "decoder_model_merged.ort")
        self._tokens = read_tokens((folder / "tokenizer.bin").read_bytes())
        self._present = [output.name for output in self._decoder.get_outputs()][1:]

    def transcribe(self, pcm: NDArray[np.float32], /) -> tuple[HeardWord, ...]:
        if len(pcm) < _MIN_SAMPLES:
            return ()
        tokens, probabilities = self._decode(np.ascontiguousarray(pcm, dtype=np.float32))
        return words_of([self._tokens[token] for token in tokens], probabilities)

    def _decode(self, pcm: NDArray[np.float32]) -> tuple[list[int], list[float]]:
        """Greedy search with the decoder's key-value cache."""
        heard = np.ones((1, len(pcm)), np.int64)
        (hidden,) = self._encoder.run(None, {"input_values": pcm[None], "attention_mask": heard})
        empty = np.zeros((1, _HEADS, 1, _HEAD_DIM), np.float32)
        past = {name.replace("present", "past_key_values"): empty for name in self._present}
        tokens: list[int] = []
        probabilities: list[float] = []
        last = _START_TOKEN
        for step in range(int(np.ceil(len(pcm) / SAMPLE_RATE_HZ * _TOKENS_PER_S))):
            feed = {
                "input_ids": np.array([[last]], np.int64),
                "encoder_hidden_states": hidden,
                "encoder_attention_mask": heard,
                "use_cache_branch": np.array([step > 0]),
            }
            logits, *present = self._decoder.run(None, feed | past)
            for name, state in zip(self._present, present, strict=True):
                if step == 0 or ".decoder." in name:  # the encoder's keys stay as the first pass made them
                    past[name.replace("present", "past_key_values")] = state
            scores = logits[0, -1].astype(np.float64)
            last = int(scores.argmax())
            if last == _END_TOKEN:
                break
            tokens.append(last)
            probabilities.append(float(1.0 / np.exp(scores - scores[last]).sum()))
        return tokens, probabilities


def embedded_folder() -> Path:
    """The tiny English model inside the installed moonshine-voice wheel (found without importing the package)."""
    spec = find_spec("moonshine_voice")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("the speech model is not installed; run: pip install moonshine-voice==0.0.59")
    return Path(spec.submodule_search_locations[0]) / "assets" / "tiny-en"


def read_tokens(table: bytes) -> list[bytes]:
    """The wheel's tokenizer file: per token one length byte (two, base 128, from 128 up), then its UTF-8 bytes."""
    tokens: list[bytes] = []
    at = 0
    while at < len(table):
        length = table[at]
        at += 1
        if length >= 128:
            length += table[at] * 128 - 128
            at += 1
        tokens.append(table[at : at + length])
        at += length
    return tokens


def words_of(tokens: list[bytes], probabilities: list[float]) -> tuple[HeardWord, ...]:
    """Join sentence pieces to words; a word is as probable as the least probable of them. Bare punctuation joins on.

    Punctuation does not count: a recognizer unsure of a comma may be sure of the word before it.
    """
    words: list[HeardWord] = []
    spelled, odds = b"", [1.0]
    mark = _WORD_MARK.encode()
    for token, probability in [*zip(tokens, probabilities, strict=True), (mark, 1.0)]:
        if token.startswith(mark):
            text = spelled.decode("utf-8", errors="ignore").replace(_WORD_MARK, "").strip()
            if any(character.isalnum() for character in text):
                words.append(HeardWord(text, min(odds)))
            elif text and words:
                words[-1] = HeardWord(words[-1].text + text, words[-1].probability)
            spelled, odds = b"", [1.0]
        spelled += token
        if any(character.isalnum() for character in token.decode("utf-8", errors="ignore")):
            odds.append(probability)
    return tuple(words)
