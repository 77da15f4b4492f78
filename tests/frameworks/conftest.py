"""These tests run beside the frameworks alone: `make test-frameworks`. Elsewhere there is nothing to collect."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("pipecat") and find_spec("livekit") else ["test_*.py"]
