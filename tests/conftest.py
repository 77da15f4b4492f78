"""What all tests share: property tests are not timed, because a busy machine would fail them at random."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
