"""openai-whisper (PyTorch): the samples of one utterance in, its words with probabilities and measured times out.

Only importing this module loads PyTorch. Raises ImportError when the package is missing.
"""

from __future__ import annotations

import math
import pickle
import zipfile
from contextlib import suppress
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
    import torch
    import whisper
    from torch.nn import functional
    from whisper import timing, tokenizer
    from whisper.model import ModelDimensions, Whisper
except ModuleNotFoundError as missing:
    raise ImportError("the whisper engine is not installed; run: pip install 'deadpan[whisper]'") from missing


def cheapest_path(costs: torch.Tensor) -> NDArray[np.int64]:
    """Dynamic time warping: rows and columns [2, n] of the path through costs [rows, columns] that costs least.

    Whisper's own does the same, but is compiled when it first runs: 9 s of the first utterance.
    """
    rows, columns = costs.shape
    # By rows above and to the left; the first cell is reached from nowhere.
    above = [0.0] + [math.inf] * columns
    steps: list[list[int]] = []
    for row in costs.tolist():
        here = [math.inf]
        taken = []
        for column, cost in enumerate(row):
            across, down, along = above[column], above[column + 1], here[column]
            least = min(across, down, along)
            here.append(least + cost)
            taken.append(0 if least == across else 1 if least == down else 2)
        above = here
        steps.append(taken)
    at = (rows - 1, columns - 1)
    path = [at]
    while at != (0, 0):
        row_index, column = at
        step = 2 if row_index == 0 else 1 if column == 0 else steps[row_index][column]
        at = (row_index - (step != 2), column - (step != 1))
        path.append(at)
    return np.array(path[::-1], np.int64).T


timing.dtw = cheapest_path  # find_alignment looks it up there

_PREPENDED, _APPENDED = "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、"  # whisper.transcribe's defaults


class WhisperRecognizer:
    """A checkpoint of openai-whisper, on one thread. A `language` of None is detected anew in every utterance.

    An English-only checkpoint hears English whatever the language. Raises FileNotFoundError when there is no such
    file, ValueError when it is damaged or something else, or the language is unknown.
    """

    def __init__(self, checkpoint: Path, language: str | None = "en") -> None:
        self.name = f"whisper-{checkpoint.stem}"
        # One thread per model: several are slower while the other processes work.
        torch.set_num_threads(1)
        if language is not None and language not in tokenizer.LANGUAGES:
            raise ValueError(f"Whisper knows no language {language!r}; give a code such as en or de, or none to detect")
        model = _load(checkpoint)
        # The decoder is given what this class encoded, in a window as short as the audio: its own encoder insists on
        # 30 s, and aligning would encode again.
        self._encoder, model.encoder = model.encoder, torch.nn.Identity()
        self._model = model
        self._language = language if model.is_multilingual else "en"
        self._mels = model.dims.n_mels

    def transcribe(
        self, pcm: NDArray[np.float32], guess: tuple[HeardWord, ...] | None = None, /
    ) -> tuple[HeardWord, ...]:
        """Greedy, without timestamps and without what was said before; the guess is not used."""
        del guess
        if len(pcm) < MIN_SAMPLES:
            return ()
        features = self._encode(pcm)
        options = whisper.DecodingOptions(
            language=self._language,
            temperature=0.0,
            sample_len=most_tokens(len(pcm), self._model.dims.n_text_ctx // 2),
            without_timestamps=True,
            fp16=False,
        )
        heard = self._model.decode(features, options)
        tokens = [token for token in heard.tokens if token < self._tokenizer("en").eot]
        if not tokens or is_invented(heard.text, heard.no_speech_prob, heard.avg_logprob):
            return ()
        frames = -(-len(pcm) // HOP_SAMPLES)
        aligned = timing.find_alignment(self._model, self._tokenizer(heard.language), tokens, features, frames)
        timing.merge_punctuations(aligned, _PREPENDED, _APPENDED)
        return heard_words(
            (
                AlignedWord(word.word, tuple(word.tokens), float(word.start), float(word.end), float(word.probability))
                for word in aligned
            ),
            pcm,
        )

    def detect_language(self, pcm: NDArray[np.float32]) -> tuple[str, float]:
        """The code of the likeliest language, and its probability. An English-only checkpoint knows no other."""
        if not self._model.is_multilingual:
            return "en", 1.0
        _, probabilities = self._model.detect_language(self._encode(pcm))
        return max(probabilities.items(), key=lambda item: item[1])

    @torch.inference_mode()
    def _encode(self, pcm: NDArray[np.float32]) -> torch.Tensor:
        """Features [frames, state] of the samples and the silence after them; see `context_samples`."""
        samples = np.array(pcm, np.float32)  # a copy: torch warns of arrays that cannot be written
        mel = whisper.log_mel_spectrogram(samples, self._mels, padding=context_samples(len(pcm)) - len(pcm))
        encoder: Any = self._encoder
        hidden = functional.gelu(encoder.conv2(functional.gelu(encoder.conv1(mel[None])))).permute(0, 2, 1)
        hidden = hidden + encoder.positional_embedding[: hidden.shape[1]]
        for block in encoder.blocks:
            hidden = block(hidden)
        self._model.dims.n_audio_ctx = hidden.shape[1]  # by this the decoder tells features from a spectrogram
        return encoder.ln_post(hidden)[0]

    def _tokenizer(self, language: str) -> tokenizer.Tokenizer:
        model = self._model
        return tokenizer.get_tokenizer(
            model.is_multilingual, num_languages=model.num_languages, language=language, task="transcribe"
        )


def _load(checkpoint: Path) -> Whisper:
    """Read weights and dimensions; nothing in the file is executed. The alignment heads go by the file's name."""
    if not checkpoint.is_file():
        raise FileNotFoundError(f"{checkpoint} does not exist; run: deadpan models pull whisper:base.en")
    try:
        kept = torch.load(checkpoint, map_location="cpu", weights_only=True)
        model = Whisper(ModelDimensions(**kept["dims"]))
        model.load_state_dict(kept["model_state_dict"])
    except (
        RuntimeError,
        pickle.UnpicklingError,
        zipfile.BadZipFile,
        EOFError,
        KeyError,
        TypeError,
        ValueError,
    ) as error:
        raise ValueError(
            f"{checkpoint} is not an openai-whisper checkpoint, or is damaged; run: deadpan models pull whisper:base.en"
        ) from error
    heads = whisper._ALIGNMENT_HEADS.get(checkpoint.stem)  # the package tells them of the published models alone
    if heads is not None:
        with suppress(RuntimeError):  # another model under a published name: the default, its last layers
            model.set_alignment_heads(heads)
    return model.eval()
