"""A trained network in, one small file out; that file in, both engines' own formats out. Nothing is downloaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ctranslate2.specs import whisper_spec
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from whisper import tokenizer as whisper_tokenizer
from whisper.model import sinusoids

from training.whisper.network import LAYERS, N_VOCAB, TinyWhisper, dimensions
from training.whisper.vocabulary import known_tokens

ENGLISH_VOCAB = N_VOCAB - 1
_EMBEDDING = "decoder.token_embedding.weight"
_PLACES = "decoder.positional_embedding"
_SINUSOIDS = "encoder.positional_embedding"
Weights = dict[str, NDArray[Any]]


def write_compact(network: TinyWhisper, path: Path) -> None:
    """All weights as float16, the embedding with the known tokens' rows and one row for all others."""
    kept = {
        name: weight.detach().numpy().astype(np.float16)
        for name, weight in network.whisper.state_dict().items()
        if name != _SINUSOIDS
    }
    # Places in the text that no utterance reached have never been trained, and are zero.
    kept[_PLACES] = kept[_PLACES][: 1 + int(np.flatnonzero(np.abs(kept[_PLACES]).max(axis=1))[-1])]
    np.savez_compressed(path, tokens=np.array(known_tokens(), np.int32), **kept)


def read_weights(compact: Path, *, english_only: bool = False) -> Weights:
    """Float16 weights under openai-whisper's names, for the multilingual vocabulary or the English one."""
    with np.load(compact) as kept:
        weights: Weights = {name: kept[name] for name in kept.files}
    tokens = [int(token) for token in weights.pop("tokens")]
    rows = weights[_EMBEDDING]
    size = ENGLISH_VOCAB if english_only else N_VOCAB
    embedding = np.tile(rows[-1], (size, 1))
    for token, row in zip(tokens, rows[:-1], strict=True):
        place = _english_token(token) if english_only else token
        if place is not None:
            embedding[place] = row
    dims = dimensions(size)
    places = np.zeros((dims.n_text_ctx, dims.n_text_state), np.float16)
    places[: len(weights[_PLACES])] = weights[_PLACES]
    sines = sinusoids(dims.n_audio_ctx, dims.n_audio_state).numpy().astype(np.float32)
    return weights | {_EMBEDDING: embedding, _PLACES: places, _SINUSOIDS: sines}


def write_openai(compact: Path, checkpoint: Path, *, english_only: bool = False) -> None:
    """openai-whisper's checkpoint: a dict of dimensions and weights."""
    weights = read_weights(compact, english_only=english_only)
    dims = dimensions(ENGLISH_VOCAB if english_only else N_VOCAB)
    state = {name: torch.from_numpy(weight) for name, weight in weights.items()}
    torch.save({"dims": vars(dims), "model_state_dict": state}, checkpoint)


def write_ctranslate2(compact: Path, folder: Path, *, english_only: bool = False) -> None:
    """faster-whisper's folder: model.bin (float16), config.json, vocabulary.json and tokenizer.json."""
    weights = read_weights(compact, english_only=english_only)
    dims = dimensions(ENGLISH_VOCAB if english_only else N_VOCAB)
    spec = whisper_spec.WhisperSpec(dims.n_audio_layer, dims.n_audio_head, dims.n_text_layer, dims.n_text_head)
    _fill_encoder(spec.encoder, weights)
    _fill_decoder(spec.decoder, weights)
    spelling = _spelling(english_only=english_only)
    encoding = _tokenizer(english_only=english_only)
    spec.register_vocabulary(spelling)
    spec.config.suppress_ids = list(encoding.non_speech_tokens)
    spec.config.suppress_ids_begin = [encoding.encode(" ")[0], encoding.eot]
    spec.config.lang_ids = list(encoding.all_language_tokens)
    spec.config.alignment_heads = [(LAYERS - 1, head) for head in range(dims.n_text_head)]
    spec.validate()
    spec.optimize(quantization="float16")
    folder.mkdir(parents=True)
    spec.save(str(folder))
    _write_tokenizer(encoding, folder / "tokenizer.json")


def _fill_encoder(spec: Any, weights: Weights) -> None:
    for name in ("conv1", "conv2"):
        _fill_linear(getattr(spec, name), weights, f"encoder.{name}")
    spec.position_encodings.encodings = weights[_SINUSOIDS]
    _fill_norm(spec.layer_norm, weights, "encoder.ln_post")
    for number, layer in enumerate(spec.layer):
        _fill_block(layer, weights, f"encoder.blocks.{number}")


