"""python -m tests.fuzz TARGET CORPUS [-max_total_time=S and other options of libFuzzer]"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path


def main() -> None:
    """Fuzz one target until the time is over or something is found; a finding is an exception and a file."""
    if find_spec("atheris") is None:
        sys.exit("atheris is not installed; it exists for Linux and Python 3.11: pip install '.[fuzz]'")
    import atheris

    with atheris.instrument_imports(include=["agent", "deadpan"]):
        from tests.fuzz.targets import TARGETS, seeds
    name, corpus = sys.argv[1], Path(sys.argv[2])
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
