"""What the libraries that run the models are told before they are loaded."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_NOTING = """
import os, sys

class Noting:
    def find_spec(self, name, path, target=None):
        if name == "onnxruntime":
            print(os.environ.get("ORT_DISABLE_TELEMETRY"))

sys.meta_path.insert(0, Noting())
import {module}
"""


@pytest.mark.parametrize("module", ["encoders.onnx", "encoders.sound", "encoders.text_model"])
def test_onnx_runtime_is_told_to_report_to_nobody_before_it_is_loaded(module: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _NOTING.format(module=module)],
        env=os.environ | {"ORT_DISABLE_TELEMETRY": "0"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert ran.stdout.split() == ["1"]


def test_the_face_mesh_brings_nothing_that_draws_or_records() -> None:
    program = (
        "import sys; from encoders.mesh import FaceMeshLandmarks; FaceMeshLandmarks().close()\n"
        "assert not {'matplotlib', 'matplotlib.pyplot', 'sounddevice'} & set(sys.modules)\n"
        "import matplotlib.pyplot, sounddevice\n"  # whoever wants them still gets them
        "print(callable(matplotlib.pyplot.plot), callable(sounddevice.query_devices))"
    )
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ran.stdout.split() == ["True", "True"]


def test_what_somebody_has_loaded_before_the_face_mesh_is_left_alone() -> None:
    program = (
        "import matplotlib.pyplot; from encoders.mesh import FaceMeshLandmarks; FaceMeshLandmarks().close()\n"
        "import sys; assert sys.modules['matplotlib.pyplot'] is matplotlib.pyplot\n"
        "print(matplotlib.pyplot.plot.__name__)"
    )
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ran.stdout.split() == ["plot"]
