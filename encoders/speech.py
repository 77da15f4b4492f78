"""Audio chunks in, transcripts out: voice activity cuts utterances, a recognizer reads them while they are spoken.

An utterance is decoded every `step_s` or so while it lasts (its words are committed as successive decodes agree) and
once more, whole, when the voice has been silent for `hangover_s`. When that happens is decided by the audio alone, so
the transcripts do not depend on how it was cut into chunks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.agreement import LocalAgreement
from encoders.recognizer import SAMPLE_RATE_HZ, HeardWord, Recognizer
from encoders.samples import NS_PER_S, AudioChunk, Interval, Transcript, Word
from encoders.voice_activity import WINDOW_SAMPLES, VoiceActivity
from encoders.word_timing import spread_words

_WINDOW_NS = WINDOW_SAMPLES * NS_PER_S // SAMPLE_RATE_HZ
_MAX_JUMP_NS = 50_000_000
_LONG_SHARE = 8
"""A long utterance is read again after an eighth of its length, or reading it would cost the square of its length."""


@dataclass(frozen=True, slots=True)
class SpeechSettings:
    """How utterances are cut. All in seconds of audio."""

    step_s: float = 0.5
    """Between two decodes of an utterance that is still being spoken; more in a long one, see _LONG_SHARE."""
    onset_s: float = 0.064
    """Speech this long begins an utterance; less is a click."""
    lead_s: float = 0.256
    """Audio before the first voiced window that is decoded with it: voice activity is late on soft onsets."""
    hangover_s: float = 0.416
    """Silence this long ends an utterance."""
    tail_s: float = 0.192
    """Audio after the last voiced window that is decoded with it."""
    min_voiced_s: float = 0.192
    """An utterance with less voice in it than this is dropped: recognizers invent words for it."""
    max_utterance_s: float = 12.0
    """A longer utterance is ended here and another begun, so that neither memory nor decoding time grows."""

    def __post_init__(self) -> None:
        if not 0 < self.step_s <= self.max_utterance_s <= 30:
            raise ValueError("speech needs 0 < step_s <= max_utterance_s <= 30")
        if min(self.onset_s, self.lead_s, self.hangover_s, self.tail_s, self.min_voiced_s) < 0:
            raise ValueError("speech durations cannot be negative")


class SpeechStream:
    """One stream's speech: its audio not yet decoded, its utterance in progress, its counters."""

    def __init__(self, recognizer: Recognizer, settings: SpeechSettings | None = None) -> None:
        self._recognizer = recognizer
        self._settings = settings or SpeechSettings()
        self._voice = VoiceActivity()
        self._next_utterance_id = 0
        self.suppressed = 0
        """Utterances dropped because too little voice was in them, or no word was understood."""
        self.reset()

    def reset(self) -> None:
        """Forget the stream, not the utterance ids already given."""
        self._voice.reset()
        self._anchor_ns: int | None = None
        self._pcm = np.zeros(0, np.float32)  # audio still of use, beginning at window `_first`
        self._first = 0
        self._heard = 0  # windows given to voice activity since the anchor
        self._run = 0  # voiced windows in a row, while there is no utterance
        self._utterance: _Utterance | None = None

    @property
    def bound_ns(self) -> int:
        """No transcript to come will change what has been said up to here."""
        if self._anchor_ns is None:
            return 0
        if self._utterance is not None:
            return self._utterance.settled_ns
        back_s = self._settings.onset_s + self._settings.lead_s
        return max(self._anchor_ns, self._time_ns(self._heard) - int(back_s * NS_PER_S))

    def push(self, chunk: AudioChunk, *, partials: bool = True) -> list[Transcript]:
        """Take 16 kHz audio that follows on; return the transcripts it made certain.

        With `partials` off, utterances in progress are not decoded until they end: the relief for a machine that lags.
        Raises ValueError at another sample rate.
        """
        if chunk.sample_rate_hz != SAMPLE_RATE_HZ:
            raise ValueError(f"speech needs {SAMPLE_RATE_HZ} Hz audio, got {chunk.sample_rate_hz} Hz")
        transcripts: list[Transcript] = []
        if self._anchor_ns is not None:
            expected_ns = self._time_ns(self._first) + len(self._pcm) * NS_PER_S // SAMPLE_RATE_HZ
            if abs(chunk.pts_ns - expected_ns) > _MAX_JUMP_NS:
                transcripts += self.flush()
        if self._anchor_ns is None:
            self._anchor_ns = chunk.pts_ns
        pcm = np.nan_to_num(chunk.pcm, nan=0.0, posinf=0.0, neginf=0.0)
        self._pcm = np.concatenate([self._pcm, np.clip(pcm, -1.0, 1.0)])
        while len(self._pcm) >= (self._heard - self._first + 1) * WINDOW_SAMPLES:
            transcripts += self._hear_window(partials=partials)
        return transcripts

    def flush(self) -> list[Transcript]:
        """End the stream: an utterance in progress becomes final."""
        transcripts = self._end_utterance(self._utterance) if self._utterance is not None else []
        self.reset()
        return transcripts

    def _hear_window(self, *, partials: bool) -> list[Transcript]:
        start = (self._heard - self._first) * WINDOW_SAMPLES
        voiced = self._voice.push(self._pcm[start : start + WINDOW_SAMPLES])
        self._heard += 1
        if self._utterance is None:
            self._run = self._run + 1 if voiced else 0
            if self._run * _WINDOW_NS < self._settings.onset_s * NS_PER_S:
                self._forget_before(self._heard - _windows(self._settings.onset_s + self._settings.lead_s))
                return []
            onset = self._heard - self._run
            start_window = max(self._first, onset - _windows(self._settings.lead_s))
            self._utterance = _Utterance(self._next_utterance_id, start_window, onset, self._time_ns(start_window))
            self._next_utterance_id += 1
            for window in range(onset, self._heard):
                self._utterance.mark_voiced(window)
            return []
        utterance = self._utterance
        if voiced:
            utterance.mark_voiced(self._heard - 1)
        spoken = self._heard - utterance.first_window
        if self._heard - utterance.last_voiced - 1 >= _windows(self._settings.hangover_s):
            return self._end_utterance(utterance)
        if spoken >= _windows(self._settings.max_utterance_s):
            return self._end_utterance(utterance)
        step = max(_windows(self._settings.step_s), spoken // _LONG_SHARE)
        if partials and spoken - utterance.read >= step and self._is_worth_reading(utterance):
            utterance.read = spoken
            return [self._revise(utterance)]
        return []

    def _is_worth_reading(self, utterance: _Utterance) -> bool:
        """Whether an unfinished utterance has enough voice to be read, and the final transcript will reach further."""
        silent = self._heard - utterance.last_voiced - 1
        return self._has_enough_voice(utterance) and silent < _windows(self._settings.tail_s)

    def _has_enough_voice(self, utterance: _Utterance) -> bool:
        return utterance.voiced_windows >= _windows(self._settings.min_voiced_s)

    def _revise(self, utterance: _Utterance) -> Transcript:
        """Decode what has been said so far."""
        heard = self._decode(utterance, self._heard, utterance.guess)
        committed, tentative = utterance.agreement.push(heard)
        utterance.guess = heard
        words = self._timed(utterance, committed + tentative)
        utterance.revision += 1
        utterance.settled_ns = self._time_ns(self._heard)
        return Transcript(
            utterance.utterance_id,
            utterance.revision,
            Interval(utterance.start_ns, utterance.settled_ns),
            words[: len(committed)],
            words[len(committed) :],
            final=False,
        )

    def _end_utterance(self, utterance: _Utterance) -> list[Transcript]:
        """Decode the whole utterance again, without the silence that ended it."""
        end = min(self._heard, utterance.last_voiced + 1 + _windows(self._settings.tail_s))
        heard = self._decode(utterance, end) if self._has_enough_voice(utterance) else ()
        words = self._timed(utterance, heard)
        interval = Interval(utterance.start_ns, self._time_ns(end))
        self._utterance, self._run = None, 0
        self._forget_before(end)
        if not words:
            self.suppressed += 1
            if utterance.revision == 0:
                return []  # nobody has heard of it
        return [Transcript(utterance.utterance_id, utterance.revision + 1, interval, words, (), final=True)]

    def _decode(
        self, utterance: _Utterance, end_window: int, guess: tuple[HeardWord, ...] = ()
    ) -> tuple[HeardWord, ...]:
        start = (utterance.first_window - self._first) * WINDOW_SAMPLES
        pcm: NDArray[np.float32] = self._pcm[start : (end_window - self._first) * WINDOW_SAMPLES]
        return self._recognizer.transcribe(pcm, guess)

    def _timed(self, utterance: _Utterance, heard: tuple[HeardWord, ...]) -> tuple[Word, ...]:
        """Give words their place: the engine's own alignment, else spread over the voiced time."""
        if all(word.interval is not None for word in heard):
            origin_ns = utterance.start_ns
            return tuple(
                Word(
                    word.text,
                    Interval(origin_ns + word.interval.start_ns, origin_ns + word.interval.end_ns),
                    word.probability,
                    "measured",
                )
                for word in heard
                if word.interval is not None
            )
        voiced = [Interval(self._time_ns(first), self._time_ns(last + 1)) for first, last in utterance.voiced]
        places = spread_words([word.text for word in heard], voiced)
        return tuple(
            Word(word.text, place, word.probability, "estimated") for word, place in zip(heard, places, strict=True)
        )

    def _forget_before(self, window: int) -> None:
        surplus = min(window - self._first, self._heard - self._first)
        if surplus > 0:
            self._pcm = self._pcm[surplus * WINDOW_SAMPLES :]
            self._first += surplus

    def _time_ns(self, window: int) -> int:
        return (self._anchor_ns or 0) + window * _WINDOW_NS


class _Utterance:
    """An utterance being spoken: where it began, which windows of it were voice, what was agreed on."""

    def __init__(self, utterance_id: int, first_window: int, onset: int, start_ns: int) -> None:
        self.utterance_id = utterance_id
        self.first_window = first_window
        self.last_voiced = onset
        self.start_ns = start_ns
        self.settled_ns = start_ns
        self.revision = 0
        self.read = 0  # windows of it that had been spoken when it was last read
        self.guess: tuple[HeardWord, ...] = ()
        self.voiced: list[tuple[int, int]] = []
        self.voiced_windows = 0
        self.agreement = LocalAgreement()

    def mark_voiced(self, window: int) -> None:
        if self.voiced and self.voiced[-1][1] == window - 1:
            self.voiced[-1] = (self.voiced[-1][0], window)
        else:
            self.voiced.append((window, window))
        self.last_voiced = window
        self.voiced_windows += 1


def _windows(seconds: float) -> int:
    """Whole windows of 32 ms nearest to a duration, at least one."""
    return max(1, round(seconds * SAMPLE_RATE_HZ / WINDOW_SAMPLES))
