"""Audio chunks in, one voice embedding per 100 ms hop out: prosody, the sound's coordinates, and the head's reading.

Prosody has names (PROSODY_DIMS); what the recognizer's ears hear beyond it has none (SOUND_DIMS, encoders/sound.py).

Hops lie on an absolute sample grid that starts at the stream's first sample, and the pitch model is fed exactly one hop
at a time, so the embeddings are the same bytes however the audio was cut. Where the chunks' times drift away from the
count of samples, the hops' times go with them.

An embedding leaves with the last sample of its hop. Loudness, tilt and flux are of that very hop. Pitch, voicing,
tempo, pauses, the confidence and the statistics read are of the stretch that ends PITCH_LAG_HOPS earlier: the pitch
model looks 160 ms ahead, which makes 200 ms on the grid of hops.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from encoders.acoustics import HISTORY, HOP, SAMPLE_RATE_HZ, Acoustics, analyse_hop
from encoders.baseline import Baseline
from encoders.bounded import bounded
from encoders.head import Head
from encoders.pitch import FRAME, Pitch, PitchModel
from encoders.recent import Recent
from encoders.samples import NS_PER_S, AudioChunk, Embedding, Interval, Modality, Reading
from encoders.sound import SOUND_DIMS, SoundModel, TalkWindow
from encoders.syllables import SyllableCounter
from encoders.voice_statistics import (
    CLARITY,
    FLUX,
    FRAME_COLUMNS,
    FRAME_S,
    LOUDNESS_DB,
    NUCLEUS,
    PAUSE_FRAMES,
    SEMITONES,
    TILT,
    VOICE_STATISTICS,
    VOICED,
    VoiceWindow,
    mean,
    middle,
    run_lengths,
)

PROSODY_DIMS = (
    "pitch_st",  # median of the hop, semitones from the speaker's running median; 0 where unvoiced
    "voicing",  # fraction of the hop that is voiced
    "clarity",  # mean voicing score of the hop, 0 to 1
    "loudness_db",  # relative to the speaker's running loudness, -40 to 20
    "tilt_db_oct",  # relative to the speaker's running tilt
    "flux_db",  # mean change of the third-octave levels in 10 ms
    "syllable_rate_hz",  # nuclei per second over the last 2 s
    "pause_fraction",  # share of the last 3 s in pauses of 200 ms and more
    "pitch_range_st",  # standard deviation over the last 2 s
    "pitch_slope_st_s",  # over the last second
)
VOICE_DIMS = PROSODY_DIMS + SOUND_DIMS
PITCH_LAG_HOPS = 2
LARGEST_GAP_NS = 50_000_000
_LEAST_SHIFT_NS = 1_000_000  # less is rounding, and must not make the times depend on how the audio was cut
_LARGEST_SLEW = 500  # parts of a stretch of audio, one of which its end may be moved: faster than any device drifts

_FMIN_HZ, _FMAX_HZ = 60.0, 600.0
_VOICED_FROM = 0.5  # clarity
_MEDIAN_HOPS = 300  # voiced hops: about a minute of talk
_RECENT_FRAMES = 188  # 3 s
_TWO_S, _ONE_S, _PRESENCE = 125, 62, 31  # frames


class PitchFollower(Protocol):
    """One voice's pitch: see encoders.pitch.PitchStream."""

    def push(self, samples: NDArray[np.float32], /) -> Pitch: ...


class VoicePitch(Protocol):
    """Follows the pitch of voices between two bounds: see encoders.pitch.PitchModel."""

    def stream(self, fmin_hz: float, fmax_hz: float, /) -> PitchFollower: ...


@dataclass(frozen=True, slots=True)
class ProsodyModel:
    """The pitch model, the ears for what has no name, and the voice head. Any number of streams may share it."""

    pitch: VoicePitch
    sound: SoundModel | None
    head: Head | None

    @classmethod
    def load(cls) -> ProsodyModel:
        """The shipped weights; one thread that sleeps between calls."""
        head = Head.load(Modality.VOICE, VOICE_STATISTICS, VOICE_DIMS)
        return cls(PitchModel.load(), SoundModel.load(), head)


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """What a speaker is usually like: the pitch of their voiced hops in semitones above 1 Hz, newest last, and the mean
    loudness (dB) and tilt (dB per octave) [2] of `voiced_s` seconds.
    """

    pitch_st: tuple[float, ...]
    level: NDArray[np.float64]
    voiced_s: float


