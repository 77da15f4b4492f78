"""Transcripts in, one text embedding each out, with what the words alone say of sentiment and sarcasm.

Words may be read in the light of utterances before them; live they are not, see CONTEXT_TURNS. What a listener hears in
the voice or sees in the face is not known here: `sentiment` is the literal one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from encoders.samples import NS_PER_S, Cue, Embedding, Modality, Reading, Transcript, Word, WordEmbeddings
from encoders.text_model import TextModel, TextReading

__all__ = ["TextEncoder", "TextModel", "TextReading"]

CONTEXT_TURNS = 0
"""Utterances read before the one spoken now. The model was trained with up to two and tells sarcasm no better with them
(docs/model-card.md); those were somebody else's, while a microphone hears its owner."""
CONTEXT_AGE_NS = 30 * NS_PER_S
CUES = 2
LEAST_EFFECT = 0.03
MOST_WORDS_TRIED = 16  # one pass a word, 4.5 ms each: more would eat the final message's 150 ms
HALF_TRUSTED_WORDS = 3
"""Of an utterance that goes on: after so many words half of its log odds of sarcasm is believed. The model learnt from
whole lines, and of the first words of others it is surer than it is right: worse, by their likelihood, than who always
says one half. Chosen by `python -m training.text.beginnings`, see docs/model-card.md."""


@dataclass(frozen=True, slots=True)
class _Turn:
    text: str
    end_ns: int


class TextEncoder:
    """One stream's text: the turns just spoken, and the last reading, so that a repeated partial costs nothing."""

    def __init__(self, model: TextModel, *, context_turns: int = CONTEXT_TURNS) -> None:
        self._model = model
        self._seq = 0
        self._turns: deque[_Turn] = deque(maxlen=context_turns)
        self._last: tuple[str, tuple[str, ...], TextReading] | None = None
        self._told: tuple[str, tuple[str, ...], tuple[Cue, ...]] | None = None

    @property
    def modality(self) -> Modality:
        return Modality.TEXT

    @property
    def dim(self) -> int:
        return self._model.dim

    def push(self, sample: Transcript, /) -> tuple[Embedding, ...]:
        """One embedding for each revision, over the utterance's own interval, with its words beside it.

        Sarcasm in what is not final is read the less surely, the fewer words there are: see HALF_TRUSTED_WORDS.
        Confidence is the mean probability of its words, each weighted by its letters; an utterance without words has
        confidence 0, a zero vector and no reading. Only a final transcript has cues, and only it becomes context.
        """
        seq, self._seq = self._seq, self._seq + 1
        text = " ".join(sample.text.split())
        if not text:
            nothing = np.zeros(self.dim, np.float32)
            return (Embedding(seq, Modality.TEXT, sample.interval, nothing, 0.0),)
        context = self._context(sample.interval.start_ns)
        said = self._read(text, context)
        if not sample.final:
            said = _doubted(said)
        reading = Reading(said.sarcasm, said.sentiment)
        if sample.final:
            reading = replace(reading, cues=self._telling_words(text, context))
            self._turns.append(_Turn(text, sample.interval.end_ns))
        words = _lay_words(sample.words, said)
        return (Embedding(seq, Modality.TEXT, sample.interval, said.utterance, _confidence(sample), reading, words),)

    def foresee(self, sample: Transcript) -> None:
        """Read what will probably be said next, ahead of time: a later push of the same words then costs nothing."""
        if text := " ".join(sample.text.split()):
            context = self._context(sample.interval.start_ns)
            self._read(text, context)
            self._telling_words(text, context)

    def flush(self) -> tuple[Embedding, ...]:
        """Nothing is ever held back."""
        return ()

    def reset(self) -> None:
        """Forget the turns spoken so far."""
        self._seq = 0
        self._turns.clear()
        self._last = None
        self._told = None

    def _read(self, text: str, context: tuple[str, ...]) -> TextReading:
        if self._last is None or self._last[:2] != (text, context):
            self._last = (text, context, self._model.encode(text, context))
        return self._last[2]

    def _telling_words(self, text: str, context: tuple[str, ...]) -> tuple[Cue, ...]:
        if self._told is None or self._told[:2] != (text, context):
            self._told = (text, context, _telling_words(self._model, text, context))
        return self._told[2]

    def _context(self, start_ns: int) -> tuple[str, ...]:
        return tuple(turn.text for turn in self._turns if turn.end_ns >= start_ns - CONTEXT_AGE_NS)


def _doubted(said: TextReading) -> TextReading:
    """What may be believed of it while the utterance goes on: sarcasm nearer to one half, all else as it is."""
    share = len(said.words) / (len(said.words) + HALF_TRUSTED_WORDS)
    return replace(said, sarcasm=float(_temper(said.sarcasm, share)), sarcasms=_temper(said.sarcasms, share))


def _temper(probability: NDArray[np.float32] | float, share: float) -> NDArray[np.float32]:
    """Probabilities whose log odds are that share of what they were."""
    for_it = np.power(probability, share)
    return np.asarray(for_it / (for_it + np.power(1 - np.asarray(probability), share)), np.float32)


def _confidence(transcript: Transcript) -> float:
    letters = [len(word.text) for word in transcript.words]
    return float(np.average([word.probability for word in transcript.words], weights=letters))


def _lay_words(words: Sequence[Word], said: TextReading) -> WordEmbeddings:
    """Each spoken word with its interval; one that is written with a space within is the mean of its pieces."""
    pieces = [len(word.text.split()) for word in words]
    spoken = [word.interval for word, count in zip(words, pieces, strict=True) if count]
    starts = np.cumsum([0, *filter(None, pieces)])
    parts = np.diff(starts)

    def gather(by_piece: NDArray[np.float32]) -> NDArray[np.float32]:
        total = np.add.reduceat(by_piece, starts[:-1], axis=0)
        return np.asarray(total / parts.reshape(-1, *[1] * (by_piece.ndim - 1)), np.float32)

    return WordEmbeddings(
        intervals_ns=np.array([(interval.start_ns, interval.end_ns) for interval in spoken], np.int64),
        vectors=gather(said.words),
        sentiments=gather(said.sentiments),
        sarcasms=gather(said.sarcasms),
    )


def _telling_words(model: TextModel, text: str, context: Sequence[str]) -> tuple[Cue, ...]:
    """The words without which P(sarcasm) would differ most, strongest first.

    `effect` is P(sarcasm) with the word less P(sarcasm) without it, `value` the same difference of sentiment.
    """
    words = text.split()
    if not 2 <= len(words) <= MOST_WORDS_TRIED:
        return ()
    shorter = [" ".join(words[:index] + words[index + 1 :]) for index in range(len(words))]
    # The whole utterance goes along: int8 activations share one scale in a batch, so only batch mates compare exactly.
    whole, *lacking = model.encode_each([text, *shorter], context)
    cues = [
        Cue(f"word:{_bare(word)}", Modality.TEXT, whole.sentiment - left.sentiment, whole.sarcasm - left.sarcasm)
        for word, left in zip(words, lacking, strict=True)
    ]
    strong = [cue for cue in cues if abs(cue.effect) >= LEAST_EFFECT and cue.name != "word:"]
    return tuple(sorted(strong, key=lambda cue: -abs(cue.effect))[:CUES])


def _bare(word: str) -> str:
    """The word without the marks around it, lower case."""
    letters = [index for index, mark in enumerate(word) if mark.isalnum()]
    return word[letters[0] : letters[-1] + 1].lower() if letters else ""
