"""What can go wrong between a subscriber and a stream: one family, each telling what happened and what to do."""

from __future__ import annotations


class StreamError(Exception):
    """A stream cannot be read. Its text says why, and what to do about it."""


class EndpointError(StreamError, ValueError):
    """No endpoint, or one of an address that cannot be used."""


class SilenceError(StreamError, TimeoutError):
    """Nothing came within the time allowed."""


class SpecError(StreamError):
    """The agent speaks another version of the specification than this client."""


class AccessError(StreamError):
    """A key is missing, cannot be read, or was refused."""
