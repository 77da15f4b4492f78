"""Face tracks in; faces, and faces nobody made, with what MediaPipe's blendshape model says of them, out."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from rich.progress import track as show_progress
from scipy.spatial.transform import Rotation

from encoders.expression import POINTS
from training.clips.tracks import Track

INVENTED = 120_000


@dataclass(frozen=True, slots=True)
class Faces:
    """Frames in which both models saw a face: landmarks [n, 478, 3], the teacher's answers to them and the whole
    landmarker task's to the picture [n, 52], and the group of people each is of, e.g. the show.
    """

    landmarks: NDArray[np.float32]
    targets: NDArray[np.float32]
    task: NDArray[np.float32]
    groups: NDArray[np.str_]
    names: tuple[str, ...]

    def where(self, chosen: NDArray[np.bool_]) -> Faces:
        return Faces(self.landmarks[chosen], self.targets[chosen], self.task[chosen], self.groups[chosen], self.names)


@dataclass(frozen=True, slots=True)
class InventedFaces:
    """Faces nobody made: the blendshape model's points [n, 146, 2], its answers [n, 52], and the group whose faces each
    is made of.
    """

    points: NDArray[np.float32]
    targets: NDArray[np.float32]
    groups: NDArray[np.str_]

    def where(self, chosen: NDArray[np.bool_]) -> InventedFaces:
        return InventedFaces(self.points[chosen], self.targets[chosen], self.groups[chosen])


def gather(tracks: Mapping[str, Track], groups: Mapping[str, str], teacher: Teacher) -> Faces:
    """The faces of all tracks by their clips' groups."""
    landmarks, task, owners = [], [], []
    names: tuple[str, ...] = ()
    for key, track in sorted(tracks.items()):
        seen = np.isfinite(track.landmarks[:, 0, 0]) & np.isfinite(track.blendshapes[:, 0])
        if seen.any():
            names = track.names
            landmarks.append(track.landmarks[seen])
            task.append(track.blendshapes[seen])
            owners.append(np.full(int(seen.sum()), groups[key]))
    points = np.concatenate(landmarks)
    targets = teacher.express(points[:, list(POINTS), :2])
    return Faces(points, targets, np.concatenate(task), np.concatenate(owners), names)


def invent_faces(faces: Faces, teacher: Teacher, count: int = INVENTED) -> InventedFaces:
    """About `count` faces, each made of faces of one group, as many of each group as it has faces."""
    names, sizes = np.unique(faces.groups, return_counts=True)
    made = [
        invent(faces.landmarks[faces.groups == name], round(count * size / len(faces.groups)), seed)
        for seed, (name, size) in enumerate(zip(names.tolist(), sizes.tolist(), strict=True))
    ]
    owners = np.concatenate([np.full(len(each), name) for each, name in zip(made, names.tolist(), strict=True)])
    points = np.concatenate(made)
    return InventedFaces(points, teacher.express(points), owners)


class Teacher:
    """MediaPipe's blendshape model, out of the face landmarker's bundle, on landmarks that we give it."""

    def __init__(self, landmarker: Path) -> None:
        with zipfile.ZipFile(landmarker) as bundle:
            self._interpreter = Interpreter(model_content=bundle.read("face_blendshapes.tflite"), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def express(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Blendshapes [n, 52] for points [n, 146, 2]; they depend neither on the points' place nor on their size."""
        answers = []
        every: Sequence[NDArray[np.float32]] = list(points.astype(np.float32))
        for face in show_progress(every, "blendshapes", disable=len(every) < 1000):
            self._interpreter.set_tensor(self._input, face[None])
            self._interpreter.invoke()
            answers.append(self._interpreter.get_tensor(self._output).reshape(-1).copy())
        return np.array(answers, np.float32).reshape(len(points), -1)


def invent(landmarks: NDArray[np.float32], count: int, seed: int) -> NDArray[np.float32]:
    """Faces nobody made [count, 146, 2]: real ones with the difference of two others added, turned, some with
    jitter.
    """
    rng = np.random.default_rng(seed)
    points = landmarks[:, list(POINTS)].astype(np.float64)
    points -= points.mean(axis=1, keepdims=True)
    points /= np.sqrt(np.square(points).sum(axis=2).mean(axis=1))[:, None, None]
    one, two, three = rng.integers(0, len(points), (3, count))
    share = rng.uniform(0.0, 1.0, (count, 1, 1)) * (rng.random((count, 1, 1)) < 0.8)
    faces = points[one] + share * (points[two] - points[three])
    turns = Rotation.from_euler("xyz", rng.normal(0.0, (0.15, 0.25, 0.12), (count, 3))).as_matrix()
    jitter = rng.normal(0.0, 0.004, (count, len(POINTS), 2)) * (rng.random((count, 1, 1)) < 0.5)
    return np.asarray((faces @ turns)[..., :2] + jitter, np.float32)
