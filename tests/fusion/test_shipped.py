from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from encoders.samples import Modality
from fusion.evidence import Dims
from fusion.late import LateWeights
from fusion.network import NetworkWeights
from fusion.shipped import DESCRIPTION, Description, load

LATE = LateWeights(-0.2, 0.5, 0.8, 0.4, 1.0, {Modality.VOICE: 1.0, Modality.FACE: 0.5})


def _write(folder: Path, weights: LateWeights | NetworkWeights) -> Path:
    path = folder / DESCRIPTION
    path.write_bytes(msgspec.json.encode(Description("test-1", 2.0, weights)))
    return path


def test_what_ships_loads_and_says_which_f_it_is() -> None:
    fusion = load()
    assert fusion.version.startswith(fusion.name)


def test_weights_of_another_folder_are_used(tmp_path: Path) -> None:
    _write(tmp_path, LATE)
    assert (load(tmp_path).name, load(tmp_path).version) == ("late", "test-1")


@pytest.mark.parametrize(("key", "value"), [("text", "much"), ("reliability", {"nose": 1.0}), ("f", "early")])
def test_weights_of_the_wrong_kind_are_refused(tmp_path: Path, key: str, value: object) -> None:
    path = _write(tmp_path, LATE)
    described = json.loads(path.read_bytes())
    described["weights"][key] = value
    path.write_text(json.dumps(described))
    with pytest.raises(msgspec.ValidationError):
        load(tmp_path)


def test_missing_weights_are_an_error_not_a_default(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none")


def test_a_graph_that_is_not_the_described_one_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, NetworkWeights("cross", "fusion.onnx", "0" * 64, Dims(), {}, {}))
    (tmp_path / "fusion.onnx").write_bytes(b"another")
    with pytest.raises(ValueError, match="sha256"):
        load(tmp_path)
