"""ONNX files in, sessions out that use one thread and sleep between calls."""

from __future__ import annotations

from pathlib import Path

import onnxruntime


def one_thread_session(model: Path) -> onnxruntime.InferenceSession:
    """Load a model for one thread: six processes share two cores, and a spinning pool would take one of them whole."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
