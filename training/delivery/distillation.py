"""Faces with MediaPipe's blendshapes in; the expression model, and how well it follows them on new people, out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track as show_progress
from torch import nn

from encoders.expression import POINTS, RIGID, ExpressionModel, align, frame_points
from training.delivery.blendshapes import Faces, InventedFaces

LEAST_CORRELATION = 0.6
LEAST_SPREAD = 0.005  # what the training faces hardly do cannot be learnt from them
COMPONENTS = 200
HIDDEN = 192
EPOCHS = 40
BATCH = 256
RATE = 2e-3
HARD = {"mouthFrownLeft": 3.0, "mouthFrownRight": 3.0}  # they weigh more: small, and read from few points


def fit(faces: Faces, invented: InventedFaces, chosen: NDArray[np.intp], *, seed: int = 0) -> ExpressionModel:
    """A network that gives the teacher's answers; the principal components are folded into its first layer."""
    real = frame_points(faces.landmarks[:, list(POINTS), :2])
    inputs = np.concatenate([real, frame_points(invented.points)])
    targets = np.concatenate([faces.targets, invented.targets])[:, chosen]
    level, components = _find_components(inputs)
    spread = targets.std(axis=0) + 1e-3
    hardness = torch.tensor([HARD.get(faces.names[i], 1.0) for i in chosen])
    values = torch.from_numpy((inputs - level) @ components)
    wanted = torch.from_numpy(targets / spread)
    torch.manual_seed(seed)
    sizes = (COMPONENTS, HIDDEN, HIDDEN, len(chosen))
    linear = [nn.Linear(before, after) for before, after in pairwise(sizes)]
    network = nn.Sequential(linear[0], nn.ReLU(), linear[1], nn.ReLU(), linear[2])
    steps = len(values) // BATCH
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-3)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=EPOCHS * steps, pct_start=0.1)
    for _ in show_progress(range(EPOCHS), "expression"):
        for batch in torch.randperm(len(values))[: steps * BATCH].view(steps, BATCH):
            cost = ((network(values[batch]) - wanted[batch]).square() * hardness).mean()
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
            pace.step()
    weights = [layer.weight.detach().numpy().T.astype(np.float64) for layer in linear]
    biases = [layer.bias.detach().numpy().astype(np.float64) for layer in linear]
    weights[0] = components @ weights[0]
    biases[0] = biases[0] - level @ weights[0]
    weights[-1], biases[-1] = weights[-1] * spread, biases[-1] * spread
    return ExpressionModel(
        tuple(faces.names[i] for i in chosen),
        mean_face(faces.landmarks)[list(RIGID)],
        tuple((w.astype(np.float32), b.astype(np.float32)) for w, b in zip(weights, biases, strict=True)),
    )


def _find_components(inputs: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean [292] and whitening directions [292, COMPONENTS] of the inputs, by a part of them."""
    sample = inputs[:: max(1, len(inputs) // 20_000)]
    level = sample.mean(axis=0)
    _, size, directions = np.linalg.svd(sample - level, full_matrices=False)
    return level, np.asarray(directions[:COMPONENTS].T / (size[:COMPONENTS] / np.sqrt(len(sample)) + 1e-6), np.float32)


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


def compare(faces: Faces, invented: InventedFaces) -> tuple[Agreement, ...]:
    """Every coefficient, each group left out in turn, with what was invented from it."""
    everything = np.arange(len(faces.names))
    held_out = np.zeros_like(faces.targets)
    for group in np.unique(faces.groups):
        out = faces.groups == group
        model = fit(faces.where(~out), invented.where(invented.groups != group), everything)
        held_out[out] = model.express(faces.landmarks[out])
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
