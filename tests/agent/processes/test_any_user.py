"""A process of a session, run by a user who may do nothing in particular."""

from __future__ import annotations

import subprocess
import sys

BUS = """
import os, tempfile
from pathlib import Path
from agent.processes.bus import Bus
if os.geteuid() == 0:
    nobody = 65_534
    os.setgid(nobody)
    os.setuid(nobody)
with tempfile.TemporaryDirectory() as folder:
    Bus(Path(folder), "fusion").close()
"""


def test_whoever_may_not_raise_its_own_priority_can_open_a_bus() -> None:
    subprocess.run([sys.executable, "-c", BUS], check=True)
