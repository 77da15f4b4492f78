"""What all tests share: how property tests look for examples.

They are not timed, because a busy machine would fail them at random. In CI they try the same examples every time, so
that a change is judged by itself; everywhere else they look for new ones.
"""

import os

from hypothesis import settings

settings.register_profile("searching", deadline=None)
settings.register_profile("repeating", deadline=None, derandomize=True)
settings.load_profile("repeating" if os.environ.get("CI") else "searching")
