"""What went wrong, for the person who asked: no trace needed."""


class DeadpanError(Exception):
    """Something asked for cannot be done. Its text says what happened and what to do about it."""
