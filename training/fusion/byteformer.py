"""f() = bytes: one small transformer on the raw bytes of words, sound and pictures (after arXiv 2306.00238).

One table of byte embeddings for all; strided convolutions make few tokens of many bytes, and a transformer reads them
all together. No encoder, no reading, no alignment is given: it is the rung that knows nothing beforehand. It is trained
from the clips' media and never runs live: its input is no embedding.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track as show_progress
from torch import Tensor, nn
from torch.nn import functional

from training.clips.corpora import Clip
from training.fusion.examples import FRACTIONS
from training.fusion.fit import MEMBERS, Calibration, calibrate, deal
from training.fusion.late import Floats, balance
from training.fusion.raw_bytes import NOTHING, PICTURES, SIDE_PX, SOUND_BYTES, TEXT_BYTES, ClipBytes

WIDE, HEADS, LAYERS, BYTE_WIDE = 32, 2, 2, 8
_STRIDES = {"text": (4,), "sound": (16, 16), "picture": (32,)}
_LENGTHS = {"text": TEXT_BYTES, "sound": SOUND_BYTES, "picture": PICTURES * SIDE_PX**2}
_MOMENTS = len(FRACTIONS)


@dataclass(frozen=True, slots=True)
class ByteSchedule:
    """AdamW; members one after the other."""

    epochs: int = 8
    batch: int = 32
    rate: float = 1e-3
    weight_decay: float = 0.1
    drop_modality: float = 0.25
    whole: float = 0.4


class ByteFormer(nn.Module):
    """int64 bytes by modality [batch, length] -> log odds [batch]."""

    def __init__(self) -> None:
        super().__init__()
        self.byte = nn.Embedding(NOTHING + 1, BYTE_WIDE, padding_idx=NOTHING)
        self.reduce = nn.ModuleDict({name: _reduction(strides) for name, strides in _STRIDES.items()})
        tokens = sum(_LENGTHS[name] // int(np.prod(strides)) for name, strides in _STRIDES.items())
        self.place = nn.Parameter(torch.randn(tokens, WIDE) * 0.02)
        layer = nn.TransformerEncoderLayer(WIDE, HEADS, 2 * WIDE, 0.2, "gelu", batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.say = nn.Linear(WIDE, 1)

    def forward(self, media: dict[str, Tensor]) -> Tensor:
        tokens = [self.reduce[name](self.byte(media[name]).transpose(1, 2)).transpose(1, 2) for name in _STRIDES]
        read: Tensor = self.layers(torch.cat(tokens, dim=1) + self.place)
        said: Tensor = self.say(read.mean(dim=1))[:, 0]
        return said


@dataclass(frozen=True, slots=True)
class BytesExamples:
    """int16 [n, moments, length] by modality, the label and the person of each clip."""

    media: dict[str, Tensor]
    sarcasm: NDArray[np.bool_]
    people: NDArray[np.str_]

    @classmethod
    def of(cls, clips: Sequence[Clip], read: Mapping[str, ClipBytes]) -> BytesExamples:
        media = {
            name: torch.from_numpy(np.stack([getattr(read[clip.key], name) for clip in clips])) for name in _STRIDES
        }
        sarcasm = np.array([bool(clip.sarcasm) for clip in clips])
        return cls(media, sarcasm, np.array([clip.person for clip in clips]))


@dataclass(frozen=True, slots=True)
class BytesSaid:
    """What the trained members say [MEMBERS, n] of test clips heard to their end, and their calibration."""

    odds: Floats
    calibration: Calibration
    parameters: int


def try_bytes(training: BytesExamples, test: BytesExamples, schedule: ByteSchedule, cache: Path) -> BytesSaid:
    """Train on `training` and ask about `test`; what came of it is kept in `cache`."""
    target = cache / f"{_digest(training, test, schedule)}.npz"
    if not target.exists():
        members, calibration = fit_bytes(training, schedule)
        odds = np.stack([_predict(member, test.media)[:, -1] for member in members])
        cache.mkdir(parents=True, exist_ok=True)
        np.savez(target, odds=odds, calibration=np.array([calibration.slope, calibration.offset]))
    with np.load(target, allow_pickle=False) as stored:
        slope, offset = stored["calibration"].tolist()
        size = sum(each.numel() for each in ByteFormer().parameters())
        return BytesSaid(stored["odds"], Calibration(slope, offset), size)


def fit_bytes(training: BytesExamples, schedule: ByteSchedule) -> tuple[list[ByteFormer], Calibration]:
    """The same protocol as every f(): members that each leave out a fifth of the people, one moment to stop for all."""
    folds, sarcasm = deal(training.people), training.sarcasm
    courses = [
        _train(training.media, sarcasm, folds != fold, schedule, fold)
        for fold in show_progress(range(MEMBERS), "bytes, members")
    ]
    share = balance(sarcasm, np.ones(len(sarcasm), bool))
    losses = []
    for epoch in range(schedule.epochs):
        own = np.stack([odds[epoch][:, -1] for _, odds in courses])[folds, np.arange(len(folds))]
        losses.append(float(np.mean(share * (np.logaddexp(0, own) - sarcasm * own))))
    best = int(np.argmin(losses))
    members = []
    for states, _ in courses:
        member = ByteFormer()
        member.load_state_dict(states[best])
        members.append(member.eval())
    left_out = np.stack([odds[best] for _, odds in courses])[folds, np.arange(len(folds))]
    return members, calibrate(left_out, sarcasm)


def _train(
    media: dict[str, Tensor], sarcasm: NDArray[np.bool_], kept: NDArray[np.bool_], schedule: ByteSchedule, seed: int
) -> tuple[list[dict[str, Tensor]], list[Floats]]:
    """One member after each epoch, and what it then says of all clips [n, moments] (at half and at the end alone)."""
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    member = ByteFormer()
    clips = torch.from_numpy(np.flatnonzero(kept))
    steps = -(-len(clips) // schedule.batch)
    optimiser = torch.optim.AdamW(member.parameters(), lr=schedule.rate, weight_decay=schedule.weight_decay)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimiser, schedule.rate, total_steps=schedule.epochs * steps)
    truth = torch.from_numpy(sarcasm).float()
    weight = torch.from_numpy(balance(sarcasm, kept)).float()
    states, answers = [], []
    for _ in range(schedule.epochs):
        member.train()
        for batch in torch.split(clips[torch.randperm(len(clips), generator=rng)], schedule.batch):
            said = member(_draw(media, batch, schedule, rng))
            loss = functional.binary_cross_entropy_with_logits(said, truth[batch], weight[batch])
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            pace.step()
        states.append({name: value.clone() for name, value in member.state_dict().items()})
        answers.append(_predict(member, media))
    return states, answers


def _draw(media: dict[str, Tensor], clips: Tensor, schedule: ByteSchedule, rng: torch.Generator) -> dict[str, Tensor]:
    """Each clip at a moment drawn, some modalities missing, never all."""
    whole = torch.rand(clips.shape, generator=rng) < schedule.whole
    moments = torch.where(whole, _MOMENTS - 1, torch.randint(0, _MOMENTS - 1, clips.shape, generator=rng))
    kept = torch.rand(len(clips), len(media), generator=rng) >= schedule.drop_modality
    kept |= ~kept.any(dim=1, keepdim=True)
    taken = [content[clips, moments].long() for content in media.values()]
    masked = [torch.where(kept[:, i, None], content, NOTHING) for i, content in enumerate(taken)]
    return dict(zip(media, masked, strict=True))


def _predict(member: ByteFormer, media: dict[str, Tensor]) -> Floats:
    """Log odds [n, 2] at half and at the end of each clip."""
    member.eval()
    with torch.inference_mode():
        said = [
            torch.cat(
                [
                    member({name: content[rows, moment].long() for name, content in media.items()})
                    for rows in torch.split(torch.arange(len(media["text"])), 64)
                ]
            )
            for moment in (_MOMENTS // 2 - 1, _MOMENTS - 1)
        ]
    return torch.stack(said, dim=1).double().numpy()


def _reduction(strides: Sequence[int]) -> nn.Sequential:
    """Convolutions that each look at two strides' worth of what was before, so that tokens overlap."""
    layers: list[nn.Module] = []
    wide = BYTE_WIDE
    for stride in strides:
        layers += [nn.Conv1d(wide, WIDE, 2 * stride, stride, stride // 2), nn.GELU()]
        wide = WIDE
    return nn.Sequential(*layers)


def _digest(training: BytesExamples, test: BytesExamples, schedule: ByteSchedule) -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes() + repr(schedule).encode())
    for each in (training, test):
        for content in each.media.values():
            digest.update(content.numpy().tobytes())
        digest.update(each.sarcasm.tobytes() + "\n".join(each.people.tolist()).encode())
    return digest.hexdigest()[:16]
