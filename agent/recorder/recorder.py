"""All that a session sees, hears and says in, one value after another; its recording in a folder out."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from agent.recorder.reels import Reels
from agent.recorder.shelf import MESSAGES, Label, RecordError, opened, private
from encoders.samples import AudioChunk, VideoFrame

_MB = 1_000_000
_LONGEST_LINE = 1 << 20  # docs/protocol.md: no message is longer


class Recorder:
    """Writes one recording. A context manager: leaving it finishes the files.

    `most_mb`: how large it may become; `spare_mb`: how much it leaves free on its disk. Entering, and each method,
    raises RecordError when it can be written no longer; what was written until then stays.
    """

    def __init__(self, folder: Path, label: Label, *, seen: bool, heard: bool, most_mb: float, spare_mb: float) -> None:
        self._folder, self._label = folder, label
        self._most_mb, self._spare_mb = most_mb, spare_mb
        self._reels = Reels(folder, seen=seen, heard=heard)
        self._messages = 0

    def __enter__(self) -> Self:
        self._mark = opened(self._folder, self._label)
        try:
            check_space(self._folder, self._spare_mb)
            self._lines = _resumed(self._folder / MESSAGES)
        except BaseException:
            self._mark.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # the disk is full: what could be written is there
            self._reels.close()
        self._lines.close()
        self._mark.close()

    @property
    def counters(self) -> dict[str, int]:
        return {"messages": self._messages, **self._reels.kept, **self._reels.losses}

    def keep(self, sample: VideoFrame | AudioChunk, now_ns: int) -> None:
        """Write a picture or a chunk of sound."""
        try:
            self._reels.push(sample, now_ns)
        except OSError as error:
            raise self._ended(error.strerror or str(error)) from error

    def tell(self, body: bytes) -> None:
        """Write a message, a line of JSON: whole, or not at all."""
        before = self._lines.tell()
        try:
            written = self._lines.write(body + b"\n")
        except OSError as error:
            raise self._ended(error.strerror or str(error)) from error
        if written != len(body) + 1:
            with suppress(OSError):
                self._lines.truncate(before)
            raise self._ended("No space left on device")
        self._messages += 1

    def check(self) -> None:
        """See that it has not become too large, and that there is room for more."""
        size_mb = sum(path.stat().st_size for path in self._folder.iterdir()) / _MB
        if size_mb >= self._most_mb:
            raise self._ended(f"it has reached {self._most_mb:g} MB (record.most_mb)")
        check_space(self._folder, self._spare_mb, "the recording has ended: ")

    def _ended(self, reason: str) -> RecordError:
        return RecordError(f"the recording has ended: {reason}; what was recorded is kept in {self._folder}")


def check_space(folder: Path, spare_mb: float, told: str = "") -> None:
    """Raise RecordError unless more than `spare_mb` are free where `folder` is, or will be."""
    there = next((each for each in (folder, *folder.parents) if each.exists()), Path("/"))
    free_mb = shutil.disk_usage(there).free // _MB
    if free_mb <= spare_mb:
        raise RecordError(
            f"{told}{spare_mb:g} MB must stay free in {there} (record.spare_mb), and {free_mb} are; deadpan purge"
            " deletes recordings"
        )


def _resumed(path: Path) -> IO[bytes]:
    """The file of messages to go on with; a line that a death has cut short is taken away."""
    lines = private(path, "ab+")
    end = lines.tell()
    lines.seek(max(0, end - _LONGEST_LINE))
    rest = lines.read()
    if rest and not rest.endswith(b"\n"):
        lines.truncate(end - len(rest) + rest.rfind(b"\n") + 1)
    return lines
