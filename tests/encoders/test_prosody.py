"""Properties of the prosody stream, on made-up voices."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from encoders.prosody import PROSODY_DIMS, ProsodyEncoder, ProsodyModel
from encoders.samples import NS_PER_S, AudioChunk, Embedding

RATE_HZ = 16_000
Samples = NDArray[np.float32]


@pytest.fixture(scope="module")
def model() -> ProsodyModel:
    return ProsodyModel.load()


def buzz(f0_hz: float, seconds: float, *, loudness: float = 0.2) -> Samples:
    """A voice-like sound: twenty falling harmonics, three syllables a second."""
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    wave = sum(np.sin(2 * np.pi * f0_hz * k * time) / k for k in range(1, 21) if k * f0_hz < RATE_HZ / 2)
    swell = 0.55 - 0.45 * np.cos(2 * np.pi * 3.0 * time)
    return np.asarray(loudness * swell * wave / np.abs(wave).max(), np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def encode(model: ProsodyModel, pcm: Samples, cuts: list[int] | None = None, start_ns: int = 0) -> list[Embedding]:
    encoder = ProsodyEncoder(model)
    edges = [0, *sorted(cuts or []), len(pcm)]
    embeddings: list[Embedding] = []
    for seq, (first, last) in enumerate(pairwise(edges)):
        embeddings += encoder.push(AudioChunk(seq, start_ns + first * NS_PER_S // RATE_HZ, RATE_HZ, pcm[first:last]))
    return [*embeddings, *encoder.flush()]


def as_bytes(embeddings: list[Embedding]) -> list[tuple[object, ...]]:
    return [(e.seq, e.interval, e.vector.tobytes(), e.confidence, e.reading) for e in embeddings]


def column(embeddings: list[Embedding], name: str) -> NDArray[np.float32]:
    return np.array([e.vector[PROSODY_DIMS.index(name)] for e in embeddings])


SPEECH = np.concatenate([buzz(150, 0.9), silence(0.25), buzz(220, 0.75)])


@settings(max_examples=8, deadline=None)
@given(cuts=st.lists(st.integers(0, len(SPEECH)), max_size=12))
def test_any_cutting_of_the_audio_gives_the_same_bytes(model: ProsodyModel, cuts: list[int]) -> None:
    assert as_bytes(encode(model, SPEECH, cuts)) == as_bytes(encode(model, SPEECH))


@settings(max_examples=5, deadline=None)
@given(at=st.integers(0, len(SPEECH)), seed=st.integers(0, 2**16))
def test_later_audio_never_changes_what_was_returned(model: ProsodyModel, at: int, seed: int) -> None:
    noise = np.random.default_rng(seed).uniform(-0.5, 0.5, len(SPEECH) - at).astype(np.float32)
    known = encode(model, SPEECH[:at])
    changed = encode(model, np.concatenate([SPEECH[:at], noise]), [at])
    assert as_bytes(changed)[: len(known)] == as_bytes(known)


def test_no_sound_that_ends_before_what_is_awaited_makes_an_embedding(model: ProsodyModel) -> None:
    encoder = ProsodyEncoder(model)
    assert encoder.awaited_ns == 0
    waits = []
    for at in range(0, RATE_HZ // 2, 512):
        awaited_ns = encoder.awaited_ns
        chunk = AudioChunk(at // 512, at * NS_PER_S // RATE_HZ, RATE_HZ, SPEECH[at : at + 512])
        waits.append(chunk.interval.end_ns >= awaited_ns > 0)
        assert bool(encoder.push(chunk)) == waits[-1]
    assert sum(waits) == 5


def test_hops_tile_the_time_axis_from_the_first_sample_on(model: ProsodyModel) -> None:
    embeddings = encode(model, SPEECH, start_ns=7_000_000)
    assert [e.interval.start_ns for e in embeddings] == [7_000_000 + i * 100_000_000 for i in range(len(embeddings))]
    assert all(e.interval.duration_ns == 100_000_000 for e in embeddings)


def test_twice_the_gain_changes_nothing(model: ProsodyModel) -> None:
    voice = np.concatenate([buzz(150, 1.5), buzz(180, 1.0)])
    soft, loud = encode(model, voice), encode(model, 2.0 * voice)
    for dim in ("pitch_st", "voicing", "loudness_db", "tilt_db_oct", "flux_db", "syllable_rate_hz"):
        np.testing.assert_allclose(column(soft, dim)[10:], column(loud, dim)[10:], atol=0.05, err_msg=dim)
    for quiet, strong in zip(soft[10:], loud[10:], strict=True):
        np.testing.assert_allclose(quiet.vector[len(PROSODY_DIMS) :], strong.vector[len(PROSODY_DIMS) :], atol=0.05)
        assert quiet.reading is not None
        assert strong.reading is not None
        assert quiet.reading.sarcasm == pytest.approx(strong.reading.sarcasm, abs=0.01)
        assert quiet.reading.activation == pytest.approx(strong.reading.activation, abs=0.01)


def test_a_higher_voice_reads_higher_in_semitones(model: ProsodyModel) -> None:
    embeddings = encode(model, np.concatenate([buzz(150, 2.0), buzz(220, 1.0)]))
    rise = column(embeddings, "pitch_st")[-3:].mean() - column(embeddings, "pitch_st")[8:16].mean()
    assert rise == pytest.approx(12 * np.log2(220 / 150), abs=0.5)


def test_syllables_are_counted_at_their_rate(model: ProsodyModel) -> None:
    assert column(encode(model, buzz(150, 3.0)), "syllable_rate_hz")[-1] == pytest.approx(3.0, abs=0.6)


def test_silence_has_no_confidence_and_no_reading(model: ProsodyModel) -> None:
    embeddings = encode(model, silence(2.0))
    assert len(embeddings) == 20
    assert all(e.confidence == 0 and e.reading is None and np.isfinite(e.vector).all() for e in embeddings)


def test_there_is_a_reading_once_a_second_was_spoken(model: ProsodyModel) -> None:
    readings = [e.reading for e in encode(model, buzz(150, 2.0))]
    assert readings[:5] == [None] * 5
    last = readings[-1]
    assert last is not None
    assert last.sarcasm is not None
    assert 0.0 <= last.sarcasm <= 1.0
    assert last.sentiment is not None
    assert -1.0 <= last.sentiment <= 1.0


def test_samples_that_are_no_numbers_count_as_silence(model: ProsodyModel) -> None:
    broken = SPEECH.copy()
    broken[100:200], broken[300:310], broken[20_000:20_100] = np.nan, np.inf, -np.inf
    mended = np.where(np.isfinite(broken), broken, 0.0).astype(np.float32)
    assert as_bytes(encode(model, broken)) == as_bytes(encode(model, mended))


def test_samples_beyond_full_scale_are_clipped(model: ProsodyModel) -> None:
    loud = np.asarray(20 * SPEECH, np.float32)
    assert as_bytes(encode(model, loud)) == as_bytes(encode(model, loud.clip(-1, 1)))


def test_time_starts_anew_after_a_gap(model: ProsodyModel) -> None:
    encoder = ProsodyEncoder(model)
    encoder.push(AudioChunk(0, 0, RATE_HZ, buzz(150, 0.55)))
    later = encoder.push(AudioChunk(1, 3 * NS_PER_S, RATE_HZ, buzz(150, 0.2)))
    assert [e.interval.start_ns for e in later] == [3 * NS_PER_S, 3 * NS_PER_S + 100_000_000]


def test_stamps_that_jitter_less_than_the_gap_hardly_move_the_grid(model: ProsodyModel) -> None:
    encoder = ProsodyEncoder(model)
    first = encoder.push(AudioChunk(0, 0, RATE_HZ, buzz(150, 0.25)))
    second = encoder.push(AudioChunk(1, 280_000_000, RATE_HZ, buzz(150, 0.25)))
    starts_ns = [e.interval.start_ns for e in [*first, *second]]
    assert starts_ns == pytest.approx([i * 100_000_000 for i in range(5)], abs=500_000)


@settings(max_examples=3, deadline=None)
@given(drift=st.sampled_from([-500e-6, 500e-6]), length=st.integers(160, 4000))
def test_hops_keep_to_the_chunks_own_times_when_these_drift(model: ProsodyModel, drift: float, length: int) -> None:
    seconds = 12
    encoder = ProsodyEncoder(model)
    embeddings: list[Embedding] = []
    for seq, first in enumerate(range(0, (seconds + 1) * RATE_HZ, length)):
        pts_ns = round(first * NS_PER_S / RATE_HZ * (1 + drift))
        embeddings += encoder.push(AudioChunk(seq, pts_ns, RATE_HZ, np.zeros(length, np.float32)))
    assert len(embeddings) >= 10 * seconds
    for hop, embedding in enumerate(embeddings):
        assert embedding.interval.start_ns == pytest.approx(hop * 1e8 * (1 + drift), abs=2e6)
    assert all(early.interval.end_ns == late.interval.start_ns for early, late in pairwise(embeddings))


def test_a_drift_in_the_stamps_changes_times_and_nothing_else(model: ProsodyModel) -> None:
    def encoded(drift: float) -> list[Embedding]:
        encoder = ProsodyEncoder(model)
        chunks = range(0, 5 * len(SPEECH) // 512 * 512, 512)
        sound = np.tile(SPEECH, 5)
        return [
            embedding
            for seq, first in enumerate(chunks)
            for embedding in encoder.push(
                AudioChunk(seq, round(first * NS_PER_S / RATE_HZ * (1 + drift)), RATE_HZ, sound[first : first + 512])
            )
        ]

    straight, drifting = encoded(0.0), encoded(500e-6)
    assert [e.vector.tobytes() for e in straight] == [e.vector.tobytes() for e in drifting]
    assert [e.reading for e in straight] == [e.reading for e in drifting]
    assert drifting[-1].interval.end_ns - straight[-1].interval.end_ns == pytest.approx(4.5e6, abs=2e6)


def test_old_audio_is_not_heard_twice(model: ProsodyModel) -> None:
    encoder = ProsodyEncoder(model)
    encoder.push(AudioChunk(0, 0, RATE_HZ, buzz(150, 0.5)))
    assert encoder.push(AudioChunk(1, 0, RATE_HZ, buzz(150, 0.5))) == []


@pytest.mark.parametrize(("rate_hz", "shape"), [(48_000, (1600,)), (16_000, (1600, 2))])
def test_other_than_16_khz_mono_is_refused(model: ProsodyModel, rate_hz: int, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="16 kHz mono"):
        ProsodyEncoder(model).push(AudioChunk(0, 0, rate_hz, np.zeros(shape, np.float32)))


def test_reset_forgets_the_stream(model: ProsodyModel) -> None:
    encoder = ProsodyEncoder(model)
    encoder.push(AudioChunk(0, 5 * NS_PER_S, RATE_HZ, buzz(220, 1.0)))
    encoder.reset()
    assert as_bytes(list(encoder.push(AudioChunk(0, 0, RATE_HZ, SPEECH)))) == as_bytes(encode(model, SPEECH))


@settings(max_examples=4, deadline=None)
@given(cuts=st.lists(st.integers(0, len(SPEECH)), max_size=8), gap_ms=st.sampled_from([60, 700, 5000]))
def test_a_hole_in_time_is_the_same_however_the_audio_around_it_was_cut(
    model: ProsodyModel, cuts: list[int], gap_ms: int
) -> None:
    """The grid begins anew after the hole; what is heard after it never changes what was before."""
    hole, gap_ns = len(SPEECH) // 2, gap_ms * 1_000_000

    def encoded(edges: list[int]) -> list[Embedding]:
        encoder = ProsodyEncoder(model)
        made: list[Embedding] = []
        for first, last in pairwise([0, *sorted({hole, *edges}), len(SPEECH)]):
            pts_ns = first * NS_PER_S // RATE_HZ + (gap_ns if first >= hole else 0)
            made += encoder.push(AudioChunk(0, pts_ns, RATE_HZ, SPEECH[first:last]))
        return made

    assert as_bytes(encoded(cuts)) == as_bytes(encoded([]))
    before = as_bytes(encode(model, SPEECH[:hole]))
    assert as_bytes(encoded(cuts))[: len(before)] == before


def test_what_the_stream_remembers_does_not_grow(model: ProsodyModel) -> None:
    encoder = ProsodyEncoder(model)
    second = buzz(150, 1.0)
    held = set()
    for at in range(12):
        encoder.push(AudioChunk(at, at * NS_PER_S, RATE_HZ, second if at % 3 else silence(1.0)))
        if at >= 4:
            held.add((len(encoder._pending), len(encoder._waiting), len(encoder._recent), len(encoder._sounds)))
    assert len(held) == 1
