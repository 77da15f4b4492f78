"""Whose connection it is, by the system's table of them."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from deadpan.dashboard.neighbours import is_own

_HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
_ROW = "   3: {} {} 01 00000000:00000000 00:00000000 00000000  {}        0 1074 1 0000000047341 100 0 0 10 0\n"
_THEIRS, _OURS = ("127.0.0.1", 0x1234), ("127.0.0.1", 0x166C)
_IN_TABLE = ("0100007F:1234", "0100007F:166C") if sys.byteorder == "little" else ("7F000001:1234", "7F000001:166C")


def _table(folder: Path, *rows: tuple[str, str, int], name: str = "tcp") -> Path:
    (folder / name).write_text(_HEAD + "".join(_ROW.format(*row) for row in rows))
    return folder


@pytest.mark.parametrize(("holder", "own"), [(1000, True), (1001, False), (0, True)])
def test_a_connection_is_of_who_holds_its_other_end(tmp_path: Path, holder: int, own: bool) -> None:
    theirs, ours = _IN_TABLE
    tables = _table(tmp_path, (ours, theirs, 1000), (theirs, ours, holder))  # our own end stands there as well
    assert is_own(_THEIRS, _OURS, tables, user=1000) is own


def test_an_end_that_is_not_in_the_table_is_nobody_s(tmp_path: Path) -> None:
    assert not is_own(_THEIRS, _OURS, _table(tmp_path), user=1000)


def test_where_there_is_no_table_nobody_is_refused(tmp_path: Path) -> None:
    assert is_own(_THEIRS, _OURS, tmp_path, user=1000)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="this system keeps no table of connections")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_real_connection_of_ours_is_ours_and_would_not_be_another_s(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listening:
        try:
            listening.bind((host, 0))
        except OSError:
            pytest.skip(f"no {host} here")
        listening.listen()
        with socket.create_connection(listening.getsockname()[:2]) as theirs, listening.accept()[0] as ours:
            ends = theirs.getsockname()[:2], ours.getsockname()[:2]
            assert is_own(*ends)
            assert is_own(*ends, user=os.getuid() + 1) is (os.getuid() == 0)
