"""What sessions of these tests have in common: a folder of their own, and where processes find their stand-ins."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="package", autouse=True)
def folder_of_sessions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whoever else runs deadpan on this machine neither sees these sessions nor is seen by them."""
    tmp_path_factory.getbasetemp()  # the tests' own files stay where pytest keeps them
    # Short, because the address of a local socket may have some hundred characters and no more.
    with tempfile.TemporaryDirectory(prefix="dp-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", folder)
        patch.setattr(tempfile, "tempdir", folder)
        yield


@pytest.fixture(scope="package", autouse=True)
def stand_ins_are_found() -> Iterator[None]:
    """Processes do not look where they are started; those that are run in place of deadpan's own lie there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        yield
