"""Clips in, cached face tracks out: mesh landmarks beside the reference blendshapes of the same frames."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision
from numpy.typing import NDArray

from encoders.mesh import LANDMARKS, FaceMeshLandmarks
from training.clips.media import decode_video


@dataclass(frozen=True, slots=True)
class Track:
    """One clip's faces. `landmarks` px [frames, 478, 3] and `blendshapes` [frames, 52] are NaN where none was found."""

    pts_ns: NDArray[np.int64]
    landmarks: NDArray[np.float32]
    blendshapes: NDArray[np.float32]
    names: tuple[str, ...]


def read_track(path: Path, landmarker: Path, target: Path) -> Track:
    """The track of the clip at `path`, computed once and kept in the file `target`."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".partial.npz")
        _write_track(path, landmarker, partial)
        partial.replace(target)
    with np.load(target, allow_pickle=False) as stored:
        return Track(stored["pts_ns"], stored["landmarks"], stored["blendshapes"], tuple(stored["names"].tolist()))


def _write_track(path: Path, landmarker: Path, target: Path) -> None:
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(landmarker)),
        running_mode=vision.RunningMode.VIDEO,
        output_face_blendshapes=True,
    )
    mesh = FaceMeshLandmarks()
    pts_ns: list[int] = []
    landmarks: list[NDArray[np.float32]] = []
    blendshapes: list[list[float]] = []
    names: list[str] = []
    with vision.FaceLandmarker.create_from_options(options) as reference:
        for frame in decode_video(path):
            found = mesh.locate(frame.rgb)
            image = mp.Image(image_format=mp.ImageFormat.SRGB, data=frame.rgb)
            shapes = reference.detect_for_video(image, frame.pts_ns // 1_000_000).face_blendshapes
            if shapes:
                names = [shape.category_name for shape in shapes[0]]
            pts_ns.append(frame.pts_ns)
            landmarks.append(np.full((LANDMARKS, 3), np.nan, np.float32) if found is None else found)
            blendshapes.append([shape.score for shape in shapes[0]] if shapes else [np.nan] * 52)
    mesh.close()
    np.savez_compressed(
        target,
        pts_ns=np.array(pts_ns, np.int64),
        landmarks=np.array(landmarks, np.float32).reshape(-1, LANDMARKS, 3),
        blendshapes=np.array(blendshapes, np.float32).reshape(-1, 52),
        names=np.array(names, dtype=np.str_),
    )
