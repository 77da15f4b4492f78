"""The address of a strap, or of whatever passes its notifications on, in; measurements out, stamped as they come."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from agent.capture.source import CaptureError, Problem
from agent.clock import Clock
from encoders.samples import Measurement

from .characteristic import LARGEST, read

_POLL_S = 0.2
_PATIENCE_S = 5.0


class Strap:
    """A live source at tcp://127.0.0.1:PORT: notifications, each after a byte that says how long it is.

    Losses: malformed. A strap that goes away is a CaptureError, and deadpan tries again until it is back.
    """

    def __init__(self, address: str, clock: Clock) -> None:
        self._address, self._clock = address, clock
        self.name = f"the strap at {address}"
        self.losses: Counter[str] = Counter()

    def __enter__(self) -> Self:
        where = urlsplit(self._address)
        if where.scheme != "tcp" or where.hostname not in ("127.0.0.1", "localhost", "::1") or where.port is None:
            raise CaptureError(Problem.UNSUPPORTED, f"{self._address} is not tcp://127.0.0.1:PORT")
        try:
            self._socket = socket.create_connection((where.hostname, where.port), _PATIENCE_S)
        except OSError as error:
            raise CaptureError(Problem.ABSENT, f"nobody passes a strap on at {self._address}: {error}") from error
        self._socket.settimeout(_POLL_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def __iter__(self) -> Iterator[Measurement | None]:
        waiting, seq = b"", 0
        while True:
            try:
                told = self._socket.recv(1024)
            except TimeoutError:
                yield None
                continue
            except OSError as error:
                raise CaptureError(Problem.VANISHED, f"{self.name} has gone: {error}") from error
            if not told:
                raise CaptureError(Problem.VANISHED, f"{self.name} has gone")
            waiting += told
            while waiting and len(waiting) > waiting[0]:
                value, waiting = waiting[1 : 1 + waiting[0]], waiting[1 + waiting[0] :]
                try:
                    values = read(value) if len(value) <= LARGEST else None
                except ValueError:
                    values = None
                if values is None:
                    self.losses["malformed"] += 1
                    continue
                yield Measurement(seq, self._clock.now_ns(), values)
                seq += 1
