"""Examples in, one f() out: an ensemble whose members each leave out a fifth of the people, and its calibration.

Every f() goes the same way. The training clips are dealt into MEMBERS parts by person; each member learns from all but
one. What each says of the part it left out shows when to stop (one moment for all: a single part is too few clips to
choose by) and how to turn log odds into probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor
from torch.nn import functional

from encoders.samples import Modality
from fusion.evidence import ORDER
from training.fusion.examples import FRACTIONS, Examples
from training.fusion.late import Floats, balance, fit_late, measure_reliability
from training.fusion.networks import Answers, Gated, Inputs, Network
from training.fusion.standard import LateTerms, Standard

MEMBERS = 5
_MOMENTS = len(FRACTIONS)


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a learned f() is trained (AdamW). Chosen once, on the parts that the members leave out."""

    epochs: int = 25
    batch: int = 32
    rate: float = 4e-3
    weight_decay: float = 0.1
    drop_modality: float = 0.25  # each, in training; never all three
    whole: float = 0.4  # share of clips heard to their end, the rest at a moment drawn
    noise: float = 0.2  # standard deviations
    drop_word: float = 0.1
    alone: float = 0.3  # weight of what each modality says by itself
    closing: float = 0.01  # L1 on the gates
    smoothing: float = 0.1


@dataclass(frozen=True, slots=True)
class Calibration:
    """log odds = slope * (what f() says) + offset."""

    slope: float
    offset: float

    def apply(self, odds: Floats) -> Floats:
        """P(sarcasm) for what f() says, of any shape."""
        return np.asarray(1 / (1 + np.exp(-self.slope * odds - self.offset)))


@dataclass(frozen=True, slots=True)
class Fitted:
    """One f(), trained. `network` is None for the late average; `left_out` [n, k]: the members' log odds of the clips
    they left out, before calibration.
    """

    name: str
    reliability: Mapping[Modality, float]
    late: Floats  # [members, 5]
    standard: Standard | None
    network: Network | None
    calibration: Calibration
    left_out: Floats
    epochs: int

    def say(self, examples: Examples, missing: frozenset[Modality] = frozenset()) -> Floats:
        """Each member's log odds [members, n, k], before calibration."""
        raw = to_raw(examples, missing)
        late = LateTerms(self.late, dict(self.reliability))
        with torch.inference_mode():
            base = late(raw["readings"][None], raw["presence"][None])
            if self.network is None or self.standard is None:
                odds = base
            else:
                odds = answer(self.network, self.standard(raw), base).log_odds
        said: Floats = odds.double().numpy().reshape(MEMBERS, len(examples), _MOMENTS)
        return said

    def probability(self, examples: Examples, missing: frozenset[Modality] = frozenset()) -> Floats:
        """The calibrated ensemble's P(sarcasm) [n, k]."""
        return self.calibration.apply(self.say(examples, missing).mean(axis=0))

    @property
    def parameters(self) -> int:
        """How many numbers each member learns; the late average has five."""
        own = 0 if self.network is None else sum(each.numel() for each in self.network.parameters()) // MEMBERS
        return own + self.late.shape[1]


def fit(name: str, examples: Examples, schedule: Schedule, seed: int = 0) -> Fitted:
    """Train the f() called `name` on all of `examples`."""
    folds = deal(examples.person)
    reliability = measure_reliability(examples)
    weight = np.stack([balance(examples.sarcasm, folds != fold) for fold in range(MEMBERS)])
    late = np.stack([fit_late(examples, each, reliability) for each in weight])
    if name == "late":
        fitted = Fitted(name, reliability, late, None, None, Calibration(1, 0), np.zeros(0), 0)
    else:
        standard = Standard(to_raw(examples))
        base = LateTerms(late, reliability)
        network, epochs = _train(name, examples, standard, base, folds, weight, schedule, seed)
        fitted = Fitted(name, reliability, late, standard, network, Calibration(1, 0), np.zeros(0), epochs)
    left_out = fitted.say(examples)[folds, np.arange(len(examples))]
    calibration = calibrate(left_out, examples.sarcasm)
    return Fitted(name, reliability, late, fitted.standard, fitted.network, calibration, left_out, fitted.epochs)


