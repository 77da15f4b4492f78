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

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from encoders.bounded import bounded
from encoders.samples import NS_PER_S, AudioChunk, Transcript
from encoders.speech.guards import GuardSettings
from encoders.speech.reading import UtteranceReader
from encoders.speech.recognizer import SAMPLE_RATE_HZ, Recognizer
from encoders.speech.sentence_end import reads_finished
from encoders.speech.tape import Tape
from encoders.speech.utterance import Utterance
from encoders.speech.voice_activity import WINDOW_NS, WINDOW_SAMPLES, VoiceActivity

_MAX_JUMP_NS = 50_000_000
_LEAST_SHIFT_NS = 1_000_000  # stamps are rounded; a device's clock that drifts is followed once it is this far off
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
    hasty_hangover_s: float = 0.224
    """So does silence this long when the words so far read as a finished sentence."""
    tail_s: float = 0.128
    """Audio after the last voiced window that is decoded with it."""
    pause_s: float = 0.096
    """Silence this long has the whole utterance read: before its tail has been heard, of which the rest is taken for
    silence, as it will be if the voice does not go on."""
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
        waits_s = (self.tail_s, self.pause_s, self.hasty_hangover_s, self.cut_within_s)
        if min(self.onset_s, self.lead_s, self.min_voiced_s, *waits_s) < 0:
            raise ValueError("speech durations cannot be negative")


