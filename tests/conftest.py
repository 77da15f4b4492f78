"""What all tests share: how property tests look for examples, and a machine without any pulled model.

They are not timed, because a busy machine would fail them at random. In CI they try the same examples every time, so
that a change is judged by itself; everywhere else they look for new ones.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

_LONG = 20  # letters of the path to the folder for temporary files

# Before numpy and torch are imported: on a few numbers, threads that wait for each other cost more than they do.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

# Tests lay local sockets into folders of theirs, and the address of one may have some hundred letters and no more.
if len(tempfile.gettempdir()) > _LONG and Path("/tmp").is_dir():  # noqa: S108 - pytest's, its owner's alone
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", "/tmp")  # noqa: S108 - as above

settings.register_profile("searching", deadline=None)
settings.register_profile("repeating", deadline=None, derandomize=True)
settings.load_profile("repeating" if os.environ.get("CI") else "searching")


@pytest.fixture(scope="session", autouse=True)
def no_pulled_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whatever the person has pulled, `auto` is the embedded recognizer here, as on a new machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEADPAN_MODELS", str(tmp_path_factory.getbasetemp() / "models"))
        yield
