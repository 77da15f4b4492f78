"""Face tracks of the bundled demo, with nothing but what is installed."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from agent.session import demo_location
from training.clips.tracks import read_track
from training.evaluate.face_rate import watch_at


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """The demo's first pictures."""
    path = tmp_path / "short.mp4"
    with av.open(demo_location()) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.pts is None or packet.time_base is None or packet.pts * packet.time_base > 0.5:
                break
            packet.stream = stream
            target.mux(packet)
    return path


def test_own_recordings_need_no_reference_to_have_their_faces_found(film: Path, tmp_path: Path) -> None:
    track = read_track(film, tmp_path / "no.task", tmp_path / "kept" / "short.npz")
    assert len(track.pts_ns) >= 5
    assert np.isfinite(track.landmarks[:, 0, 0]).mean() > 0.8
    assert np.isnan(track.blendshapes).all()
    again = read_track(tmp_path / "gone.mp4", tmp_path / "no.task", tmp_path / "kept" / "short.npz")
    np.testing.assert_array_equal(again.landmarks, track.landmarks)


def test_a_clip_is_looked_at_as_often_as_a_camera_of_each_rate_would(film: Path, tmp_path: Path) -> None:
    tracks = watch_at(film, (15.0, 5.0), tmp_path / "kept")
    for rate_hz, track in tracks.items():
        assert len(track.pts_ns) == pytest.approx(0.5 * rate_hz, abs=1)
        assert np.isfinite(track.landmarks[-1]).all()
    again = watch_at(tmp_path / "gone" / film.name, (15.0, 5.0), tmp_path / "kept")
    np.testing.assert_array_equal(again[5.0].landmarks, tracks[5.0].landmarks)
