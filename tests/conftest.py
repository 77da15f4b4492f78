"""What all tests share: how property tests look for examples, and a machine without any pulled model.

They are not timed, because a busy machine would fail them at random. In CI they try the same examples every time, so
that a change is judged by itself; everywhere else they look for new ones.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("searching", deadline=None)
settings.register_profile("repeating", deadline=None, derandomize=True)
settings.load_profile("repeating" if os.environ.get("CI") else "searching")


@pytest.fixture(scope="session", autouse=True)
def no_pulled_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whatever the person has pulled, `auto` is the embedded recognizer here, as on a new machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEADPAN_MODELS", str(tmp_path_factory.getbasetemp() / "models"))
        yield
