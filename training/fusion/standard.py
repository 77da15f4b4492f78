"""Evidence as it flows in, the networks' standardised inputs out: the fixed part of a learned f(), and of its graph."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from encoders.samples import Modality
from fusion.evidence import ORDER, WORD_MARKS
from training.fusion.networks import COARSE, FACE, PROSODY, WORD_PARTS, Inputs

Raw = dict[str, Tensor]
_FARTHEST = 4.0  # standard deviations: no glitch of an encoder may speak louder
_START, _END = WORD_MARKS.index("start_s"), WORD_MARKS.index("end_s")


class Standard(nn.Module):
    """Means and spreads of the training clips, and the principal components of their words' vectors."""

    word_mean: Tensor
    word_scale: Tensor
    mark_mean: Tensor
    mark_scale: Tensor
    voice_mean: Tensor
    voice_scale: Tensor
    face_mean: Tensor
    face_scale: Tensor

    def __init__(self, raw: Raw) -> None:
        super().__init__()
        spoken = raw["words"][raw["word_mask"] > 0].double()
        marks = _mark(raw["word_marks"])[raw["word_mask"] > 0].double()
        centre = spoken.mean(dim=0)
        _, spread, directions = torch.linalg.svd(spoken - centre, full_matrices=False)
        parts = directions[:WORD_PARTS]
        scale = spread[:WORD_PARTS] / max(len(spoken), 2) ** 0.5
        self._keep("word", centre, parts.T / scale.clamp_min(1e-6))
        self._keep("mark", marks.mean(dim=0), marks.std(dim=0).clamp_min(1e-3))
        heard = raw["voice"][raw["voice_mask"] > 0.5].double()
        self._keep("voice", heard.mean(dim=0), heard.std(dim=0).clamp_min(1e-3))
        seen = raw["face"][raw["face_mask"] > 0.5][:, -FACE:].double()
        self._keep("face", seen.mean(dim=0), seen.std(dim=0).clamp_min(1e-3))

    def forward(self, raw: Raw) -> Inputs:
        """Each of `raw` is [batch, ...] as fusion.evidence gathers it; the members' dimension is put in front."""
        word_mask = raw["word_mask"]
        words = torch.matmul(raw["words"] - self.word_mean, self.word_scale)
        marks = (_mark(raw["word_marks"]) - self.mark_mean) / self.mark_scale
        every = (raw["voice"] - self.voice_mean) / self.voice_scale
        voice, voice_mask = _coarsen(every[..., :PROSODY], raw["voice_mask"])
        face, face_mask = _coarsen((raw["face"][..., -FACE:] - self.face_mean) / self.face_scale, raw["face_mask"])
        middles = (raw["word_marks"][..., _START] + raw["word_marks"][..., _END]) / 2
        return Inputs(
            (_bounded(words) * word_mask[..., None])[None],
            (_bounded(marks) * word_mask[..., None])[None],
            middles[None],
            word_mask[None],
            voice[None],
            voice_mask[None],
            _sound(every[..., PROSODY:], raw["voice_mask"] * (raw["voice"][..., PROSODY:] != 0).any(dim=-1))[None],
            face[None],
            face_mask[None],
            raw["readings"][None],
            raw["presence"][None],
        )

    def _keep(self, name: str, mean: Tensor, scale: Tensor) -> None:
        self.register_buffer(f"{name}_mean", mean.float())
        self.register_buffer(f"{name}_scale", scale.float())


class LateTerms(nn.Module):
    """The late average of each member: fusion.late with weights [members, 3], gap and bias [members]."""

    weights: Tensor
    gap: Tensor
    bias: Tensor
    reliability: Tensor

    def __init__(self, weights: NDArray[np.float64], reliability: dict[Modality, float]) -> None:
        super().__init__()
        numbers = torch.tensor(weights, dtype=torch.float32)  # [members, 5]: text, voice, face, gap, bias
        self.register_buffer("weights", numbers[:, :3])
        self.register_buffer("gap", numbers[:, 3:4])
        self.register_buffer("bias", numbers[:, 4:5])
        shares = [reliability.get(modality, 0.0) for modality in ORDER]
        self.register_buffer("reliability", torch.tensor(shares))

    def forward(self, readings: Tensor, presence: Tensor) -> Tensor:
        """Readings [.., batch, 3, 3] and presence [.., batch, 3] -> log odds [members, batch]."""
        odds = (presence * readings[..., 0] * self.weights[:, None]).sum(dim=-1)
        shares = presence * self.reliability
        total = shares.sum(dim=-1)
        delivered = (shares * readings[..., 1]).sum(dim=-1) / total.clamp_min(1e-12)
        wide = torch.relu(readings[..., 0, 1] - delivered) * presence[..., 0] * (total > 0)
        return odds + self.gap * wide + self.bias


def _mark(marks: Tensor) -> Tensor:
    """WORD_MARKS as MARKS [.., 4]: the times give way to how long the word lasts."""
    start, end, *rest = (marks[..., i : i + 1] for i in range(len(WORD_MARKS)))
    return torch.cat([end - start, *rest], dim=-1)


def _sound(x: Tensor, mask: Tensor) -> Tensor:
    """Of [batch, steps, wide] the last step that is not masked and the mean of such [batch, 2 * wide]; 0 without."""
    bounded = _bounded(x)
    later = torch.arange(1, mask.shape[-1] + 1) * (mask > 0)
    last = (later == later.amax(dim=-1, keepdim=True)) * (mask > 0)
    newest = (bounded * last[..., None]).sum(dim=-2)
    mean = (bounded * mask[..., None]).sum(dim=-2) / mask.sum(dim=-1, keepdim=True).clamp_min(1e-3)
    return torch.cat([newest, mean], dim=-1)


def _coarsen(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Steps [batch, steps, wide] averaged by COARSE, and how much of each is covered."""
    steps, wide = x.shape[1] // COARSE, x.shape[2]
    covered = mask.reshape(-1, steps, COARSE)
    summed = (_bounded(x) * mask[..., None]).reshape(-1, steps, COARSE, wide).sum(dim=2)
    return summed / covered.sum(dim=2, keepdim=True).clamp_min(1e-3), covered.mean(dim=2)


def _bounded(x: Tensor) -> Tensor:
    return x.clamp(-_FARTHEST, _FARTHEST)
