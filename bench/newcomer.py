"""python -m bench.newcomer: clones this commit into an empty directory, runs the README's commands, writes what it saw.

The times and the output go between the README's markers. The clone has no .venv; the packages come from wherever pip is
set up to find them.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

_README = Path("README.md")
_SHOWN_LINES = 20  # so that the state is seen to go on


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="newcomer-") as folder:
        clone = Path(folder) / "deadpan"
        subprocess.run(["git", "clone", "--quiet", str(Path.cwd()), str(clone)], check=True)
        shared = Path("../shared").resolve()
        if shared.is_dir():
            (Path(folder) / "shared").symlink_to(shared)
        first_run_s, _ = _timed(clone, "make", "run", "ARGS=--source demo --seconds 1")
        second_run_s, _ = _timed(clone, "make", "run", "ARGS=--source demo --seconds 1")
        test_s, tests = _timed(clone, "make", "test")
        _, shown = _timed(clone, ".venv/bin/deadpan", "run", "--source", "demo")
    # Two suites: the agent's, and that of the adapters beside their frameworks.
    counted = re.findall(r"\d+ passed.*? in ", tests)
    times = (
        f"Measured by `python -m bench.newcomer` on {datetime.now(UTC):%Y-%m-%d}, two cores, from a fresh clone in an"
        f" empty directory:\n`make run` until the first second of estimates {first_run_s:.0f} s, the second time"
        f" {second_run_s:.0f} s; `make test` {test_s:.0f} s\nwith what it installs"
        f" ({' and '.join(each.removesuffix(' in ') for each in counted) or 'no count'})."
    )
    lines = shown.splitlines()[:_SHOWN_LINES]
    page = _between(_README.read_text(), "clone", times)
    _README.write_text(_between(page, "output", "\n".join(f"    {line}".rstrip() for line in lines)))
    print(times)


def _timed(folder: Path, *command: str) -> tuple[float, str]:
    """Seconds and standard output of a command that must succeed."""
    print("running:", *command, flush=True)
    began_s = time.monotonic()
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{result.stdout[-3000:]}\n{result.stderr[-3000:]}")
    return time.monotonic() - began_s, result.stdout


def _between(page: str, name: str, body: str) -> str:
    """The page with what stands between <!-- name:begin --> and <!-- name:end --> replaced."""
    head, rest = page.split(f"<!-- {name}:begin -->")
    return f"{head}<!-- {name}:begin -->\n{body}\n<!-- {name}:end -->{rest.split(f'<!-- {name}:end -->')[1]}"


if __name__ == "__main__":
    main()
