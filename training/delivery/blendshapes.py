"""Face tracks in, the expression model's weights and how well they follow MediaPipe's blendshapes out."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from encoders.expression import POINTS, RIGID, ExpressionModel, align, frame_points
from training.delivery.tracks import Track

LEAST_CORRELATION = 0.6
LEAST_SPREAD = 0.005  # what the training faces hardly do cannot be learnt from them
INVENTED = 80_000
COMPONENTS = 150
HIDDEN = 128
SCHEDULE = ((2e-3, 14), (5e-4, 8), (1e-4, 6))  # learning rate, epochs


@dataclass(frozen=True, slots=True)
class Faces:
    """Frames in which both models saw a face: landmarks [n, 478, 3], the teacher's answers to them and the whole
    landmarker task's to the picture [n, 52], and the clip each comes from.
    """

    landmarks: NDArray[np.float32]
    targets: NDArray[np.float32]
    task: NDArray[np.float32]
    clips: NDArray[np.str_]
    names: tuple[str, ...]

    def where(self, chosen: NDArray[np.bool_]) -> Faces:
        return Faces(self.landmarks[chosen], self.targets[chosen], self.task[chosen], self.clips[chosen], self.names)


def gather(tracks: Mapping[str, Track], teacher: Teacher) -> Faces:
    landmarks, task, clips = [], [], []
    names: tuple[str, ...] = ()
    for key, track in sorted(tracks.items()):
        seen = np.isfinite(track.landmarks[:, 0, 0]) & np.isfinite(track.blendshapes[:, 0])
        if seen.any():
            names = track.names
            landmarks.append(track.landmarks[seen])
            task.append(track.blendshapes[seen])
            clips.append(np.full(int(seen.sum()), key))
    points = np.concatenate(landmarks)
    targets = teacher.express(points[:, list(POINTS), :2])
    return Faces(points, targets, np.concatenate(task), np.concatenate(clips), names)


def mean_face(landmarks: NDArray[np.float32]) -> NDArray[np.float64]:
    """Generalised Procrustes mean [478, 3] of unit size, frontal: eyes level, chin under the forehead."""
    sample = landmarks[:: max(1, len(landmarks) // 1500)]
    mean = sample[np.argmin(np.abs(sample[:, 33, 2] - sample[:, 263, 2]))].astype(np.float64)
    for _ in range(5):
        mean = mean - mean.mean(axis=0)
        mean /= np.sqrt(np.square(mean).sum(axis=1).mean())
        mean = np.mean([align(face, mean[list(RIGID)])[0] for face in sample], axis=0)
    # Turn the line between the outer eye corners onto x and drop what is left of yaw and roll.
    mean = mean - mean.mean(axis=0)
    across = mean[263] - mean[33]
    across /= np.linalg.norm(across)
    down = mean[152] - mean[10]
    down -= across * (across @ down)
    down /= np.linalg.norm(down)
    frontal = mean @ np.stack([across, down, np.cross(across, down)], axis=1)
    return np.asarray(frontal / np.sqrt(np.square(frontal).sum(axis=1).mean()), np.float64)


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
        for face in points.astype(np.float32):
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


def fit(faces: Faces, teacher: Teacher, chosen: NDArray[np.intp], *, seed: int = 0) -> ExpressionModel:
    """A network that gives the teacher's answers; the principal components are folded into its first layer."""
    real, invented = faces.landmarks[:, list(POINTS), :2], invent(faces.landmarks, INVENTED, seed)
    inputs = frame_points(np.concatenate([real, invented])).astype(np.float64)
    targets = np.concatenate([faces.targets, teacher.express(invented)])[:, chosen]
    pca = PCA(COMPONENTS, whiten=True, random_state=seed).fit(inputs)
    spread = targets.std(axis=0) + 1e-3
    network = MLPRegressor(
        hidden_layer_sizes=(HIDDEN, HIDDEN), alpha=1e-3, batch_size=256, random_state=seed, warm_start=True
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a fixed number of epochs is the stopping rule
        for rate, epochs in SCHEDULE:
            network.set_params(learning_rate_init=rate, max_iter=epochs)
            network.fit(pca.transform(inputs), targets / spread)
    weights, biases = list(network.coefs_), list(network.intercepts_)
    weights[0] = pca.components_.T / np.sqrt(pca.explained_variance_) @ weights[0]
    biases[0] = biases[0] - pca.mean_ @ weights[0]
    weights[-1], biases[-1] = weights[-1] * spread, biases[-1] * spread
    return ExpressionModel(
        tuple(faces.names[i] for i in chosen),
        mean_face(faces.landmarks)[list(RIGID)],
        tuple((w.astype(np.float32), b.astype(np.float32)) for w, b in zip(weights, biases, strict=True)),
    )


@dataclass(frozen=True, slots=True)
class Agreement:
    """One coefficient on people the network never saw: correlation with its teacher on the same landmarks, and with the
    whole landmarker task, which finds its own face and landmarks; the teacher's own correlation with that task.
    """

    name: str
    spread: float
    teacher: float
    task: float
    teacher_task: float

    @property
    def worthy(self) -> bool:
        return self.teacher >= LEAST_CORRELATION and self.spread >= LEAST_SPREAD and not self.name.startswith("_")


def compare(faces: Faces, teacher: Teacher, shows: NDArray[np.str_]) -> tuple[Agreement, ...]:
    """Every coefficient, each show [n] left out in turn."""
    everything = np.arange(len(faces.names))
    held_out = np.zeros_like(faces.targets)
    for show in np.unique(shows):
        out = shows == show
        held_out[out] = fit(faces.where(~out), teacher, everything).express(faces.landmarks[out])
    return tuple(
        Agreement(
            name,
            float(faces.targets[:, i].std()),
            _correlate(held_out[:, i], faces.targets[:, i]),
            _correlate(held_out[:, i], faces.task[:, i]),
            _correlate(faces.targets[:, i], faces.task[:, i]),
        )
        for i, name in enumerate(faces.names)
    )


def save(model: ExpressionModel, target: Path) -> None:
    """Arrays only, so that it loads without pickle."""
    target.parent.mkdir(parents=True, exist_ok=True)
    arrays = {f"weights_{i}": weights for i, (weights, _) in enumerate(model.layers)}
    arrays |= {f"bias_{i}": bias for i, (_, bias) in enumerate(model.layers)}
    np.savez_compressed(target, names=np.array(model.names, dtype=np.str_), rigid=model.rigid, **arrays)


def _correlate(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.corrcoef(one, other)[0, 1]) if one.std() > 0 and other.std() > 0 else 0.0
