"""What all tests share: how property tests look for examples, and a machine without any pulled model.

They are not timed, because a busy machine would fail them at random. In CI they try the same examples every time, so
that a change is judged by itself; everywhere else they look for new ones.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Before numpy and torch are imported: on a few numbers, threads that wait for each other cost more than they do.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

settings.register_profile("searching", deadline=None)
settings.register_profile("repeating", deadline=None, derandomize=True)
settings.load_profile("repeating" if os.environ.get("CI") else "searching")


_READERS = {
    *(
        "bridge",
        "demo",
        "errors",
        "javascript",
        "keys",
        "mcp",
        "models",
        "pages",
        "privacy",
        "proxy",
        "record",
        "score",
    ),
    *("site", "stream", "watch", "whisper", "wyoming"),
}
"""Modules whose sessions are only read: another session beside them changes nothing of what they say."""


@pytest.hookimpl(tryfirst=True)  # before the workers name their tests by it
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say what has to stay in one process where pytest runs several (`make test` has two, for two cores).

    Tests of whole sessions wait most of their time, so two of them may go on at once; those that harm, hurry or time a
    session follow one another. All other tests may run anywhere.
    """
    for item in items:
        if item.path.parent.name in ("docs", "integration", "soak"):
            read = item.path.stem.removeprefix("test_") in _READERS
            item.add_marker(pytest.mark.xdist_group("read" if read else "harmed"))


@pytest.fixture(scope="session", autouse=True)
def no_pulled_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whatever the person has pulled, `auto` is the embedded recognizer here, as on a new machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEADPAN_MODELS", str(tmp_path_factory.getbasetemp() / "models"))
        yield