class SpeechStream:
    """One stream's speech: its audio not yet decoded, its utterance in progress, its counters."""

    def __init__(self, recognizer: Recognizer, settings: SpeechSettings | None = None) -> None:
        self._settings = settings or SpeechSettings()
        self._reader = UtteranceReader(recognizer, self._settings.guards)
        longest, within = _windows(self._settings.max_utterance_s), _windows(self._settings.cut_within_s)
        self._longest, self._uncut = longest, max(longest // 2, longest - within)  # windows; no cut comes before it
        self._voice = VoiceActivity()
        self._next_utterance_id = 0
        self._unheard_windows = 0
        self.reset()

    def reset(self) -> None:
        """Forget the stream, not the utterance ids already given."""
        self._voice.reset()
        self._anchor_ns: int | None = None
        self._tape = Tape()  # the sound that is still of use
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

    def awaited_ns(self, step_s: float | None = None) -> int:
        """No sound that ends before this can have anything read or told, whatever it holds: an utterance that begins
        wants its voice first, one that goes on its next reading or so much silence. 0 before the first sound.

        Only how far the words are settled may be known a little sooner. `step_s`: as for push.
        """
        if self._anchor_ns is None:
            return 0
        return self._time_ns(max(self._heard + 1, self._awaited_window(_windows(step_s or self._settings.step_s))))

    @property
    def counters(self) -> dict[str, int]:
        """What was suppressed, by reason: too_little_voice, overload, loop, and those of encoders.speech.guards."""
        return {f"suppressed_{reason}": count for reason, count in self._reader.suppressed.items() if count}

    @property
    def unheard_s(self) -> float:
        """Seconds of voice since the last word was understood: much of it, and something is wrong."""
        return self._unheard_windows * WINDOW_SAMPLES / SAMPLE_RATE_HZ

    @property
    def foreseen(self) -> Transcript | None:
        """The final transcript of the utterance in progress if its voice has paused and does not go on; else None."""
        utterance = self._utterance
        return None if utterance is None else self._reader.foresee(utterance, self._tail_of(utterance))

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
        self._tape.append(bounded(chunk.pcm))
        while self._heard < self._tape.windows:
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
            off_ns = pts_ns - self._time_ns(self._tape.first) - len(self._tape) * NS_PER_S // SAMPLE_RATE_HZ
            if abs(off_ns) > _MAX_JUMP_NS:
                transcripts = self.flush()
            elif abs(off_ns) > _LEAST_SHIFT_NS and self._utterance is None:
                self._anchor_ns += off_ns
        if self._anchor_ns is None:
            self._anchor_ns = self._began_ns = pts_ns
        return transcripts

    def _hear_window(self, step: int | None, *, decode: bool) -> list[Transcript]:
        voiced = self._voice.push(self._tape.between(self._heard, self._heard + 1))
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
        if silent == _windows(self._settings.pause_s) and step is not None:
            self._reader.read_whole(utterance, self._with_tail(utterance))
            return []
        due = step is not None and spoken - utterance.read >= max(step, spoken // _LONG_SHARE)
        # In a pause no more: so the final transcript will reach further than this one.
        if due and silent < _windows(self._settings.pause_s):
            utterance.read = spoken
            pcm = self._tape.between(utterance.first_window, self._heard)
            return self._told(utterance, self._reader.revise(utterance, pcm, self._heard))
        return []

    def _awaited_window(self, step: int) -> int:
        """How many windows must have been heard before anything can be read or told, at the least."""
        utterance = self._utterance
        if utterance is None:
            return self._heard - self._run + _windows(self._settings.min_voiced_s)
        silent = self._heard - utterance.last_voiced - 1
        pauses = (self._settings.pause_s, self._settings.hasty_hangover_s, self._settings.hangover_s)
        silence = min((pause for pause in map(_windows, pauses) if pause > silent), default=silent)
        read = utterance.read + max(step, utterance.read // _LONG_SHARE)
        longest = utterance.first_window + self._longest
        return min(utterance.last_voiced + 1 + silence, utterance.first_window + read, longest)

    def _reads_finished(self, utterance: Utterance) -> bool:
        """Whether what was heard when the voice paused is a sentence with its end, as far as one can tell."""
        return utterance.whole is not None and reads_finished(utterance.whole)

    def _begin_utterance(self) -> Utterance | None:
        """An utterance, if there has been voice for long enough."""
        if self._run * WINDOW_NS < self._settings.onset_s * NS_PER_S:
            self._tape.forget_before(self._heard - _windows(self._settings.onset_s + self._settings.lead_s))
            return None
        onset = self._heard - self._run
        utterance = self._new_utterance(max(self._tape.first, onset - _windows(self._settings.lead_s)))
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

    def _cut_utterance(self, utterance: Utterance, *, decode: bool) -> list[Transcript]:
        """End an utterance that has grown too long at its last good place; what follows goes on as the next."""
        since = utterance.first_window + self._uncut
        loudness = np.square(self._tape.between(since, self._heard).reshape(-1, WINDOW_SAMPLES)).mean(axis=1)
        cut = utterance.best_cut(since, loudness)
        rest = utterance.split(cut, self._next_utterance_id, self._time_ns(cut))
        transcripts = self._end_utterance(utterance, decode=decode, at=cut)
        if rest.voiced:
            self._next_utterance_id += 1
            self._utterance = rest
        return transcripts

    def _end_utterance(self, utterance: Utterance, *, decode: bool, at: int | None = None) -> list[Transcript]:
        """Make an utterance final: read it again, without the silence that ended it, or up to where it is cut."""
        end, forced = (self._end_of(utterance), False) if at is None else (at, True)
        pcm = self._tape.between(utterance.first_window, end)
        self._utterance, self._run = None, 0
        self._tape.forget_before(end)
        if not self._has_enough_voice(utterance):
            transcript = self._reader.drop(utterance, "too_little_voice", end, forced=forced)
        elif not decode and utterance.whole is None:
            transcript = self._reader.drop(utterance, "overload", end, forced=forced)
        else:
            transcript = self._reader.finish(utterance, pcm, end, forced=forced)
        return self._told(utterance, transcript)

    def _told(self, utterance: Utterance, transcript: Transcript | None) -> list[Transcript]:
        if utterance.understood:
            self._unheard_windows, utterance.understood = 0, False
        return [] if transcript is None else [transcript]

    def _with_tail(self, utterance: Utterance) -> NDArray[np.float32]:
        """Its samples to the end of its tail, with silence for what of that has not been heard."""
        heard = self._end_of(utterance)
        missing = (self._tail_of(utterance) - heard) * WINDOW_SAMPLES
        return np.pad(self._tape.between(utterance.first_window, heard), (0, missing))

    def _end_of(self, utterance: Utterance) -> int:
        return min(self._heard, self._tail_of(utterance))

    def _tail_of(self, utterance: Utterance) -> int:
        """Where its tail ends, heard or not."""
        return utterance.last_voiced + 1 + _windows(self._settings.tail_s)

    def _time_ns(self, window: int) -> int:
        return (self._anchor_ns or 0) + window * WINDOW_NS


def _windows(seconds: float) -> int:
    """Whole windows of 32 ms nearest to a duration, at least one."""
    return max(1, round(seconds * SAMPLE_RATE_HZ / WINDOW_SAMPLES))
