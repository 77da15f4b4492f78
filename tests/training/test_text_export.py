"""What training exports is what the runtime loads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("onnx", reason="the training extra is not installed")

import torch

from encoders.text_model import TextModel
from training.text.batches import load_tokenizer
from training.text.corpora import Line, Polarity
from training.text.export import Temperatures
from training.text.inference import Outputs, predict
from training.text.network import load_pretrained, retreat
from training.text.parity import Parity
from training.text.stages import PARITY, export

SITCOM = [Line("Oh, great, another meeting.", ("We lost.",), sarcastic=True), Line("I love it.", sarcastic=False)]
COMMENTS = [Line("What a day.", polarity=Polarity.NEUTRAL), Line("Awful!", polarity=Polarity.NEGATIVE)]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch of its own exporter
def test_an_exported_network_says_live_what_it_said_in_training(tmp_path: Path) -> None:
    torch.manual_seed(0)  # its heads begin at random, and some lose more than others when they are made int8
    network, tokenizer = load_pretrained().eval(), load_tokenizer()
    said = predict(network, tokenizer, SITCOM)
    export(network, tokenizer, tmp_path / "model", SITCOM, COMMENTS)
    model = TextModel.load(tmp_path / "model")
    for line, logit in zip(SITCOM, said.sarcasm, strict=True):
        reading = model.encode(line.text, line.context)
        assert np.log(reading.sarcasm / (1 - reading.sarcasm)) * model.sarcasm_temperature == pytest.approx(
            logit, abs=0.1
        )
        assert len(reading.sarcasms) == len(line.text.split())
    assert Parity.read(tmp_path / "model" / PARITY).lines == 4
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_an_export_that_is_another_model_is_refused() -> None:
    one = Outputs(np.zeros((4, 3), np.float32), np.zeros(4, np.float32))
    other = Outputs(np.zeros((4, 3), np.float32), np.full(4, 2.0, np.float32))
    with pytest.raises(ValueError, match="strays"):
        Parity.between(one, other, Temperatures(sentiment=1.0, sarcasm=1.0))


def test_going_back_half_way_is_the_mean_of_both_but_for_the_heads() -> None:
    network = load_pretrained()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    for tensor in network.state_dict().values():
        tensor += 1.0
    after = retreat(network, 0.5).state_dict()
    for name in ("layers.0.widen.weight", "positions.weight"):
        assert after[name].numpy() == pytest.approx(before[name].numpy() + 0.5, abs=1e-5)
    assert after["sarcasm.weight"].numpy() == pytest.approx(before["sarcasm.weight"].numpy() + 1.0, abs=1e-5)
