"""faster-whisper (CTranslate2, int8): the samples of one utterance in, its words with probabilities and times out.

Only importing this module loads CTranslate2. Raises ImportError when the package is missing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.speech.recognizer import HeardWord
from encoders.speech.whisper_words import (
    HOP_SAMPLES,
    MIN_SAMPLES,
    AlignedWord,
    context_samples,
    heard_words,
    is_invented,
    most_tokens,
)

try:
    from faster_whisper import WhisperModel
    from faster_whisper.tokenizer import Tokenizer
    from faster_whisper.transcribe import get_suppressed_tokens, merge_punctuations
except ModuleNotFoundError as missing:
    raise ImportError(
        "the faster-whisper engine is not installed; run: pip install 'deadpan[faster-whisper]'"
    ) from missing

_PREPENDED, _APPENDED = "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、"  # faster-whisper's defaults


class FasterWhisperRecognizer:
    """A folder with a Whisper model of CTranslate2, on one thread. A `language` of None is detected in every utterance.

    An English-only model hears English whatever the language. Nothing is ever downloaded. Raises FileNotFoundError
    when a file is missing, ValueError when the model is damaged or something else, or the language is unknown.
    """

    def __init__(self, folder: Path, language: str | None = "en") -> None:
        self.name = f"faster-whisper-{folder.name}"
        self._model = _load(folder)
        if language is not None and language not in self._model.supported_languages and self._multilingual:
            raise ValueError(f"Whisper knows no language {language!r}; give a code such as en or de, or none to detect")
        self._language = language if self._multilingual else "en"

    def transcribe(
        self, pcm: NDArray[np.float32], guess: tuple[HeardWord, ...] | None = None, /
    ) -> tuple[HeardWord, ...]:
        """Greedy, without timestamps and without what was said before; the guess is not used."""
        del guess
        if len(pcm) < MIN_SAMPLES:
            return ()
        features = self._encode(pcm)
        language = self._language or self._detected(features)[0]
        tokenizer = Tokenizer(self._model.hf_tokenizer, self._multilingual, task="transcribe", language=language)
        prompt = self._model.get_prompt(tokenizer, [], without_timestamps=True)
        result = self._model.model.generate(
            features,
            [prompt],
            beam_size=1,
            max_length=len(prompt) + most_tokens(len(pcm), self._model.max_length // 2),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=list(get_suppressed_tokens(tokenizer, [-1])),
        )[0]
        tokens = [token for token in result.sequences_ids[0] if token < tokenizer.eot]
        # The score is the mean over the text's tokens; Whisper's guard counts the end as one of them.
        log_probability = result.scores[0] * len(result.sequences_ids[0]) / (len(result.sequences_ids[0]) + 1)
        if not tokens or is_invented(tokenizer.decode(tokens).strip(), result.no_speech_prob, log_probability):
            return ()
        frames = -(-len(pcm) // HOP_SAMPLES)
        aligned = self._model.find_alignment(tokenizer, [tokens], features, frames)[0]
        merge_punctuations(aligned, _PREPENDED, _APPENDED)
        return heard_words(
            (
                AlignedWord(
                    word["word"],
                    tuple(word["tokens"]),
                    float(word["start"]),
                    float(word["end"]),
                    float(word["probability"]),
                )
                for word in aligned
            ),
            pcm,
        )

    def detect_language(self, pcm: NDArray[np.float32]) -> tuple[str, float]:
        """The code of the likeliest language, and its probability. An English-only model knows no other."""
        return self._detected(self._encode(pcm)) if self._multilingual else ("en", 1.0)

    @property
    def _multilingual(self) -> bool:
        return bool(self._model.model.is_multilingual)

    def _detected(self, features: Any) -> tuple[str, float]:
        token, probability = self._model.model.detect_language(features)[0][0]
        return token.strip("<|>"), float(probability)

    def _encode(self, pcm: NDArray[np.float32]) -> Any:
        """CTranslate2's features of the samples and the silence after them; see `context_samples`."""
        mel = self._model.feature_extractor(np.asarray(pcm, np.float32), padding=context_samples(len(pcm)) - len(pcm))
        return self._model.encode(mel.astype(np.float32))


def _load(folder: Path) -> WhisperModel:
    for part in ("model.bin", "config.json", "tokenizer.json"):
        if not (folder / part).is_file():
            raise FileNotFoundError(
                f"{folder} holds no {part}: is it a faster-whisper (CTranslate2) model? "
                "To get one: deadpan models pull faster-whisper:base.en"
            )
    try:
        json.loads((folder / "tokenizer.json").read_text())  # what reads it raises a bare Exception
        return WhisperModel(
            str(folder), device="cpu", compute_type="int8", cpu_threads=1, num_workers=1, local_files_only=True
        )
    except (RuntimeError, ValueError) as error:
        raise ValueError(
            f"{folder} is not a faster-whisper (CTranslate2) model, or is damaged: {error}; "
            "run: deadpan models pull faster-whisper:base.en"
        ) from error
