"""What moves the text network: losses, early stopping, and the layers that stay frozen."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("onnx", reason="the training extra is not installed")

import torch
from torch import Tensor, nn

from training.text.batches import collate, load_tokenizer
from training.text.bilstm import BiLstm
from training.text.corpora import Line, Polarity
from training.text.descent import Schedule, descend
from training.text.inference import predict
from training.text.network import TextNetwork, load_pretrained
from training.text.primed import finish, prime, read_primed
from training.text.sarcasm import Lesson, Recipe, learn_sarcasm
from training.text.targets import Aside, Targets, aside_loss, polarity_loss, sarcasm_loss

CPU = torch.device("cpu")
LINES = [
    Line("Oh, great, another meeting.", ("We lost the client.",), Polarity.POSITIVE, sarcastic=True),
    Line("I love it.", (), Polarity.POSITIVE, sarcastic=False, emotion="Happiness", valence=0.5),
    Line("The bus leaves at nine tomorrow morning.", ("When do we go?", "Soon."), Polarity.NEUTRAL, sarcastic=False),
]


@pytest.fixture(scope="module")
def network() -> TextNetwork:
    return load_pretrained().eval()


def test_a_line_without_labels_costs_nothing(network: TextNetwork) -> None:
    batch = collate(load_tokenizer(), [Line("hello there")], CPU)
    said, targets = network(batch.ids, batch.types, batch.mask), Targets.of([Line("hello there")], CPU)
    losses = polarity_loss(said, targets) + sarcasm_loss(said, targets) + aside_loss(Aside(), said, targets)
    assert losses.item() == 0


def test_a_corpus_without_neutral_says_nothing_of_the_neutral_logit(network: TextNetwork) -> None:
    line = Line("a fine film", polarity=Polarity.POSITIVE, two_way=True)
    batch = collate(load_tokenizer(), [line], CPU)
    said = network(batch.ids, batch.types, batch.mask)
    said.sentiment.retain_grad()
    polarity_loss(said, Targets.of([line], CPU)).backward()  # type: ignore[no-untyped-call]  # torch's own
    assert said.sentiment.grad is not None
    assert said.sentiment.grad[0, Polarity.NEUTRAL] == 0
    assert said.sentiment.grad[0, Polarity.POSITIVE] < 0 < said.sentiment.grad[0, Polarity.NEGATIVE]
    network.zero_grad()


def test_the_weights_of_the_lowest_held_out_loss_are_kept() -> None:
    walker = nn.Linear(1, 1, bias=False)
    nn.init.constant_(walker.weight, 3.0)

    def downhill() -> Iterator[list[Callable[[], Tensor]]]:
        while True:
            yield [lambda: walker.weight.sum()]

    def held_out() -> float:
        return abs(walker.weight.item() - 2.0)

    schedule = Schedule(epochs=1, peak_rate=0.1, weight_decay=0.0, checks=40)
    descend(walker, list(walker.parameters()), zip_first(downhill(), 40), 40, schedule, "walk", held_out)
    assert walker.weight.item() == pytest.approx(2.0, abs=0.06)


def zip_first(steps: Iterator[list[Callable[[], Tensor]]], count: int) -> Iterator[list[Callable[[], Tensor]]]:
    for _ in range(count):
        yield next(steps)


def test_the_upper_layers_go_on_where_primed_lines_were_left(network: TextNetwork) -> None:
    tokenizer = load_tokenizer()
    whole = predict(network, tokenizer, LINES)
    primed = prime(network, tokenizer, LINES, 4)
    assert [one.line for one in primed] == LINES
    parted = read_primed(network, primed, 4)
    assert parted.sentiment == pytest.approx(whole.sentiment, abs=0.02)  # bfloat16 below
    assert parted.sarcasm == pytest.approx(whole.sarcasm, abs=0.02)
    with torch.no_grad():
        embeddings = finish(network, primed, 4).utterance.float().numpy()
    assert np.stack([one.embedding for one in primed]) == pytest.approx(embeddings, abs=0.02)


def test_a_sarcasm_stage_moves_the_upper_layers_alone_and_leaves_its_base_alone(network: TextNetwork) -> None:
    tokenizer = load_tokenizer()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    primed = prime(network, tokenizer, LINES, 5)
    lesson = Lesson(copies=[primed, primed], replay=primed[:1], validation=primed)
    schedule = Schedule(epochs=2, peak_rate=1e-4, batch=2, frozen_layers=5, checks=1)
    learnt = learn_sarcasm(network, lesson, Recipe(schedule, probe_c=10.0, runs=2), seed=0, title="test").state_dict()
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name]), name
        free = name.startswith(("layers.5.", "sarcasm.", "sentiment."))
        assert free or torch.equal(learnt[name], before[name]), name
    assert not torch.equal(learnt["layers.5.widen.weight"], before["layers.5.widen.weight"])


def test_a_probe_without_epochs_separates_what_it_learnt(network: TextNetwork) -> None:
    tokenizer = load_tokenizer()
    primed = prime(network, tokenizer, LINES, 4)
    lesson = Lesson(copies=[primed], replay=[], validation=primed)
    learnt = learn_sarcasm(network, lesson, Recipe(Schedule(0, 1e-5, frozen_layers=4), probe_c=10.0), 0, "test")
    assert (predict(learnt, tokenizer, LINES).sarcasm > 0).tolist() == [True, False, False]


@torch.no_grad()
def test_padding_changes_nothing_for_the_bilstm() -> None:
    torch.manual_seed(0)
    bilstm, tokenizer = BiLstm().eval(), load_tokenizer()
    together, alone = predict(bilstm, tokenizer, LINES), predict(bilstm, tokenizer, LINES[:1])
    assert together.sarcasm[0] == pytest.approx(alone.sarcasm[0], abs=1e-5)