class ProsodyEncoder:
    """One microphone's stream of 16 kHz mono audio. An instance of `Encoder[AudioChunk]`."""

    modality = Modality.VOICE
    dim = len(VOICE_DIMS)

    def __init__(self, model: ProsodyModel) -> None:
        self._model = model
        self._reference = Baseline(np.zeros(2), prior_s=0.0)  # loudness and tilt of voiced hops
        self._medians: deque[float] = deque(maxlen=_MEDIAN_HOPS)
        self._window = VoiceWindow()
        self._recent_hops = Recent(len(VOICE_DIMS))
        self._syllables = SyllableCounter()
        self._talk = TalkWindow()
        self._seq = 0
        self._end_ns: int | None = None
        self._pending: NDArray[np.float32]
        self._anchor(0)

    @property
    def window(self) -> VoiceWindow:
        """What the head reads; training measures it in the same way."""
        return self._window

    @property
    def awaited_ns(self) -> int:
        """Where the hop in progress ends: no sound up to there makes an embedding. 0 before the first sound."""
        return 0 if self._end_ns is None else self._time_ns((self._hop + 1) * HOP)

    @property
    def acquaintance(self) -> Acquaintance:
        """What is known of the speaker by now."""
        return Acquaintance(tuple(self._medians), self._reference.level.copy(), self._reference.seen_s)

    def meet(self, acquaintance: Acquaintance) -> None:
        """Know what another stream had learnt of this speaker, as if it had been heard here before."""
        self._medians.extend(acquaintance.pitch_st)
        if acquaintance.voiced_s > 0:
            self._reference.update(acquaintance.level, acquaintance.voiced_s)

    def push(self, chunk: AudioChunk, /) -> Sequence[Embedding]:
        """The hops completed by this chunk. NaN and infinite samples count as 0; the rest is clipped to [-1, 1].

        A jump of more than 50 ms in the time stamps starts the grid anew there; samples older than what was heard are
        dropped. Stamps that leave the count by less are followed at 1/500 of its pace. Raises ValueError when the audio
        is not 16 kHz or not one channel.
        """
        if chunk.sample_rate_hz != SAMPLE_RATE_HZ or chunk.pcm.ndim != 1:
            raise ValueError(f"prosody needs 16 kHz mono, got {chunk.sample_rate_hz} Hz, {chunk.pcm.ndim} dimensions")
        pcm = chunk.pcm
        if self._end_ns is None:
            self._anchor(chunk.pts_ns)
        elif chunk.pts_ns > self._end_ns + LARGEST_GAP_NS:
            self._window.skip(round((chunk.pts_ns - self._end_ns) / NS_PER_S / FRAME_S))
            self._anchor(chunk.pts_ns)
        elif chunk.pts_ns < self._end_ns - LARGEST_GAP_NS:
            pcm = pcm[(self._end_ns - chunk.pts_ns) * SAMPLE_RATE_HZ // NS_PER_S :]
        else:
            self._follow(chunk.pts_ns - self._end_ns, chunk.interval.duration_ns)
        self._pending = np.concatenate([self._pending, bounded(pcm)])
        self._heard += len(pcm)
        self._end_ns = self._time_ns(self._heard)
        embeddings = []
        while len(self._pending) >= HISTORY + HOP:
            embeddings.append(self._encode_hop(self._pending[: HISTORY + HOP]))
            self._pending = self._pending[HOP:]
        return embeddings

    def flush(self) -> Sequence[Embedding]:
        """Nothing: what is left is less than a hop."""
        return ()

    def reset(self) -> None:
        self._reference.reset()
        self._medians.clear()
        self._window.reset()
        self._recent_hops.reset()
        self._seq = 0
        self._end_ns = None
        self._anchor(0)

    def _follow(self, off_ns: int, duration_ns: int) -> None:
        """Move the grid towards the chunks' own times, by a five hundredth of the chunk's duration at most."""
        if abs(off_ns) > _LEAST_SHIFT_NS:
            most_ns = duration_ns // _LARGEST_SLEW
            self._anchor_ns += max(-most_ns, min(most_ns, off_ns))

    def _anchor(self, pts_ns: int) -> None:
        """Start the grid at `pts_ns`; what is known of the speaker stays."""
        self._anchor_ns = self._hop_ns = pts_ns
        self._heard = 0
        self._hop = 0
        self._pending = np.zeros(HISTORY, np.float32)
        self._stream = self._model.pitch.stream(_FMIN_HZ, _FMAX_HZ)
        self._frame = 0  # index of the next pitch frame
        self._waiting = np.zeros((0, 3))  # pitch (st), clarity, loudness not yet of a hop
        self._sounds: deque[Acoustics] = deque(maxlen=PITCH_LAG_HOPS + 1)
        self._recent = np.zeros((0, FRAME_COLUMNS))
        self._syllables.reset()
        self._talk.reset()
        self._heard_sound = np.zeros(len(SOUND_DIMS), np.float32)

    def _time_ns(self, sample: int) -> int:
        return self._anchor_ns + sample * NS_PER_S // SAMPLE_RATE_HZ

    def _encode_hop(self, samples: NDArray[np.float32]) -> Embedding:
        found = self._stream.push(samples[HISTORY:])  # first: after it the processor has forgotten all else
        sound = analyse_hop(samples)
        self._sounds.append(sound)
        told = np.empty((len(found.pitch_hz), 3))
        told[:, 0] = 12.0 * np.log2(np.maximum(found.pitch_hz, 1.0))
        told[:, 1], told[:, 2] = found.confidence, found.loudness_db
        self._waiting = np.concatenate([self._waiting, told])
        frames = self._take_voice() if self._hop >= PITCH_LAG_HOPS else np.zeros((0, FRAME_COLUMNS))
        interval = Interval(self._hop_ns, self._time_ns((self._hop + 1) * HOP))
        confidence = float(np.add.reduce(self._recent[-_PRESENCE:, VOICED])) / _PRESENCE
        vector = np.concatenate([self._describe(sound, frames), self._listen(samples[HISTORY:], frames)])
        embedding = Embedding(self._seq, self.modality, interval, vector, confidence, self._read(vector))
        self._hop += 1
        self._hop_ns = interval.end_ns
        self._seq += 1
        return embedding

    def _listen(self, hop: NDArray[np.float32], frames: NDArray[np.float64]) -> NDArray[np.float32]:
        """The coordinates of the talk in progress as last heard; zeros from its beginning until it was heard once."""
        rested = self._talk.resting
        due = self._talk.push(hop, bool(frames[:, VOICED].any()))
        if rested and not self._talk.resting:
            self._heard_sound = np.zeros(len(SOUND_DIMS), np.float32)
        if due is not None and self._model.sound is not None:
            self._heard_sound = self._model.sound.locate(due)
        return self._heard_sound

    def _read(self, vector: NDArray[np.float32]) -> Reading | None:
        """What the head makes of the voice up to this hop; None before a second of speech."""
        if self._model.head is None:
            return None
        self._recent_hops.push(self._hop_ns, vector)
        measured = self._window.measure()
        return None if measured is None else self._model.head.read(measured, self._recent_hops)

    def _take_voice(self) -> NDArray[np.float64]:
        """The pitch frames [n, FRAME_COLUMNS] that start in the hop PITCH_LAG_HOPS ago, relative to the speaker; they
        are all final now.
        """
        sound = self._sounds[0]
        end = -(-(self._hop - PITCH_LAG_HOPS + 1) * HOP // FRAME)
        raw, self._waiting = self._waiting[: end - self._frame], self._waiting[end - self._frame :]
        self._frame = end
        voiced = raw[:, 1] >= _VOICED_FROM
        pitch = sorted(raw[voiced, 0].tolist())
        if 2 * len(pitch) >= len(raw):
            self._medians.append(pitch[len(pitch) // 2])
            self._reference.update(np.array([sound.loudness_db, sound.tilt_db_oct]), HOP / SAMPLE_RATE_HZ)
        median = middle(self._medians) if self._medians else (pitch[0] if pitch else 0.0)
        frames = np.empty((len(raw), FRAME_COLUMNS))
        frames[:, SEMITONES] = raw[:, 0] - median
        frames[:, CLARITY], frames[:, LOUDNESS_DB] = raw[:, 1], raw[:, 2]
        frames[:, TILT] = sound.tilt_db_oct - float(self._reference.level[1]) if self._medians else 0.0
        frames[:, FLUX] = sound.flux_db
        frames[:, VOICED] = voiced
        frames[:, NUCLEUS] = list(map(self._syllables.push, raw[:, 2].tolist(), voiced.tolist()))
        self._recent = np.concatenate([self._recent, frames])[-_RECENT_FRAMES:]
        self._window.push(frames)
        return frames

    def _describe(self, sound: Acoustics, frames: NDArray[np.float64]) -> NDArray[np.float32]:
        pitch = frames[frames[:, VOICED] > 0, SEMITONES].tolist()
        two_s, one_s = self._recent[-_TWO_S:], self._recent[-_ONE_S:]
        sung = two_s[two_s[:, VOICED] > 0, SEMITONES]
        runs = run_lengths(self._recent[:, VOICED] > 0)
        paused = sum(length for on, length in runs if not on and length >= PAUSE_FRAMES)
        known = bool(self._medians)
        loudness, tilt = self._reference.level.tolist()
        return np.array(
            [
                middle(pitch) if pitch else 0.0,
                len(pitch) / len(frames) if len(frames) else 0.0,
                mean(frames[:, CLARITY]) if len(frames) else 0.0,
                min(20.0, max(-40.0, sound.loudness_db - loudness)) if known else 0.0,
                sound.tilt_db_oct - tilt if known and not sound.silent else 0.0,
                sound.flux_db,
                float(np.add.reduce(two_s[:, NUCLEUS])) / (len(two_s) * FRAME_S) if len(two_s) else 0.0,
                paused / len(self._recent) if len(self._recent) else 0.0,
                math.sqrt(mean(np.square(sung - mean(sung)))) if len(sung) > 1 else 0.0,
                _slope(one_s),
            ],
            np.float32,
        )


def _slope(frames: NDArray[np.float64]) -> float:
    """Least-squares pitch slope over the voiced frames, semitones per second, within ±40; 0 with too few of them."""
    (voiced,) = frames[:, VOICED].nonzero()
    if len(voiced) < 10:
        return 0.0
    time = voiced * FRAME_S
    time -= mean(time)
    return min(40.0, max(-40.0, float(time @ frames[voiced, SEMITONES] / (time @ time))))
