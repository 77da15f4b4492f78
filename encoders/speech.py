"""Audio chunks in, transcripts out: voice activity cuts utterances, a recognizer reads them while they are spoken.

An utterance is decoded every `step_s` or so while it lasts (its words are committed as successive decodes agree) and
once more, whole, as soon as the voice pauses: what is heard then becomes final when the pause has lasted `hangover_s`,
and is thrown away when the voice goes on. When all that happens is decided by the audio alone, so the transcripts do
not depend on how it was cut into chunks.

To every listener (the guarantees of Moonshine's own library, docs/using/transcription.md): one utterance is in progress
at a time; its transcripts count up from revision 1; its committed words only grow; its final transcript comes exactly
once and is the last; what is final never changes; flush() makes final what is in progress.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from encoders.agreement import contradicted
from encoders.guards import GuardSettings, believable, doubt, without_loops
from encoders.recognizer import SAMPLE_RATE_HZ, HeardWord, Recognizer
from encoders.samples import NS_PER_S, AudioChunk, Conflict, Interval, Transcript, Word
from encoders.utterance import Utterance
from encoders.voice_activity import WINDOW_SAMPLES, VoiceActivity
from encoders.word_timing import spread_words

_WINDOW_NS = WINDOW_SAMPLES * NS_PER_S // SAMPLE_RATE_HZ
_MAX_JUMP_NS = 50_000_000
_LEAST_SHIFT_NS = 1_000_000  # stamps are rounded; a device's clock that drifts is followed once it is this far off
_ENDINGS = (".", "!", "?")
_LATE_WINDOWS = 2
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
    hasty_hangover_s: float = 0.288
    """So does silence this long when the words so far read as a finished sentence."""
    tail_s: float = 0.128
    """Audio after the last voiced window that is decoded with it."""
    min_voiced_s: float = 0.192
    """An utterance with less voice in it than this is dropped: recognizers invent words for it."""
    max_utterance_s: float = 12.0
    """A longer utterance is cut at its last pause and goes on as another, so neither memory nor decoding time grows."""
    cut_within_s: float = 4.0
    """How far back from there a place to cut is looked for; at most half the utterance."""
    guards: GuardSettings = field(default_factory=GuardSettings)

    def __post_init__(self) -> None:
        if not 0 < self.step_s <= self.max_utterance_s <= 30:
            raise ValueError("speech needs 0 < step_s <= max_utterance_s <= 30")
        if min(self.onset_s, self.lead_s, self.hasty_hangover_s, self.tail_s, self.min_voiced_s, self.cut_within_s) < 0:
            raise ValueError("speech durations cannot be negative")


class SpeechStream:
    """One stream's speech: its audio not yet decoded, its utterance in progress, its counters."""

    def __init__(self, recognizer: Recognizer, settings: SpeechSettings | None = None) -> None:
        self._recognizer = recognizer
        self._settings = settings or SpeechSettings()
        longest, within = _windows(self._settings.max_utterance_s), _windows(self._settings.cut_within_s)
        self._longest, self._uncut = longest, max(longest // 2, longest - within)  # windows; no cut comes before it
        self._voice = VoiceActivity()
        self._next_utterance_id = 0
        self._unheard_windows = 0
        self.suppressed: Counter[str] = Counter()
        """Utterances and loops dropped, by reason: too_little_voice, overload, loop, and those of encoders.guards."""
        self.reset()

    def reset(self) -> None:
        """Forget the stream, not the utterance ids already given."""
        self._voice.reset()
        self._anchor_ns: int | None = None
        self._pcm = np.zeros(0, np.float32)  # audio still of use, beginning at window `_first`
        self._first = 0
        self._heard = 0  # windows given to voice activity since the anchor
        self._run = 0  # voiced windows in a row, while there is no utterance
        self._utterance: Utterance | None = None

    @property
    def bound_ns(self) -> int:
        """No transcript to come will change what has been said up to here."""
        if self._anchor_ns is None:
            return 0
        if self._utterance is not None:
            return min(self._utterance.settled_ns, self._time_ns(self._utterance.first_window + self._uncut))
        back_s = self._settings.onset_s + self._settings.lead_s
        return max(self._began_ns, self._time_ns(self._heard) - int(back_s * NS_PER_S) - _MAX_JUMP_NS)

    @property
    def counters(self) -> dict[str, int]:
        """What was suppressed, by reason."""
        return {f"suppressed_{reason}": count for reason, count in self.suppressed.items() if count}

    @property
    def unheard_s(self) -> float:
        """Seconds of voice since the last word was understood: much of it, and something is wrong."""
        return self._unheard_windows * WINDOW_SAMPLES / SAMPLE_RATE_HZ

    @property
    def foreseen(self) -> Transcript | None:
        """The final transcript of the utterance in progress if its voice has paused and does not go on; else None."""
        utterance = self._utterance
        if utterance is None or utterance.whole is None or self._doubt(utterance, utterance.whole):
            return None
        return self._final(utterance, utterance.whole, self._end_of(utterance))

    def push(
        self, chunk: AudioChunk, *, partials: bool = True, step_s: float | None = None, decode: bool = True
    ) -> list[Transcript]:
        """Take 16 kHz audio that follows on; return the transcripts it made certain.

        For a machine that lags there are three reliefs: `step_s` decodes an utterance in progress less often, without
        `partials` it is decoded only when it has ended, and without `decode` not even then (it is dropped and counted).
        Raises ValueError at another sample rate.
        """
        if chunk.sample_rate_hz != SAMPLE_RATE_HZ:
            raise ValueError(f"speech needs {SAMPLE_RATE_HZ} Hz audio, got {chunk.sample_rate_hz} Hz")
        step = _windows(step_s or self._settings.step_s) if partials and decode else None
        transcripts = self._follow(chunk.pts_ns)
        pcm = np.nan_to_num(chunk.pcm, nan=0.0, posinf=0.0, neginf=0.0)
        self._pcm = np.concatenate([self._pcm, np.clip(pcm, -1.0, 1.0)])
        while len(self._pcm) >= (self._heard - self._first + 1) * WINDOW_SAMPLES:
            transcripts += self._hear_window(step, decode=decode)
        return transcripts

    def flush(self) -> list[Transcript]:
        """End the stream: an utterance in progress becomes final."""
        transcripts = [] if self._utterance is None else self._end_utterance(self._utterance, decode=True)
        self.reset()
        return transcripts

    def _follow(self, pts_ns: int) -> list[Transcript]:
        """Keep to the chunks' own times: a leap ends the stretch, a drift moves it between utterances."""
        transcripts: list[Transcript] = []
        if self._anchor_ns is not None:
            off_ns = pts_ns - self._time_ns(self._first) - len(self._pcm) * NS_PER_S // SAMPLE_RATE_HZ
            if abs(off_ns) > _MAX_JUMP_NS:
                transcripts = self.flush()
            elif abs(off_ns) > _LEAST_SHIFT_NS and self._utterance is None:
                self._anchor_ns += off_ns
        if self._anchor_ns is None:
            self._anchor_ns = self._began_ns = pts_ns
        return transcripts

    def _hear_window(self, step: int | None, *, decode: bool) -> list[Transcript]:
        start = (self._heard - self._first) * WINDOW_SAMPLES
        voiced = self._voice.push(self._pcm[start : start + WINDOW_SAMPLES])
        self._heard += 1
        if self._utterance is None:
            self._run = self._run + 1 if voiced else 0
            self._utterance = self._begin_utterance()
            return []
        utterance = self._utterance
        if voiced:
            utterance.mark_voiced(self._heard - 1)
            self._unheard_windows += 1
        spoken = self._heard - utterance.first_window
        silent = self._heard - utterance.last_voiced - 1
        if silent >= _windows(self._settings.hangover_s) or (
            silent >= _windows(self._settings.hasty_hangover_s) and self._reads_finished(utterance)
        ):
            return self._end_utterance(utterance, decode=decode)
        if spoken >= self._longest:
            return self._cut_utterance(utterance, decode=decode)
        if not self._has_enough_voice(utterance):
            return []
        if silent == _windows(self._settings.tail_s) and step is not None:
            utterance.whole = self._decode(utterance, self._heard)
            return []
        due = step is not None and spoken - utterance.read >= max(step, spoken // _LONG_SHARE)
        if due and silent < _windows(self._settings.tail_s):  # so the final transcript will reach further than this one
            utterance.read = spoken
            return self._revise(utterance)
        return []

    def _reads_finished(self, utterance: Utterance) -> bool:
        """Whether what was heard when the voice paused is a sentence with its end, as far as one can tell."""
        whole = utterance.whole
        return whole is not None and bool(whole) and whole[-1].text.endswith(_ENDINGS)

    def _begin_utterance(self) -> Utterance | None:
        """An utterance, if there has been voice for long enough."""
        if self._run * _WINDOW_NS < self._settings.onset_s * NS_PER_S:
            self._forget_before(self._heard - _windows(self._settings.onset_s + self._settings.lead_s))
            return None
        onset = self._heard - self._run
        utterance = self._new_utterance(max(self._first, onset - _windows(self._settings.lead_s)))
        for window in range(onset, self._heard):
            utterance.mark_voiced(window)
        self._unheard_windows += self._run
        return utterance

    def _new_utterance(self, first_window: int) -> Utterance:
        utterance = Utterance(self._next_utterance_id, first_window, self._time_ns(first_window))
        self._next_utterance_id += 1
        return utterance

    def _has_enough_voice(self, utterance: Utterance) -> bool:
        return utterance.voiced_windows >= _windows(self._settings.min_voiced_s)

    def _revise(self, utterance: Utterance) -> list[Transcript]:
        """Decode what has been said so far, and tell what of it can be believed."""
        heard = self._decode(utterance, self._heard, utterance.guess)
        utterance.guess = heard
        if self._doubt(utterance, heard):
            return []  # it may yet become something
        going_on = self._heard - utterance.last_voiced - 1 < _LATE_WINDOWS
        committed, tentative = utterance.agreement.push(believable(heard[:-1] if going_on else heard))
        if not (committed or tentative or utterance.revision):
            return []
        words = self._timed(utterance, committed + tentative)
        utterance.revision += 1
        utterance.settled_ns = self._time_ns(self._heard)
        self._unheard_windows = 0
        return [
            Transcript(
                utterance.utterance_id,
                utterance.revision,
                Interval(utterance.start_ns, utterance.settled_ns),
                words[: len(committed)],
                words[len(committed) :],
                final=False,
            )
        ]

    def _cut_utterance(self, utterance: Utterance, *, decode: bool) -> list[Transcript]:
        """End an utterance that has grown too long at its last good place; what follows goes on as the next."""
        since = utterance.first_window + self._uncut
        recent = self._pcm[(since - self._first) * WINDOW_SAMPLES : (self._heard - self._first) * WINDOW_SAMPLES]
        loudness = np.square(recent.reshape(-1, WINDOW_SAMPLES)).mean(axis=1)
        cut = utterance.best_cut(since, loudness)
        rest = utterance.split(cut, self._next_utterance_id, self._time_ns(cut))
        transcripts = self._end_utterance(utterance, decode=decode, at=cut)
        if rest.voiced:
            self._next_utterance_id += 1
            self._utterance = rest
        return transcripts

    def _end_utterance(self, utterance: Utterance, *, decode: bool, at: int | None = None) -> list[Transcript]:
        """Make an utterance final: read it again, without the silence that ended it, or up to where it is cut."""
        end = self._end_of(utterance) if at is None else at
        self._utterance, self._run = None, 0
        transcript = None
        if not self._has_enough_voice(utterance):
            self.suppressed["too_little_voice"] += 1
        elif not decode and utterance.whole is None:
            self.suppressed["overload"] += 1
        else:
            heard = utterance.whole if utterance.whole is not None else self._decode(utterance, end)
            if doubted := self._doubt(utterance, heard):
                self.suppressed[doubted] += 1
            else:
                self._unheard_windows = 0
                transcript = self._final(utterance, heard, end, forced=at is not None)
        self._forget_before(end)
        if transcript is None and utterance.revision:  # others have heard of it
            transcript = self._final(utterance, (), end, forced=at is not None)
        return [] if transcript is None else [transcript]

    def _end_of(self, utterance: Utterance) -> int:
        return min(self._heard, utterance.last_voiced + 1 + _windows(self._settings.tail_s))

    def _final(
        self, utterance: Utterance, heard: tuple[HeardWord, ...], end: int, *, forced: bool = False
    ) -> Transcript:
        committed = () if forced else utterance.agreement.committed  # of one cut, the next may have the last words
        return Transcript(
            utterance.utterance_id,
            utterance.revision + 1,
            Interval(utterance.start_ns, self._time_ns(end)),
            self._timed(utterance, heard),
            (),
            final=True,
            forced=forced,
            conflicts=tuple(Conflict(at, committed[at].text, now) for at, now in contradicted(committed, heard)),
        )

    def _decode(
        self, utterance: Utterance, end_window: int, guess: tuple[HeardWord, ...] | None = None
    ) -> tuple[HeardWord, ...]:
        start = (utterance.first_window - self._first) * WINDOW_SAMPLES
        pcm: NDArray[np.float32] = self._pcm[start : (end_window - self._first) * WINDOW_SAMPLES]
        heard = self._recognizer.transcribe(pcm, guess)
        kept = without_loops(heard)
        self.suppressed["loop"] += len(kept) < len(heard)
        return kept

    def _doubt(self, utterance: Utterance, heard: tuple[HeardWord, ...]) -> str | None:
        voiced_s = utterance.voiced_windows * WINDOW_SAMPLES / SAMPLE_RATE_HZ
        return doubt(heard, voiced_s, self._settings.guards)

    def _timed(self, utterance: Utterance, heard: tuple[HeardWord, ...]) -> tuple[Word, ...]:
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
        places = spread_words([word.text for word in heard], self._voiced(utterance))
        return tuple(
            Word(word.text, place, word.probability, "estimated") for word, place in zip(heard, places, strict=True)
        )

    def _voiced(self, utterance: Utterance) -> list[Interval]:
        """When there was voice: voice activity is late by two windows, at the end of a voice as at its beginning."""
        spans = [
            (max(utterance.first_window, first - _LATE_WINDOWS), max(utterance.first_window, last + 1 - _LATE_WINDOWS))
            for first, last in utterance.voiced
        ]
        return [Interval(self._time_ns(first), self._time_ns(end)) for first, end in spans if first < end]

    def _forget_before(self, window: int) -> None:
        surplus = min(window - self._first, self._heard - self._first)
        if surplus > 0:
            self._pcm = self._pcm[surplus * WINDOW_SAMPLES :]
            self._first += surplus

    def _time_ns(self, window: int) -> int:
        return (self._anchor_ns or 0) + window * _WINDOW_NS


def _windows(seconds: float) -> int:
    """Whole windows of 32 ms nearest to a duration, at least one."""
    return max(1, round(seconds * SAMPLE_RATE_HZ / WINDOW_SAMPLES))