def deal(people: NDArray[np.str_]) -> NDArray[np.intp]:
    """Which member leaves out each clip [n]: people stay together, the busiest are dealt out first."""
    names, counts = np.unique(people, return_counts=True)
    load = np.zeros(MEMBERS, int)
    fold: dict[str, int] = {}
    for i in np.argsort(-counts, kind="stable"):
        fold[str(names[i])] = int(np.argmin(load))
        load[fold[str(names[i])]] += counts[i]
    return np.array([fold[str(person)] for person in people])


def calibrate(odds: Floats, sarcasm: NDArray[np.bool_]) -> Calibration:
    """Slope and offset of least log loss over clips at all moments [n, k], both classes counting the same."""
    labels = np.repeat(sarcasm.astype(float)[:, None], odds.shape[1], axis=1)
    share = np.repeat(balance(sarcasm, np.ones(len(sarcasm), bool))[:, None], odds.shape[1], axis=1) / odds.size

    def loss(parameters: Floats) -> float:
        said = parameters[0] * odds + parameters[1]
        return float(np.sum(share * (np.logaddexp(0, said) - labels * said)))

    # A slope of nothing would hide that f() orders badly; more than two is luck with few clips.
    slope, offset = minimize(loss, np.array([1.0, 0.0]), method="L-BFGS-B", bounds=[(0.1, 2.0), (-2.0, 2.0)]).x
    return Calibration(float(slope), float(offset))


def to_raw(examples: Examples, missing: frozenset[Modality] = frozenset()) -> dict[str, Tensor]:
    """Evidence as tensors [n * k, ...], some modalities taken out."""
    raw = {name: torch.from_numpy(array.reshape(-1, *array.shape[2:])) for name, array in examples.evidence.items()}
    stays = torch.tensor([modality not in missing for modality in ORDER]).float()
    raw["readings"], raw["presence"] = raw["readings"] * stays[:, None], raw["presence"] * stays
    return raw


def answer(network: Network, inputs: Inputs, late: Tensor) -> Answers:
    """What `network` says, in pieces that fit the memory."""
    count = inputs.words.shape[1]
    parts = [network.eval()(_take(inputs, rows), late[:, rows]) for rows in torch.split(torch.arange(count), 512)]
    return Answers(
        torch.cat([part.log_odds for part in parts], dim=1), torch.cat([part.alone for part in parts], dim=1)
    )


def _train(
    name: str,
    examples: Examples,
    standard: Standard,
    base: LateTerms,
    folds: NDArray[np.intp],
    weight: Floats,
    schedule: Schedule,
    seed: int,
) -> tuple[Network, int]:
    """The network as it was after the epoch that left the least loss on the clips left out; which epoch that was."""
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    network = Network(name, MEMBERS)
    optimiser = torch.optim.AdamW(network.parameters(), lr=schedule.rate, weight_decay=schedule.weight_decay)
    with torch.no_grad():
        inputs = standard(to_raw(examples))
    truth = torch.from_numpy(examples.sarcasm).float()
    rated = torch.from_numpy(np.stack([examples.valence, examples.arousal], axis=1)).float()
    weights = torch.from_numpy(weight).float()
    count = len(examples)
    steps = -(-count // schedule.batch)
    pace = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, schedule.rate, total_steps=schedule.epochs * steps, pct_start=0.15
    )
    left_out = _LeftOut.of(inputs, folds, examples.sarcasm)
    best_loss, best, best_epoch = left_out.loss(network, base), _copy(network), 0
    for epoch in range(1, schedule.epochs + 1):
        network.train()
        for clips in torch.split(torch.randperm(count, generator=rng), schedule.batch):
            batch = _roughen(_draw(inputs, clips, schedule, rng), schedule, rng)
            late = base(batch.readings, batch.presence)
            said = network(batch, late)
            loss = _loss(said, truth[clips], rated[clips], weights[:, clips], batch, schedule)
            if isinstance(network.join, Gated):
                loss = loss + schedule.closing * network.join.open.sum(dim=-1).sum()
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            pace.step()
        if (loss_left := left_out.loss(network, base)) < best_loss:
            best_loss, best, best_epoch = loss_left, _copy(network), epoch
    network.load_state_dict(best)
    return network.eval(), best_epoch


