"""A trained network in, the runtime's three files out: int8 ONNX weights, tokenizer, settings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer

from encoders.onnx import one_thread_session
from encoders.text_model import OUTPUTS, SETTINGS, TOKENIZER, WEIGHTS
from encoders.text_tokens import lay_out, stack
from training.text.corpora import Line, Polarity
from training.text.inference import Outputs
from training.text.network import DIM, POSITIONS, TextNetwork

LARGEST_BYTES = 24_000_000


@dataclass(frozen=True, slots=True)
class Temperatures:
    """What the runtime divides each head's logits by."""

    sentiment: float
    sarcasm: float


def write_float(network: TextNetwork, path: Path) -> None:
    """Trace `network` into float32 ONNX with a free batch and length."""
    ids = torch.ones(2, 7, dtype=torch.int64)
    by_token = ("ids", "types", "mask", "states", "sentiments", "sarcasms")
    torch.onnx.export(
        network.eval(),
        (ids, ids.clone(), ids.clone()),
        str(path),
        input_names=["ids", "types", "mask"],
        output_names=list(OUTPUTS),
        dynamic_axes={
            name: {0: "batch", 1: "tokens"} if name in by_token else {0: "batch"}
            for name in ("ids", "types", "mask", *OUTPUTS)
        },
        opset_version=17,
        dynamo=False,  # the newer exporter needs another package and gains nothing for a network this plain
    )


def write_int8(floating: Path, quantised: Path) -> None:
    """Quantise weights and word embeddings to int8; activations are quantised as they come.

    Seven bits a weight: processors without VNNI add products in 16 bits, and eight bits would saturate there.
    Raises ValueError when the file is larger than the text model may be.
    """
    names = [node.name for node in onnx.load(floating).graph.node]
    heads = [name + suffix for name in names if "sentiment" in name or "sarcasm" in name for suffix in ("", "_MatMul")]
    quantize_dynamic(
        floating,
        quantised,
        op_types_to_quantize=["MatMul", "Gather"],
        nodes_to_exclude=heads,
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
    )
    if quantised.stat().st_size > LARGEST_BYTES:
        raise ValueError(f"{quantised} has {quantised.stat().st_size} bytes, more than {LARGEST_BYTES}")


def predict_onnx(path: Path, tokenizer: Tokenizer, lines: Sequence[Line]) -> Outputs:
    """Run an exported model on `lines` one at a time, as the runtime does."""
    session = one_thread_session(path)
    sentiment, sarcasm = [], []
    for line in lines:
        ids, types, mask = stack([lay_out(tokenizer, line.text.split(), line.context, POSITIONS)])
        logits = session.run(["sentiment", "sarcasm"], {"ids": ids, "types": types, "mask": mask})
        sentiment.append(logits[0][0])
        sarcasm.append(logits[1][0])
    return Outputs(np.array(sentiment, np.float32), np.array(sarcasm, np.float32))


def write_settings(folder: Path, tokenizer: Tokenizer, temperatures: Temperatures, version: str) -> None:
    """Put the tokenizer and the settings beside the weights already in `folder`."""
    tokenizer.save(str(folder / TOKENIZER), pretty=False)
    settings = {
        "version": version,
        "dim": DIM,
        "max_tokens": POSITIONS,
        "polarities": [polarity.name.lower() for polarity in Polarity],
        "temperature": {"sentiment": temperatures.sentiment, "sarcasm": temperatures.sarcasm},
        "sha256": hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest(),
    }
    (folder / SETTINGS).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
