"""Names of plug-ins in, what they declare out, by a process of its own: none that holds a session runs their code."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection

import msgspec

from agent.isolation import leave_network_if_possible
from agent.plug_ins.declaration import PlugInError, load

_PATIENCE_S = 30.0


class Declared(msgspec.Struct, frozen=True):
    """The part of a declaration that the other processes need. `live`: whether it can be asked for an address."""

    dim: int
    idle_s: float
    live: bool


class Asked(msgspec.Struct, frozen=True):
    """Which plug-ins, and whether the process is to give up the network if it can."""

    names: list[str]
    isolated: bool


class Answer(msgspec.Struct, frozen=True):
    """What came of it: all of them, or why not."""

    declared: dict[str, Declared] = {}
    refusal: str = ""


def declare_apart(names: Collection[str], *, isolated: bool) -> dict[str, Declared]:
    """What each declares. Raises PlugInError, also for one whose code ends the process or hangs."""
    asked = msgspec.json.encode(Asked(sorted(names), isolated))
    told = ", ".join(sorted(names))
    try:
        ran = subprocess.run(
            [sys.executable, "-P", "-m", __name__], input=asked, capture_output=True, timeout=_PATIENCE_S, check=False
        )
        answer = msgspec.json.decode(ran.stdout, type=Answer)
    except subprocess.TimeoutExpired as error:
        raise PlugInError(f"asking plug-ins what they are ({told}) took longer than {_PATIENCE_S:.0f} s") from error
    except msgspec.DecodeError as error:
        raise PlugInError(f"asking plug-ins what they are ({told}) ended with {ran.returncode}") from error
    if answer.refusal:
        raise PlugInError(answer.refusal)
    return answer.declared


def main() -> int:
    """Answer one question; returns the exit code."""
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    out, sys.stdout = sys.stdout, sys.stderr  # whatever a plug-in prints must not get into the answer
    if asked.isolated:
        leave_network_if_possible()
    try:
        plug_ins = {name: load(name) for name in asked.names}
        answer = Answer({n: Declared(each.dim, each.idle_s, each.live is not None) for n, each in plug_ins.items()})
    except PlugInError as error:
        answer = Answer(refusal=str(error))
    out.buffer.write(msgspec.json.encode(answer))
    out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
