"""python -m bench.soak.subscriber slow|stuck ENDPOINT: a subscriber that does not keep up, and in the end its account.

slow reads a message a second, stuck none at all; when their standard input ends both read what there is, and go on
until nothing comes for a while. Then the numbers of the estimates they had, and had not, are on standard output.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass

import msgspec

import deadpan

_QUIET_S = 10.0
_PACE_S = 1.0


@dataclass(frozen=True, slots=True)
class Account:
    """Of estimates, in their first revision: how many were read and known to be lost, and the last one's number."""

    kind: str
    read: int
    lost: int
    first: int
    last: int

    @property
    def unaccounted(self) -> int:
        """Between the first and the last, neither read nor known to be lost."""
        return self.last - self.first + 1 - self.read - self.lost


def subscribe(kind: str, endpoint: str, resumed: threading.Event) -> Account:
    """Read as slowly as `kind` says until `resumed`, then to the end."""
    numbers: list[int] = []
    with deadpan.subscribe(endpoint, types=("estimate",)) as subscription:
        while True:
            if not resumed.is_set():
                resumed.wait(_PACE_S)
                if kind == "stuck" and numbers:  # the first shows that it is connected
                    continue
            message = subscription.receive(_QUIET_S if resumed.is_set() else 0)
            if isinstance(message, deadpan.Estimate) and message.revision == 0:
                numbers.append(message.seq)
            elif message is None and resumed.is_set():
                break
        lost = subscription.losses.get("estimate", 0)
    return Account(kind, len(numbers), lost, numbers[0], numbers[-1])


def main() -> None:
    resumed = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        resumed.set()

    threading.Thread(target=wait, daemon=True).start()
    account = subscribe(sys.argv[1], sys.argv[2], resumed)
    sys.stdout.write(msgspec.json.encode(account).decode() + "\n")


if __name__ == "__main__":
    main()
