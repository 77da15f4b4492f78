"""An extra of deadpan in, the command that installs it into this very environment out."""

from __future__ import annotations

import shlex
import sys


def installing(extra: str, *, anew: bool = False) -> str:
    """Named with its Python: the first `pip` of a shell is often another environment's.

    `anew` replaces what is there, damaged.
    """
    force = "--force-reinstall " if anew else ""
    return f"{shlex.quote(sys.executable)} -m pip install {force}'deadpan[{extra}]'"
