"""A statement of Python in, what a fresh interpreter takes for it out, beside what an empty one takes."""

from __future__ import annotations

import resource
import subprocess
import sys
import time


def import_cost(statement: str) -> tuple[float, float]:
    """Wall and processor seconds of a statement in an interpreter of its own, those of starting one taken off."""
    taken = [_interpreter(each) for each in ("pass", statement)]
    return taken[1][0] - taken[0][0], taken[1][1] - taken[0][1]


def imported_by(statement: str, module: str) -> bool:
    """Whether a statement has the interpreter load `module`."""
    code = f"{statement}\nimport sys\nsys.exit({module!r} in sys.modules)"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 1


def _interpreter(code: str) -> tuple[float, float]:
    before, began_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began_s, cpu_s
