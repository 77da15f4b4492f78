"""The network's masks and the roughening of its training lines."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("onnx", reason="the training extra is not installed")

import torch

from training.text.batches import Roughness, load_tokenizer, roughen, seeded, shuffle_into_batches
from training.text.card import replace_section
from training.text.corpora import Line
from training.text.network import TextNetwork, average

IDS = torch.tensor([[101, 2307, 102, 2833, 102]])
TYPES = torch.tensor([[0, 0, 0, 1, 0]])


@pytest.fixture(scope="module")
def network() -> TextNetwork:
    torch.manual_seed(0)
    return TextNetwork().eval()


@torch.no_grad()
def test_padding_changes_nothing(network: TextNetwork) -> None:
    plain = network(IDS, TYPES, torch.ones_like(IDS))
    pad = torch.zeros((1, 3), dtype=torch.int64)
    padded = network(*(torch.cat([part, pad], 1) for part in (IDS, TYPES, torch.ones_like(IDS))))
    for one, other in zip(plain[1:4], padded[1:4], strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_the_utterance_embedding_is_the_mean_of_its_own_tokens(network: TextNetwork) -> None:
    said = network(IDS, TYPES, torch.ones_like(IDS))
    torch.testing.assert_close(said.utterance[0], said.states[0, 3])


@torch.no_grad()
def test_an_utterances_logits_are_the_mean_of_its_own_tokens(network: TextNetwork) -> None:
    types = torch.tensor([[0, 0, 1, 1, 0]])
    said = network(IDS, types, torch.ones_like(IDS))
    torch.testing.assert_close(said.sarcasm[0], said.sarcasms[0, 2:4].mean())
    torch.testing.assert_close(said.sentiment[0], said.sentiments[0, 2:4].mean(0))


def test_the_average_of_networks_has_the_mean_of_their_weights(network: TextNetwork) -> None:
    other = TextNetwork()
    soup = average([network, other])
    torch.testing.assert_close(soup.sarcasm.weight, (network.sarcasm.weight + other.sarcasm.weight) / 2)


def test_every_line_is_in_exactly_one_batch() -> None:
    lines = [Line("x" * i) for i in range(1, 100)]
    batches = list(shuffle_into_batches(load_tokenizer(), lines, 8, seeded(0)))
    assert sorted((line for batch in batches for line in batch), key=lambda line: len(line.text)) == lines


def test_a_rough_line_keeps_its_labels() -> None:
    line = Line("Oh, that is just GREAT, isn't it?", ("We lost.",), sarcastic=True)
    always = Roughness(unpunctuated=1.0, misheard=1.0, word_error=0.3, no_context=0.0)
    rough = roughen(line, [Line("stray words here")], always, seeded(1))
    assert rough.sarcastic is True
    assert "," not in rough.text
    assert rough.text.split() != line.text.split()
    assert rough.context == ("We lost ",)


def test_roughness_of_zero_leaves_a_line_alone() -> None:
    line = Line("Oh, great.", ("We lost.",), sarcastic=True)
    assert roughen(line, [line], Roughness(0, 0, 0, 0, 0), seeded(0)) == line


def test_a_section_replaces_only_its_own(tmp_path: Path) -> None:
    card = tmp_path / "docs" / "card.md"
    replace_section(card, "text", "first")
    card.write_text(card.read_text("utf-8") + "\n<!-- face:begin -->\nkept\n<!-- face:end -->\n", "utf-8")
    replace_section(card, "text", r"second \1")
    text = card.read_text("utf-8")
    assert text.startswith("# Model card\n")
    assert "first" not in text
    assert r"second \1" in text
    assert "kept" in text