def _fill_decoder(spec: Any, weights: Weights) -> None:
    spec.embeddings.weight = weights[_EMBEDDING]
    spec.projection.weight = weights[_EMBEDDING]
    spec.position_encodings.encodings = weights[_PLACES]
    _fill_norm(spec.layer_norm, weights, "decoder.ln")
    for number, layer in enumerate(spec.layer):
        name = f"decoder.blocks.{number}"
        _fill_block(layer, weights, name)
        query, key, value, out = (_linear(weights, f"{name}.cross_attn.{part}") for part in _ATTENTION)
        layer.attention.linear[0].weight, layer.attention.linear[0].bias = query
        layer.attention.linear[1].weight, layer.attention.linear[1].bias = _joined(key, value)
        layer.attention.linear[2].weight, layer.attention.linear[2].bias = out
        _fill_norm(layer.attention.layer_norm, weights, f"{name}.cross_attn_ln")


_ATTENTION = ("query", "key", "value", "out")
Linear = tuple[NDArray[Any], NDArray[Any]]


def _fill_block(layer: Any, weights: Weights, name: str) -> None:
    query, key, value, out = (_linear(weights, f"{name}.attn.{part}") for part in _ATTENTION)
    attention = layer.self_attention
    attention.linear[0].weight, attention.linear[0].bias = _joined(query, key, value)
    attention.linear[1].weight, attention.linear[1].bias = out
    _fill_norm(attention.layer_norm, weights, f"{name}.attn_ln")
    _fill_linear(layer.ffn.linear_0, weights, f"{name}.mlp.0")
    _fill_linear(layer.ffn.linear_1, weights, f"{name}.mlp.2")
    _fill_norm(layer.ffn.layer_norm, weights, f"{name}.mlp_ln")


def _linear(weights: Weights, name: str) -> Linear:
    """Weight and bias; Whisper's keys have none."""
    weight = weights[f"{name}.weight"]
    return weight, weights.get(f"{name}.bias", np.zeros(len(weight), weight.dtype))


def _joined(*layers: Linear) -> Linear:
    return np.concatenate([weight for weight, _ in layers]), np.concatenate([bias for _, bias in layers])


def _fill_linear(spec: Any, weights: Weights, name: str) -> None:
    spec.weight, spec.bias = _linear(weights, name)


def _fill_norm(spec: Any, weights: Weights, name: str) -> None:
    spec.gamma, spec.beta = weights[f"{name}.weight"], weights[f"{name}.bias"]


def _tokenizer(*, english_only: bool) -> whisper_tokenizer.Tokenizer:
    return whisper_tokenizer.get_tokenizer(multilingual=not english_only, num_languages=99)


def _english_token(token: int) -> int | None:
    """The same token in the English vocabulary, if it is one token there too."""
    multilingual, english = (_tokenizer(english_only=flag).encoding for flag in (False, True))
    spelled = multilingual.decode_single_token_bytes(token)
    try:
        return int(english.encode_single_token(spelled))
    except KeyError:
        return None


def _spelling(*, english_only: bool) -> list[str]:
    """The vocabulary in order, bytes spelled as the letters GPT-2 writes them with."""
    encoding = _tokenizer(english_only=english_only).encoding
    letters = _letters()
    special = {encoding.encode_single_token(name): name for name in encoding.special_tokens_set}
    return [
        special[token]
        if token in special
        else "".join(letters[byte] for byte in encoding.decode_single_token_bytes(token))
        for token in range(encoding.n_vocab)
    ]


def _write_tokenizer(encoding: whisper_tokenizer.Tokenizer, path: Path) -> None:
    ranks: Mapping[bytes, int] = encoding.encoding._mergeable_ranks
    letters = _letters()

    def spell(token: bytes) -> str:
        return "".join(letters[byte] for byte in token)

    vocabulary = {spell(token): rank for token, rank in ranks.items()}
    merges = [(spell(left), spell(right)) for left, right in _merges(ranks)]
    built = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    built.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    built.decoder = decoders.ByteLevel()
    specials = sorted(encoding.special_tokens.items(), key=lambda item: item[1])
    built.add_special_tokens([AddedToken(name, special=True, normalized=False) for name, _ in specials])
    built.save(str(path))


def _merges(ranks: Mapping[bytes, int]) -> Iterator[tuple[bytes, bytes]]:
    """What byte-pair encoding joins, in order: each token of several bytes is made of two earlier ones."""
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        parts = [bytes([byte]) for byte in token]
        while len(parts) > 2:
            joins = [ranks.get(left + right, rank) for left, right in pairwise(parts)]
            first = min(range(len(joins)), key=joins.__getitem__)
            if joins[first] >= rank:
                break
            parts[first : first + 2] = [parts[first] + parts[first + 1]]
        if len(parts) == 2:
            yield parts[0], parts[1]


def _letters() -> dict[int, str]:
    """GPT-2's letter for each byte: itself where it can be printed, else one from U+0100 on."""
    printed = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printed]
    return {byte: chr(byte) for byte in printed} | {byte: chr(256 + n) for n, byte in enumerate(others)}
