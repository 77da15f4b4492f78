"""A package's entry points in; they are found as if it were installed, here and in the processes begun from here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.plug_ins.declaration import GROUP

EXAMPLE = Path(__file__).parents[1] / "examples" / "heart_rate"
HEART = "heart = deadpan_heart:PLUG_IN"


def install(
    folder: Path, patch: pytest.MonkeyPatch, *entries: str, package: str = "deadpan-heart", code: Path | None = EXAMPLE
) -> None:
    """Have this process, and those it starts, find a package with such entry points, and its `code`."""
    described = folder / f"{package.replace('-', '_')}-0.1.0.dist-info"
    described.mkdir(parents=True)
    (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.1.0\n")
    (described / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *entries]) + "\n")
    for path in (folder, *([] if code is None else [code])):
        patch.syspath_prepend(path)
        patch.setenv("PYTHONPATH", str(path), prepend=os.pathsep)
