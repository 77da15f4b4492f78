"""A folder of weights in, the SHA256SUMS that ship with them out: python -m training.sums writes all of them."""

from __future__ import annotations

from pathlib import Path

from encoders.shipped import SUMS, sum_of
from training.clips.paths import ROOT

FOLDERS = tuple(ROOT / package / "weights" for package in ("encoders", "fusion"))


def sums(folder: Path) -> str:
    """The text of SHA256SUMS for what is in the folder now."""
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and path.name != SUMS)
    return "".join(f"{sum_of(folder / name)}  {name}\n" for name in names)


def write_sums(folder: Path) -> None:
    """Say what the files are: after writing any of them, or nothing that ships loads it any more."""
    (folder / SUMS).write_text(sums(folder), encoding="utf-8")


if __name__ == "__main__":
    for each in FOLDERS:
        write_sums(each)
