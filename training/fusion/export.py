"""A fitted f() in, the weights that fusion runs out: fusion.json, and for a learned f() one ONNX graph beside it."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from encoders.samples import Modality
from fusion.evidence import ORDER, Dims
from fusion.late import LateWeights
from fusion.network import INPUTS, OUTPUT, NetworkWeights
from fusion.shipped import DESCRIPTION, Description, load
from training.fusion.examples import HALF_LIFE_S, Examples
from training.fusion.fit import Fitted, to_raw
from training.fusion.late import describe_late
from training.fusion.standard import LateTerms

GRAPH = "fusion.onnx"
LARGEST_DIFFERENCE = 1e-4
_CHECKED = 64  # clips


class _Graph(nn.Module):
    """All of a learned f(), from evidence to calibrated log odds."""

    def __init__(self, fitted: Fitted) -> None:
        super().__init__()
        if fitted.standard is None or fitted.network is None:
            raise ValueError(f"{fitted.name} has no network")
        self.standard, self.network = fitted.standard, fitted.network
        self.late = LateTerms(fitted.late, dict(fitted.reliability))
        self.slope, self.offset = fitted.calibration.slope, fitted.calibration.offset

    def forward(self, *evidence: Tensor) -> Tensor:
        raw = dict(zip(INPUTS, evidence, strict=True))
        late = self.late(raw["readings"][None], raw["presence"][None])
        said = self.network(self.standard(raw), late).log_odds.mean(dim=0)
        calibrated: Tensor = self.slope * said + self.offset
        return calibrated


def export(fitted: Fitted, examples: Examples, folder: Path, version: str) -> float:
    """Write `fitted` to `folder`; return by how much the written f() differs from the fitted one on some `examples`.

    Raises ValueError when that is more than LARGEST_DIFFERENCE.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights: LateWeights | NetworkWeights = describe(fitted)
    if fitted.network is not None:
        weights = _write_graph(fitted, examples, folder)
    else:
        (folder / GRAPH).unlink(missing_ok=True)
    description = Description(version, HALF_LIFE_S, weights)
    partial = folder / f"{DESCRIPTION}.partial"
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(description), indent=1) + b"\n")
    partial.replace(folder / DESCRIPTION)
    difference = _compare(fitted, examples, folder)
    if difference > LARGEST_DIFFERENCE:
        raise ValueError(f"{folder} differs from what was trained by {difference:.1e} in log odds")
    return difference


def describe(fitted: Fitted) -> LateWeights:
    """The late average of all members with the calibration in it: it is linear, so they average."""
    mean = fitted.late.mean(axis=0)
    calibrated = fitted.calibration.slope * mean
    calibrated[4] += fitted.calibration.offset
    return describe_late(calibrated, fitted.reliability)


def _write_graph(fitted: Fitted, examples: Examples, folder: Path) -> NetworkWeights:
    raw = {name: tensor[:3] for name, tensor in to_raw(examples).items()}
    partial = folder / f"{GRAPH}.partial"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's remarks on shapes that are fixed here
        torch.onnx.export(
            _Graph(fitted).eval(),
            tuple(raw[name] for name in INPUTS),
            str(partial),
            input_names=list(INPUTS),
            output_names=[OUTPUT],
            dynamic_axes={name: {0: f"{name}_batch"} for name in (*INPUTS, OUTPUT)},
            opset_version=17,
            dynamo=False,  # the newer exporter needs another package and gains nothing for a network this plain
        )
    partial.replace(folder / GRAPH)
    digest = hashlib.sha256((folder / GRAPH).read_bytes()).hexdigest()
    dims = Dims(*(examples.evidence[name].shape[-1] for name in ("words", "voice", "face")))
    return NetworkWeights(fitted.name, GRAPH, digest, dims, _shares(fitted, examples), dict(fitted.reliability))


def _shares(fitted: Fitted, examples: Examples) -> dict[Modality, float]:
    """The mean size of each modality's contribution to the log odds at the clips' ends, all together 1."""
    whole = fitted.say(examples).mean(axis=0)[:, -1]
    sizes = [float(np.abs(whole - fitted.say(examples, frozenset({m})).mean(axis=0)[:, -1]).mean()) for m in ORDER]
    return {modality: round(size / sum(sizes), 4) for modality, size in zip(ORDER, sizes, strict=True)}


def _compare(fitted: Fitted, examples: Examples, folder: Path) -> float:
    """The largest difference in log odds between what was fitted and what `folder` holds, asked one by one."""
    some = examples.where(np.arange(len(examples)) < _CHECKED)
    fitted_odds = fitted.calibration.slope * fitted.say(some).mean(axis=0)[:, -1] + fitted.calibration.offset
    function = load(folder).function
    written = [function.log_odds([each])[0] for each in some.at(1.0)]
    return float(np.abs(fitted_odds - np.array(written)).max())
