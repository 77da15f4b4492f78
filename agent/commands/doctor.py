"""deadpan doctor: what deadpan needs, each ok or with what to do about it."""

from __future__ import annotations

import argparse
import os
from itertools import chain

from agent.doctor import examine, in_force
from agent.settings import gather


def perform(options: argparse.Namespace) -> int:
    """Check everything; the exit code is 1 when something deadpan cannot do without is amiss."""
    settings = gather(options.config, os.environ)
    healthy = True
    for finding in chain([in_force(settings)], examine(settings.config)):
        healthy &= finding.ok or finding.optional
        mark = "ok  " if finding.ok else "note" if finding.optional else "FAIL"
        print(f"{mark}  {finding.subject:10s}  {finding.found}")
        if finding.remedy:
            print(f"{'':18s}→ {finding.remedy}")
    return 0 if healthy else 1
