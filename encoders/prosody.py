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

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from swift_f0 import PitchResult, SwiftF0

from encoders.acoustics import HISTORY, HOP, SAMPLE_RATE_HZ, Acoustics, analyse_hop
from encoders.baseline import Baseline
from encoders.bundled import bundled
from encoders.head import Head
from encoders.recent import Recent
from encoders.samples import NS_PER_S, AudioChunk, Embedding, Interval, Modality, Reading
from encoders.sound import SOUND_DIMS, SoundModel, TalkWindow
from encoders.syllables import SyllableCounter
from encoders.voice_statistics import FRAME_S, PAUSE_FRAMES, VOICE_STATISTICS, PitchFrame, VoiceWindow, run_lengths

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
_PITCH_FRAME = 256  # samples
_MEDIAN_HOPS = 300  # voiced hops: about a minute of talk
_RECENT_FRAMES = 188  # 3 s
_TWO_S, _ONE_S, _PRESENCE = 125, 62, 31  # frames


class PitchStream(Protocol):
    """One voice's pitch: what is used of swift_f0's PitchStream."""

    def push(self, audio: ArrayLike, sample_rate: float, /) -> PitchResult: ...


class PitchModel(Protocol):
    """Follows the pitch of voices between two bounds; an instance is SwiftF0."""

    def stream(self, fmin: float, fmax: float, /) -> PitchStream: ...


@dataclass(frozen=True, slots=True)
class ProsodyModel:
    """The pitch model, the ears for what has no name, and the voice head. Any number of streams may share it."""

    pitch: PitchModel
    sound: SoundModel | None
    head: Head | None

    @classmethod
    def load(cls) -> ProsodyModel:
        """The shipped weights; one thread that sleeps between calls."""
        head = Head.load(Modality.VOICE, VOICE_STATISTICS, VOICE_DIMS)
        bundled("swift_f0")
        return cls(SwiftF0(threads=1, spin=False), SoundModel.load(), head)


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
        clean = np.clip(np.nan_to_num(pcm.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0), -1.0, 1.0)
        self._pending = np.concatenate([self._pending, clean])
        self._heard += len(clean)
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
        self._waiting: deque[tuple[float, float, float]] = deque()  # pitch (st), clarity, loudness not yet of a hop
        self._sounds: deque[Acoustics] = deque(maxlen=PITCH_LAG_HOPS + 1)
        self._recent: deque[PitchFrame] = deque(maxlen=_RECENT_FRAMES)
        self._syllables.reset()
        self._talk.reset()
        self._heard_sound = np.zeros(len(SOUND_DIMS), np.float32)

    def _time_ns(self, sample: int) -> int:
        return self._anchor_ns + sample * NS_PER_S // SAMPLE_RATE_HZ

    def _encode_hop(self, samples: NDArray[np.float32]) -> Embedding:
        sound = analyse_hop(samples)
        self._sounds.append(sound)
        found = self._stream.push(samples[HISTORY:], SAMPLE_RATE_HZ)
        semitones = 12.0 * np.log2(np.maximum(found.pitch_hz, 1.0))
        self._waiting.extend(
            zip(semitones.tolist(), found.confidence.tolist(), found.loudness_db.tolist(), strict=True)
        )
        frames = self._take_voice() if self._hop >= PITCH_LAG_HOPS else []
        interval = Interval(self._hop_ns, self._time_ns((self._hop + 1) * HOP))
        recent = list(self._recent)[-_PRESENCE:]
        confidence = sum(frame.voiced for frame in recent) / _PRESENCE
        vector = np.concatenate([self._describe(sound, frames), self._listen(samples[HISTORY:], frames)])
        embedding = Embedding(self._seq, self.modality, interval, vector, confidence, self._read(vector))
        self._hop += 1
        self._hop_ns = interval.end_ns
        self._seq += 1
        return embedding

    def _listen(self, hop: NDArray[np.float32], frames: list[PitchFrame]) -> NDArray[np.float32]:
        """The coordinates of the talk in progress as last heard; zeros from its beginning until it was heard once."""
        rested = self._talk.resting
        due = self._talk.push(hop, any(frame.voiced for frame in frames))
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

    def _take_voice(self) -> list[PitchFrame]:
        """The pitch frames that start in the hop PITCH_LAG_HOPS ago, relative to the speaker; they are all final
        now.
        """
        sound = self._sounds[0]
        raw = []
        while self._frame * _PITCH_FRAME < (self._hop - PITCH_LAG_HOPS + 1) * HOP:
            raw.append(self._waiting.popleft())
            self._frame += 1
        voiced = sorted(pitch for pitch, clarity, _ in raw if clarity >= 0.5)
        if 2 * len(voiced) >= len(raw):
            self._medians.append(voiced[len(voiced) // 2])
            self._reference.update(np.array([sound.loudness_db, sound.tilt_db_oct]), HOP / SAMPLE_RATE_HZ)
        median = float(np.median(self._medians)) if self._medians else (voiced[0] if voiced else 0.0)
        tilt = sound.tilt_db_oct - float(self._reference.level[1]) if self._medians else 0.0
        frames = []
        for pitch, clarity, loudness_db in raw:
            speaks = clarity >= 0.5
            nucleus = self._syllables.push(loudness_db, speaks)
            frames.append(PitchFrame(pitch - median, clarity, loudness_db, speaks, nucleus, tilt, sound.flux_db))
        self._recent.extend(frames)
        for frame in frames:
            self._window.push(frame)
        return frames

    def _describe(self, sound: Acoustics, frames: list[PitchFrame]) -> NDArray[np.float32]:
        pitch = [frame.semitones for frame in frames if frame.voiced]
        recent = list(self._recent)
        two_s, one_s = recent[-_TWO_S:], recent[-_ONE_S:]
        sung = np.array([frame.semitones for frame in two_s if frame.voiced])
        runs = run_lengths(np.array([frame.voiced for frame in recent], bool))
        paused = sum(length for on, length in runs if not on and length >= PAUSE_FRAMES)
        known = bool(self._medians)
        loudness, tilt = self._reference.level
        return np.array(
            [
                float(np.median(pitch)) if pitch else 0.0,
                len(pitch) / len(frames) if frames else 0.0,
                float(np.mean([frame.clarity for frame in frames])) if frames else 0.0,
                min(20.0, max(-40.0, sound.loudness_db - float(loudness))) if known else 0.0,
                sound.tilt_db_oct - float(tilt) if known and not sound.silent else 0.0,
                sound.flux_db,
                sum(frame.nucleus for frame in two_s) / (len(two_s) * FRAME_S) if two_s else 0.0,
                paused / len(recent) if recent else 0.0,
                float(sung.std()) if len(sung) > 1 else 0.0,
                _slope(one_s),
            ],
            np.float32,
        )


def _slope(frames: list[PitchFrame]) -> float:
    """Least-squares pitch slope over the voiced frames, semitones per second, within ±40; 0 with too few of them."""
    points = np.array([(i * FRAME_S, frame.semitones) for i, frame in enumerate(frames) if frame.voiced]).reshape(-1, 2)
    if len(points) < 10:
        return 0.0
    time = points[:, 0] - points[:, 0].mean()
    return float(np.clip(time @ points[:, 1] / (time @ time), -40.0, 40.0))
