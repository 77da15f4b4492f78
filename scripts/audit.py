"""tested.txt and what is installed in; whether these are the same, and what is known against them, out.

python scripts/audit.py PIP_AUDIT: the exit code is 0 when all that is installed is as tested and no advisory is known
of it, 1 when something differs or a flaw is known, 2 when the advisories could not be had: that is no verdict.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec

LOCK = Path(__file__).parents[1] / "tested.txt"
_PIN = re.compile(r"^([a-z0-9.-]+)==(\S+?)(?: ; [^\\]*)? \\$", re.MULTILINE)
_HASH = re.compile(r"^    --hash=sha256:([0-9a-f]{64})(?: \\)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pin:
    """A package as it was tested: its version, and the sha256 of each file that may be installed of it."""

    version: str
    sha256: frozenset[str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the advisories say: of how many packages they knew anything, and every flaw."""

    asked: int
    unknown: int
    flaws: tuple[str, ...]

    @property
    def code(self) -> int:
        return 1 if self.flaws else 2 if self.unknown else 0

    @property
    def told(self) -> str:
        if self.flaws:
            return "\n".join(["Known flaws:", *(f"  {flaw}" for flaw in self.flaws)])
        if self.unknown == self.asked:
            return (
                "Known flaws: NOT CHECKED. The advisories could not be reached, or their server knows no such packages."
            )
        if self.unknown:
            return f"Known flaws: none in {self.asked - self.unknown} packages; {self.unknown} could NOT be checked."
        return f"Known flaws: none in {self.asked} packages."


def pins(text: str) -> dict[str, Pin]:
    """The packages of a lock file, by name. Raises ValueError for one that has no hash."""
    found = {}
    for block in re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE):
        if pinned := _PIN.match(block):
            files = _HASH.findall(block)
            if not files:
                raise ValueError(f"{pinned[1]} has no hash")
            found[pinned[1]] = Pin(pinned[2], frozenset(files))
    return found


def differences(tested: Mapping[str, Pin]) -> list[str]:
    """What is installed otherwise than it was tested; what is not installed at all is nobody's harm."""
    told = []
    for name, pin in tested.items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            continue
        if installed != pin.version:
            told.append(f"{name} {installed} (tested: {pin.version})")
    return told


def verdict(report: bytes) -> Verdict:
    """What pip-audit found, from its JSON: a package that it passed over is one that nobody knows anything about."""
    dependencies: Sequence[Mapping[str, Any]] = msgspec.json.decode(report)["dependencies"]
    flaws = tuple(
        f"{each['name']} {each['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'none yet'}"
        for each in dependencies
        for flaw in each.get("vulns", ())
    )
    return Verdict(len(dependencies), sum("skip_reason" in each for each in dependencies), flaws)


def _advisories(pip_audit: str, packages: int) -> Verdict:
    command = [pip_audit, "--progress-spinner", "off", "--format", "json", "--no-deps", "--disable-pip"]
    ran = subprocess.run([*command, "--require-hashes", "-r", str(LOCK)], capture_output=True, check=False)
    try:
        return verdict(ran.stdout)
    except (msgspec.DecodeError, KeyError):
        return Verdict(packages, packages, ())


def main() -> int:
    """Hold the environment against the lock, then ask the advisories about the lock."""
    tested = pins(LOCK.read_text(encoding="utf-8"))
    others = differences(tested)
    sys.stdout.write(
        f"Tested versions: {len(tested)} packages, {sum(len(pin.sha256) for pin in tested.values())} hashes.\n"
    )
    sys.stdout.writelines(f"  installed otherwise: {each}\n" for each in others)
    found = _advisories(sys.argv[1], len(tested))
    sys.stdout.write(found.told + "\n")
    return 1 if others else found.code


if __name__ == "__main__":
    sys.exit(main())
