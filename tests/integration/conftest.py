"""A temporary folder for the sessions of these tests alone: whoever else runs deadpan here neither sees nor is seen."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="package", autouse=True)
def folder_of_sessions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    tmp_path_factory.getbasetemp()  # the tests' own files stay where pytest keeps them
    # Short, because the address of a local socket may have some hundred characters and no more.
    with tempfile.TemporaryDirectory(prefix="dp-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", folder)
        patch.setattr(tempfile, "tempdir", folder)
        yield
