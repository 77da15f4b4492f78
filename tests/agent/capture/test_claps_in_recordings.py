"""Claps in recordings of every habit: sight and sound of one moment have one time, from first to tenth minute."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.capture.recording import RecordingAudio, RecordingVideo
from tests.agent.capture.clap_films import Recorder, write_claps
from tests.stand_ins.claps import click_times_ns, flash_times_ns

MS = 1_000_000
TOLERANCE_MS = 40.0
CLAPS_S = [number / 25 for number in range(25, 210, 9)]
SECONDS = 9.0
MINUTES_S = 600.0
# Every six seconds or so, each on a frame of a film of five a second.
LONG_CLAPS_S = [round(5 * (2 + 6.2 * number)) / 5 for number in range(96)]

RECORDERS = {
    "mp4 of a phone": Recorder(".mp4", "libx264", "aac", 44_100, "stereo"),
    "mp4 with B-frames": Recorder(".mp4", "libx264", "aac", 48_000, "stereo", b_frames=3),
    "mp4 at 16 kHz": Recorder(".mp4", "libx264", "aac", 16_000),
    "sound late": Recorder(".mp4", "libx264", "aac", 48_000, b_frames=2, sound_starts_s=0.6),
    "pictures late": Recorder(".mp4", "libx264", "aac", 44_100, b_frames=2, picture_starts_s=0.6),
    "negative times": Recorder(".mkv", "libx264", "flac", 44_100, "stereo", b_frames=2, begins_s=-0.4),
    "negative times, cut away by an edit list": Recorder(".mp4", "libx264", "aac", 44_100, begins_s=-0.4),
    "webm": Recorder(".webm", "libvpx", "libopus", 48_000, "stereo"),
    "webm, sound late": Recorder(".webm", "libvpx-vp9", "libopus", 48_000, sound_starts_s=0.6),
    "mov with PCM": Recorder(".mov", "libx264", "pcm_s16le", 48_000, "stereo", b_frames=3),
    "avi": Recorder(".avi", "mpeg4", "pcm_s16le", 48_000, "stereo"),
    "avi whose MP3 hides its encoder's delay": Recorder(".avi", "mpeg4", "libmp3lame", 44_100, "stereo"),
    "broadcast, a minute in": Recorder(".ts", "mpeg2video", "mp2", 48_000, "stereo", b_frames=2, begins_s=60.0),
    "flash video": Recorder(".flv", "libx264", "aac", 44_100, b_frames=2),
}
CUT_AWAY_S = {"negative times, cut away by an edit list": 0.4}


def found_ms(film: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The times of a film's flashes and of its clicks."""
    with RecordingVideo(film, max_rate_hz=1000.0) as video, RecordingAudio(film) as audio:
        flashes = np.array(list(flash_times_ns(video))) / MS
        clicks = np.array(list(click_times_ns(audio))) / MS
        assert (video.losses, audio.losses) == ({}, {})
    return flashes, clicks


def p95(errors_ms: NDArray[np.float64]) -> float:
    return float(np.percentile(np.abs(errors_ms), 95))


@pytest.mark.parametrize("kind", RECORDERS)
def test_a_clap_has_one_time_in_sight_and_sound(tmp_path: Path, kind: str) -> None:
    recorder = RECORDERS[kind]
    film = write_claps(tmp_path / f"claps{recorder.suffix}", CLAPS_S, SECONDS, recorder)
    flashes_ms, clicks_ms = found_ms(film)
    truth_ms = 1000 * (np.array(CLAPS_S) - CUT_AWAY_S.get(kind, 0.0))
    assert len(truth_ms) >= 20
    assert p95(clicks_ms - flashes_ms) <= TOLERANCE_MS
    assert p95(clicks_ms - truth_ms) <= TOLERANCE_MS
    assert p95(flashes_ms - truth_ms) <= TOLERANCE_MS


@pytest.mark.parametrize(("drift", "jitter_s", "worst_ms"), [(300e-6, 0.0, 4.0), (-300e-6, 0.02, 25.0)])
def test_a_sound_card_that_drifts_stays_in_step_with_the_pictures_for_ten_minutes(
    tmp_path: Path, drift: float, jitter_s: float, worst_ms: float
) -> None:
    chance = random.Random(1)  # noqa: S311 - no secret
    recorder = Recorder(
        frame_rate_hz=5, sound_drift=drift, states=lambda began_s: began_s + chance.uniform(-jitter_s, jitter_s)
    )
    flashes_ms, clicks_ms = found_ms(write_claps(tmp_path / "long.mkv", LONG_CLAPS_S, MINUTES_S, recorder))
    assert len(clicks_ms) == len(flashes_ms) == len(LONG_CLAPS_S)
    assert p95(clicks_ms - flashes_ms) <= min(TOLERANCE_MS, worst_ms)
    assert np.abs(clicks_ms - flashes_ms).max() <= worst_ms


def test_chunks_of_a_drifting_recording_meet_to_within_a_sample_and_are_the_same_every_time(tmp_path: Path) -> None:
    film = write_claps(tmp_path / "drift.mkv", [], 60.0, Recorder(frame_rate_hz=1, sound_drift=400e-6))
    stamps = []
    for _ in range(2):
        with RecordingAudio(film) as audio:
            stamps.append([(chunk.seq, chunk.pts_ns, len(chunk.pcm)) for chunk in audio])
    assert stamps[0] == stamps[1]
    _, starts_ns, lengths = np.array(stamps[0]).T
    assert np.abs(np.diff(starts_ns) - lengths[:-1] * 62_500).max() < 62_500
    assert starts_ns[-1] + lengths[-1] * 62_500 == pytest.approx(60e9, abs=3 * MS)
