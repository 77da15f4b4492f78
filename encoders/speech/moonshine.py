"""Moonshine tiny English: the samples of one utterance in, its words with probabilities out.

The weights are the ones inside the moonshine-voice wheel; the decoding loop is ours, because the wheel's own library
gives no token probabilities, and spins two threads for what one does in a quarter of the processor time.
Model: Jeffries et al. 2024, "Moonshine: Speech Recognition for Live Transcription and Voice Commands",
arXiv 2410.15608.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.bundled import bundled
from encoders.onnx import one_thread_session
from encoders.samples import Interval
from encoders.speech.beam_search import Found, beam_search
from encoders.speech.moonshine_alignment import FRAME_SAMPLES, word_intervals
from encoders.speech.recognizer import SAMPLE_RATE_HZ, HeardWord
from encoders.speech.sentence_pieces import read_tokens, words_of

Floats = NDArray[Any]

_START_TOKEN, _END_TOKEN = 1, 2
_HEADS, _HEAD_DIM = 8, 36
# Speech has at most about 6.5 tokens a second; more means that the decoder is looping (the wheel's own cap).
_TOKENS_PER_S = 6.5
_BEAM_WIDTH = 4
_MIN_SAMPLES = 1024  # the encoder's convolutions need 895 samples for one output frame


class MoonshineRecognizer:
    """The embedded recognizer. Without a guess, words come with their intervals where the sound tells them.

    Of sound longer than `longest_aligned_s` it is not asked: that would take longer than the pause that ends it.
    Raises FileNotFoundError when the moonshine-voice package or its weights are missing, DamagedError when they are not
    those that were tested; of a `folder` of the caller's own they may be any.
    """

    name = "moonshine-tiny-en"

    def __init__(self, folder: Path | None = None, *, longest_aligned_s: float = 4.0) -> None:
        self._longest_aligned_s = longest_aligned_s
        folder = folder or embedded_folder()
        for part in ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin"):
            if not (folder / part).is_file():
                raise FileNotFoundError(
                    f"{folder} holds no {part}; reinstall with: pip install moonshine-voice==0.0.59"
                )
        self._encoder = one_thread_session(folder / "encoder_model.ort")
        self._decoder = one_thread_session(folder / "decoder_model_merged.ort")
        self._tokens = read_tokens((folder / "tokenizer.bin").read_bytes())
        present = [output.name for output in self._decoder.get_outputs()][1:]
        self._past = {name.replace("present", "past_key_values"): name for name in present}
        self._growing = {taken: given for taken, given in self._past.items() if ".decoder." in taken}
        self._nothing = dict.fromkeys(self._past, np.zeros((1, _HEADS, 1, _HEAD_DIM), np.float32))

    def transcribe(
        self, pcm: NDArray[np.float32], guess: tuple[HeardWord, ...] | None = None, /
    ) -> tuple[HeardWord, ...]:
        if len(pcm) < _MIN_SAMPLES:
            return ()
        pcm = np.ascontiguousarray(pcm, dtype=np.float32)
        audible = np.ones((1, len(pcm)), np.int64)
        (hidden,) = self._encoder.run(None, {"input_values": pcm[None], "attention_mask": audible})
        sound = {"encoder_hidden_states": hidden, "encoder_attention_mask": audible}
        limit = int(np.ceil(len(pcm) / SAMPLE_RATE_HZ * _TOKENS_PER_S))
        if guess is not None:
            tokens, probabilities = self._go_on(
                sound, [token for word in guess for token in word.tokens][:limit], limit
            )
            return words_of(tokens, probabilities, self._tokens)
        first, state = self._step(sound, self._nothing, [[_START_TOKEN]], cached=False)
        found, said = self._search(sound, first, state, limit)
        words = words_of(found.tokens, found.probabilities, self._tokens)
        short = len(pcm) <= self._longest_aligned_s * SAMPLE_RATE_HZ
        intervals = self._align(pcm, sound, _of_the_sound(state) | said, found, words) if words and short else None
        if intervals is None:
            return words
        return tuple(replace(word, interval=interval) for word, interval in zip(words, intervals, strict=True))

    def _search(
        self, sound: dict[str, Floats], first: Floats, state: dict[str, Floats], limit: int
    ) -> tuple[Found, dict[str, Floats]]:
        """Beam search: a sixth fewer word errors in conversation than greedy search, for half its time again.

        Return what was found, and the decoder's keys and values of it.
        """
        heard = _of_the_sound(state)
        said = [{name: part for name, part in state.items() if name not in heard}]

        def advance(parents: Sequence[int], tokens: Sequence[int]) -> Floats:
            past = heard | {name: part[list(parents)] for name, part in said[-1].items()}
            scores, present = self._step(sound, past, [[token] for token in tokens], cached=True)
            said.append(present)
            return scores[:, -1]

        found = beam_search(first[0, -1], advance, end_token=_END_TOKEN, limit=limit, width=_BEAM_WIDTH)
        return found, {name: part[found.row : found.row + 1] for name, part in said[found.asked].items()}

    def _align(
        self,
        pcm: NDArray[np.float32],
        sound: dict[str, Floats],
        state: dict[str, Floats],
        found: Found,
        words: tuple[HeardWord, ...],
    ) -> tuple[Interval, ...] | None:
        """When the words were said; a few tokens at a few cuts at a time."""
        tokens = [_START_TOKEN, *found.tokens]
        spoken = [len(word.tokens) for word in words]
        before = len(found.tokens) - sum(spoken)  # a mark ahead of all words belongs to none
        firsts = np.cumsum([before, *spoken])[:-1].tolist()
        heard = _of_the_sound(state)
        said = {name: part for name, part in state.items() if name not in heard}
        frames = sound["encoder_hidden_states"].shape[1]

        def listen(begin: int, end: int, cuts: Sequence[int]) -> Floats:
            most = cuts[-1]  # what no cut hears is left out
            length = len(pcm) if most == frames else most * FRAME_SAMPLES
            past = {name: part[:, :, :most] for name, part in heard.items()}
            past |= {name: np.repeat(part[:, :, :begin], len(cuts), axis=0) for name, part in said.items()}
            audible = np.arange(length) < np.array(cuts)[:, None] * FRAME_SAMPLES
            shortened = {
                "encoder_hidden_states": sound["encoder_hidden_states"][:, :most],
                "encoder_attention_mask": audible.astype(np.int64),
            }
            scores, _ = self._step(shortened, past, [tokens[begin:end]] * len(cuts), cached=True)
            return _probabilities(scores, tokens[begin + 1 : end + 1])

        return word_intervals(firsts, np.array(found.probabilities), listen, frames, pcm)

    def _go_on(self, sound: dict[str, Floats], guessed: list[int], limit: int) -> tuple[list[int], list[float]]:
        """Greedy search. The guess is checked in one pass: it holds up to the first token that is not the likeliest.

        That is speculative decoding with an earlier hypothesis as the draft (Leviathan et al. 2023, arXiv 2211.17192).
        It is not quite the same search: int8 activations are scaled over all tokens of a pass.
        """
        (logits,), present = self._step(sound, self._nothing, [[_START_TOKEN, *guessed]], cached=False)
        likeliest = logits.argmax(axis=1)
        held = next((n for n, token in enumerate(guessed) if likeliest[n] != token), len(guessed))
        tokens = guessed[:held]
        probabilities = _probabilities(logits[:held], tokens).tolist()
        past = {name: state[:, :, : held + 1] if ".decoder." in name else state for name, state in present.items()}
        scores = logits[held]
        while len(tokens) < limit and (likely := int(scores.argmax())) != _END_TOKEN:
            tokens.append(likely)
            probabilities += _probabilities(scores[None], [likely]).tolist()
            (logits,), said = self._step(sound, past, [[likely]], cached=True)
            past |= said
            scores = logits[-1]
        return tokens, probabilities

    def _step(
        self, sound: dict[str, Floats], past: dict[str, Floats], tokens: list[list[int]], *, cached: bool
    ) -> tuple[Floats, dict[str, Floats]]:
        """Scores [texts, tokens, vocabulary] of what follows each token, and the decoder's new keys and values.

        Those it has of the sound are among them where nothing is cached: they do not change, and copying them costs.
        So they, and the sound, are given once for all texts; only the mask may have a row for each.
        """
        feed = {"input_ids": np.array(tokens, np.int64), "use_cache_branch": np.array([cached])}
        names = self._growing if cached else self._past
        logits, *present = self._decoder.run(["logits", *names.values()], sound | past | feed)
        return logits, dict(zip(names, present, strict=True))


def embedded_folder(*parts: str) -> Path:
    """The tiny English model inside the installed moonshine-voice wheel, of which these parts (default: all) are whole.

    Raises FileNotFoundError or DamagedError.
    """
    assets = Path("assets", "tiny-en")
    return bundled("moonshine_voice", *((assets / part).as_posix() for part in parts)) / assets


def _probabilities(scores: Floats, tokens: Sequence[int]) -> Floats:
    """How likely each token is, [..., tokens], by the scores [..., tokens, vocabulary]."""
    above = scores - scores.max(axis=-1, keepdims=True)
    wanted = np.exp(above[..., np.arange(len(tokens)), tokens])
    return np.asarray(wanted / np.exp(above, out=above).sum(axis=-1))


def _of_the_sound(state: dict[str, Floats]) -> dict[str, Floats]:
    """The decoder's keys and values of the sound, without those of the tokens."""
    return {name: part for name, part in state.items() if ".encoder." in name}
