"""Observations: live encoders on made-up sound and faces, the words given, what is kept on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("swift_f0", reason="the live extra is not installed")

from encoders.face import FACE_DIMS, FaceEncoder, FaceModel
from encoders.face_statistics import FACE_STATISTICS
from encoders.head import Head
from encoders.prosody import VOICE_DIMS, ProsodyEncoder, ProsodyModel
from encoders.samples import NS_PER_S, AudioChunk, Interval, Modality, VideoFrame
from encoders.voice_statistics import VOICE_STATISTICS
from training.clips.corpora import Clip
from training.clips.embeddings import embed
from training.clips.hearing import SpokenSound, spread_words
from training.clips.observation import LiveModels, Observer, RecordedLandmarks, Recording, acquaint, with_words
from training.clips.store import choose_warm_up
from training.clips.tracks import Track

RATE_HZ = 16_000
FRAME_NS = 80_000_000


def hum(f0_hz: float, seconds: float) -> NDArray[np.float32]:
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    wave = np.sum([np.sin(2 * np.pi * f0_hz * k * time) / k for k in range(1, 15)], axis=0)
    return np.asarray(0.1 * wave * (0.55 - 0.45 * np.cos(2 * np.pi * 3.0 * time)), np.float32)


def record(f0_hz: float, seconds: float, seed: int) -> Recording:
    """A hum and a face that changes a little, not seen in its second frame."""
    rng = np.random.default_rng(seed)
    frames = round(seconds * NS_PER_S / FRAME_NS)
    still = np.random.default_rng(1).uniform(0, 100, (478, 3))
    landmarks = (still + rng.normal(0, 1, (frames, 478, 3))).astype(np.float32)
    landmarks[1] = np.nan
    track = Track(np.arange(frames) * FRAME_NS, landmarks, np.zeros((frames, 52), np.float32), ())
    end_ns = round(seconds * NS_PER_S)
    return Recording(SpokenSound(hum(f0_hz, seconds), Interval(0, end_ns)), track)


@pytest.fixture(scope="module")
def models() -> LiveModels:
    return LiveModels.load()


def test_a_course_is_what_the_live_encoders_send(models: LiveModels) -> None:
    clip = record(150, 2.0, 0)
    observation = Observer(models).observe(clip, text="Oh great")
    voice = Head.load(Modality.VOICE, VOICE_STATISTICS, VOICE_DIMS)
    face = Head.load(Modality.FACE, FACE_STATISTICS, FACE_DIMS)
    embeddings = embed(observation, None, voice, face)

    live = ProsodyEncoder(replace(models.prosody, head=voice))
    heard = list(live.push(AudioChunk(0, 0, RATE_HZ, clip.sound.pcm)))
    assert [e.interval for e in embeddings[Modality.VOICE]] == [e.interval for e in heard]
    for ours, theirs in zip(embeddings[Modality.VOICE], heard, strict=True):
        np.testing.assert_array_equal(ours.vector, theirs.vector)
        assert ours.reading == theirs.reading
    assert heard[-1].reading is not None

    assert clip.track is not None
    landmarks = RecordedLandmarks()
    landmarks.play(clip.track.landmarks)
    watching = FaceEncoder(FaceModel(landmarks, models.expression, models.scale, face))
    frames = [VideoFrame(0, at_ns, np.zeros((1, 1, 3), np.uint8)) for at_ns in clip.track.pts_ns.tolist()]
    seen = [embedding for frame in frames for embedding in watching.push(frame)]
    assert [(e.confidence, e.reading) for e in embeddings[Modality.FACE]] == [(e.confidence, e.reading) for e in seen]
    assert [e.confidence for e in seen[:3]] == [1.0, 0.0, 1.0]


def test_what_was_observed_before_leaves_no_trace(models: LiveModels) -> None:
    clip, other = record(150, 1.5, 0), record(300, 1.5, 1)
    observer = Observer(models, [record(180, 1.5, 2)])
    first = observer.observe(clip)
    observer.observe(other)
    again = observer.observe(clip)
    np.testing.assert_array_equal(first.voice.vectors, again.voice.vectors)
    np.testing.assert_array_equal(first.face.vectors, again.face.vectors)


def test_after_a_warm_up_the_voice_is_compared_with_the_persons_own(models: LiveModels) -> None:
    pitch = VOICE_DIMS.index("pitch_st")
    known = Observer(models, [record(120, 3.0, 0)]).hear(record(150, 1.5, 1))
    stranger = Observer(models).hear(record(150, 1.5, 1))
    assert np.median(known.vectors[5:, pitch]) == pytest.approx(12 * np.log2(150 / 120), abs=1.0)
    assert abs(np.median(stranger.vectors[5:, pitch])) < 0.5
    assert known.intervals_ns[0].tolist() == [0, 100_000_000]


def test_without_a_track_there_is_a_voice_and_no_face(models: LiveModels) -> None:
    observation = Observer(models).observe(replace(record(150, 1.5, 0), track=None))
    assert observation.face.vectors.shape == (0, len(FACE_DIMS))
    assert embed(observation, None, None, None)[Modality.FACE] == []
    assert observation.transcripts == ()


def test_given_words_fill_the_speech_by_their_letters() -> None:
    ((known_ns, transcript),) = spread_words("Oh great", Interval(100, 1000), 1200)
    assert known_ns == 1200
    assert transcript.final
    assert [word.text for word in transcript.words] == ["Oh", "great"]
    assert [(w.interval.start_ns, w.interval.end_ns) for w in transcript.words] == [(100, 400), (400, 1000)]
    assert spread_words("  ", Interval(0, 1), 1) == ()


def test_words_may_be_given_afterwards(models: LiveModels) -> None:
    observation = Observer(models).observe(record(150, 1.5, 0))
    ((known_ns, transcript),) = with_words(observation, "Oh great").transcripts
    assert known_ns == 1_500_000_000
    assert transcript.text == "Oh great"


def clip_of(key: str, speaker: str) -> Clip:
    return Clip(key, "mustard", Path(key), "BBT", speaker, None)


def test_the_warm_up_is_the_speakers_other_clips_within_twenty_seconds() -> None:
    clips = {key: clip_of(key, "ANN") for key in "1234"} | {"5": clip_of("5", "BEN")}
    chosen = choose_warm_up(clips["1"], clips, lambda _: 8.0)
    assert len(chosen) == 2
    assert set(chosen) < {"2", "3", "4"}


def test_nobody_warms_up_for_a_stranger() -> None:
    clips = {key: clip_of(key, "") for key in "12"}
    assert choose_warm_up(clips["1"], clips, lambda _: 8.0) == []


def test_prosody_model_without_a_head_has_no_readings(models: LiveModels) -> None:
    assert isinstance(models.prosody, ProsodyModel)
    assert models.prosody.head is None


def test_acquaintances_add_up_to_what_one_long_stream_knows(models: LiveModels) -> None:
    first, second = record(120, 3.0, 0).sound, record(150, 1.5, 1).sound
    met = ProsodyEncoder(models.prosody)
    for sound in (first, second):
        met.meet(acquaint(models, sound))
    heard = ProsodyEncoder(replace(models.prosody, sound=None))
    heard.push(AudioChunk(0, 0, RATE_HZ, first.pcm))
    heard.push(AudioChunk(0, 13 * NS_PER_S, RATE_HZ, second.pcm))
    assert met.acquaintance.pitch_st == heard.acquaintance.pitch_st
    assert met.acquaintance.voiced_s == pytest.approx(heard.acquaintance.voiced_s)
    np.testing.assert_allclose(met.acquaintance.level, heard.acquaintance.level)
