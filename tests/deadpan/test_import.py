from __future__ import annotations

import json
import subprocess
import sys

_LIST_MODULES = "import json, sys, deadpan; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
_BLOCK_ALL_BUT_TWO = """
import importlib.abc, json, sys

class OnlyTheClient(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        root = name.partition(".")[0]
        if root not in sys.stdlib_module_names and root not in ("deadpan", "zmq", "msgspec"):
            raise ModuleNotFoundError(f"{name} is not part of the client")

sys.meta_path.insert(0, OnlyTheClient())
import deadpan
with deadpan.subscribe("tcp://127.0.0.1:5737") as subscription:
    assert subscription.receive(0) is None
import asyncio
import zmq.asyncio
"""


def _python(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout


def test_importing_the_client_loads_nothing_heavy() -> None:
    loaded = set(json.loads(_python(_LIST_MODULES)))
    assert {"deadpan", "zmq", "msgspec"} <= loaded
    assert loaded.isdisjoint({"numpy", "asyncio", "agent", "encoders", "fusion", "training", "yaml", "av", "cv2"})


def test_the_client_works_with_pyzmq_and_msgspec_alone() -> None:
    _python(_BLOCK_ALL_BUT_TWO)
