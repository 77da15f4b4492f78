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