def _loss(said: Answers, truth: Tensor, rated: Tensor, weight: Tensor, batch: Inputs, schedule: Schedule) -> Tensor:
    """Sarcasm, and for each modality that is there what it says alone of sarcasm, valence and arousal; over members
    summed, for they learn apart.
    """
    soft = truth * (1 - schedule.smoothing) + schedule.smoothing / 2
    weight = weight / weight.shape[1]
    whole = functional.binary_cross_entropy_with_logits(said.log_odds, soft.expand_as(said.log_odds), reduction="none")
    sarcastic = functional.binary_cross_entropy_with_logits(
        said.alone[..., 0], soft[:, None].expand_as(said.alone[..., 0]), reduction="none"
    )
    known = torch.isfinite(rated)
    off = torch.square(said.alone[..., 1:] - torch.nan_to_num(rated)[:, None]) * known[:, None]
    alone = (batch.presence > 0) * (sarcastic + off.sum(dim=-1))
    return (weight * whole).sum() + schedule.alone * (weight[..., None] * alone).sum()


@dataclass(frozen=True, slots=True)
class _LeftOut:
    """What each member left out, at half and at the end of each clip [members, rows], and how much a row weighs."""

    inputs: Inputs
    truth: Tensor
    weight: Tensor

    @classmethod
    def of(cls, inputs: Inputs, folds: NDArray[np.intp], sarcasm: NDArray[np.bool_]) -> _LeftOut:
        own = [torch.from_numpy(np.flatnonzero(folds == fold)) for fold in range(MEMBERS)]
        longest = max(map(len, own))
        clips = torch.stack([functional.pad(each, (0, longest - len(each))) for each in own])
        there = torch.stack([torch.arange(longest) < len(each) for each in own])
        weight = torch.from_numpy(balance(sarcasm, np.ones(len(sarcasm), bool))).float()[clips] * there
        rows = torch.cat([clips * _MOMENTS + moment for moment in (_MOMENTS // 2 - 1, _MOMENTS - 1)], dim=1)
        return cls(
            Inputs(*(getattr(inputs, name)[0][rows] for name in Inputs.__slots__)),
            torch.from_numpy(sarcasm).float()[clips].repeat(1, 2),
            weight.repeat(1, 2) / (2 * len(sarcasm)),
        )

    def loss(self, network: Network, base: LateTerms) -> float:
        """Log loss, both classes counting the same."""
        with torch.inference_mode():
            odds = network.eval()(self.inputs, base(self.inputs.readings, self.inputs.presence)).log_odds
            each = functional.binary_cross_entropy_with_logits(odds, self.truth, reduction="none")
            return float((self.weight * each).sum())


def _draw(inputs: Inputs, clips: Tensor, schedule: Schedule, rng: torch.Generator) -> Inputs:
    """Each clip at a moment drawn."""
    drawn = torch.randint(0, _MOMENTS - 1, clips.shape, generator=rng)
    whole = torch.rand(clips.shape, generator=rng) < schedule.whole
    return _take(inputs, clips * _MOMENTS + torch.where(whole, _MOMENTS - 1, drawn))


def _roughen(batch: Inputs, schedule: Schedule, rng: torch.Generator) -> Inputs:
    """Some modalities and words missing, for each member others, and noise on what is there."""
    count = batch.words.shape[1]
    kept = (torch.rand(MEMBERS, count, 3, generator=rng) >= schedule.drop_modality).float()
    there = (batch.presence > 0).float()
    kept = torch.where((kept * there).sum(dim=-1, keepdim=True) > 0, kept, 1.0)
    words = (torch.rand(MEMBERS, *batch.word_mask.shape[1:], generator=rng) >= schedule.drop_word).float()

    def noisy(x: Tensor) -> Tensor:
        return x + schedule.noise * torch.randn(x.shape, generator=rng)

    return Inputs(
        noisy(batch.words),
        noisy(batch.word_marks),
        batch.word_s,
        batch.word_mask * words,
        noisy(batch.voice),
        batch.voice_mask,
        noisy(batch.sound),
        noisy(batch.face),
        batch.face_mask,
        batch.readings * kept[..., None],
        batch.presence * kept,
    )


def _take(inputs: Inputs, rows: Tensor) -> Inputs:
    return Inputs(*(getattr(inputs, name)[:, rows] for name in Inputs.__slots__))


def _copy(network: Network) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}
