"""ONNX files in, sessions out that use one thread, sleep between calls and keep no memory between them."""

from __future__ import annotations

from pathlib import Path

import onnxruntime


def one_thread_session(model: Path) -> onnxruntime.InferenceSession:
    """Load a model for one thread: six processes share two cores, and a spinning pool would take one of them whole."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # An arena keeps what the longest utterance so far has taken, and a pattern for each shape that was ever met: in
    # processes that hear all lengths this only grows, and the system's allocator is as fast (docs/performance.md).
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
