"""Clips in, cached face tracks out: mesh landmarks, and a reference's blendshapes of the same frames if there is one.

The reference, MediaPipe's landmarker task, only teaches the expression model: whoever trains heads and fusion on their
own recordings does without.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision
from numpy.typing import NDArray

from encoders.mesh import LANDMARKS, FaceMeshLandmarks
from encoders.samples import VideoFrame
from training.clips.media import decode_video

BLENDSHAPES = 52


@dataclass(frozen=True, slots=True)
class Track:
    """One clip's faces. `landmarks` px [frames, 478, 3] and `blendshapes` [frames, 52] are NaN where none was found.

    Without a reference all blendshapes are.
    """

    pts_ns: NDArray[np.int64]
    landmarks: NDArray[np.float32]
    blendshapes: NDArray[np.float32]
    names: tuple[str, ...]


def read_track(path: Path, landmarker: Path, target: Path) -> Track:
    """The track of the clip at `path`, computed once and kept in the file `target`.

    With a `landmarker` there, one that was computed without it is computed again.
    """
    if not target.exists() or (landmarker.is_file() and not _has_reference(target)):
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".partial.npz")
        _write_track(path, landmarker, partial)
        partial.replace(target)
    with np.load(target, allow_pickle=False) as stored:
        return Track(stored["pts_ns"], stored["landmarks"], stored["blendshapes"], tuple(stored["names"].tolist()))


def _has_reference(target: Path) -> bool:
    with np.load(target, allow_pickle=False) as stored:
        return "reference" not in stored or bool(stored["reference"])


def _write_track(path: Path, landmarker: Path, target: Path) -> None:
    mesh = FaceMeshLandmarks()
    pts_ns: list[int] = []
    landmarks: list[NDArray[np.float32]] = []
    blendshapes: list[list[float]] = []
    names: list[str] = []
    with ExitStack() as closing:
        closing.callback(mesh.close)
        reference = closing.enter_context(_open_reference(landmarker)) if landmarker.is_file() else None
        for frame in decode_video(path):
            found = mesh.locate(frame.rgb)
            shapes = None if reference is None else _ask(reference, frame)
            if shapes is not None:
                names = [shape.category_name for shape in shapes]
            pts_ns.append(frame.pts_ns)
            landmarks.append(np.full((LANDMARKS, 3), np.nan, np.float32) if found is None else found)
            blendshapes.append([np.nan] * BLENDSHAPES if shapes is None else [shape.score for shape in shapes])
    np.savez_compressed(
        target,
        pts_ns=np.array(pts_ns, np.int64),
        landmarks=np.array(landmarks, np.float32).reshape(-1, LANDMARKS, 3),
        blendshapes=np.array(blendshapes, np.float32).reshape(-1, BLENDSHAPES),
        names=np.array(names, dtype=np.str_),
        reference=np.array(landmarker.is_file()),
    )


def _open_reference(landmarker: Path) -> vision.FaceLandmarker:
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(landmarker)),
        running_mode=vision.RunningMode.VIDEO,
        output_face_blendshapes=True,
    )
    return vision.FaceLandmarker.create_from_options(options)


def _ask(reference: vision.FaceLandmarker, frame: VideoFrame) -> Any:
    """MediaPipe's blendshapes of a frame, each with name and score; None without a face."""
    image = mp.Image(image_format=mp.ImageFormat.SRGB, data=frame.rgb)
    shapes = reference.detect_for_video(image, frame.pts_ns // 1_000_000).face_blendshapes
    return shapes[0] if shapes else None
