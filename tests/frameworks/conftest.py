"""These tests run beside the frameworks alone: `make test-frameworks`. Elsewhere there is nothing to collect."""

import os
from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("pipecat") and find_spec("livekit") else ["test_*.py"]

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # pipecat's voice activity runs on ONNX Runtime: see docs/assistants.md
