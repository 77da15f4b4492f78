"""Library, lowest floor: stamped samples in, embeddings out. No clock, socket, device or process."""

import os

# Recent builds of ONNX Runtime report their use to its maker unless this is said before they are loaded, and so does
# the hub's library, which comes with faster-whisper, when it is asked for a file. What listens to people reports to
# nobody.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
