"""A recording in; a folder of JSON lines, a transcript and a summary out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from agent.capture.probing import probe_apart
from agent.plug_ins.roster import beside
from agent.replay import Player
from agent.report.products import forget
from agent.scoring.recordings import RESULTS, SUMMARY, Task
from agent.scoring.summary import Summary, Tally, to_json
from deadpan import messages
from deadpan.messages import Estimate, Event, Message, Utterance

Heard = Callable[[int, int | None], None]
"""Told how far a recording has come, and of how much, in ns; None where it does not say how long it is."""


def score(task: Task, player: Player, settings: str, heard: Heard) -> Summary:
    """Score one recording into its folder. `settings`: what else the results depend on, for the summary.

    The files appear only once all of them are complete, and are written as the messages come, so that a recording may
    be as long as it likes. Raises CaptureError or ReplayError when the recording cannot be read, OSError when the
    folder cannot be written.
    """
    recording = probe_apart(str(task.location))
    session = session_of(task.location)
    task.folder.mkdir(parents=True, exist_ok=True)
    with _appearing(task.folder, "estimates.jsonl", "utterances.jsonl", "transcript.txt", SUMMARY) as files:
        account = _Account(*files[:3])
        for message in player.play(recording, session):
            account.take(message)
            if isinstance(message, Estimate):
                heard(message.end_ns, recording.duration_ns)
        summary = account.summary(task.location.name, session, settings)
        files[3].write(to_json(summary))
    return summary


class _Account:
    """Messages in, lines of the three files out, and what they come to."""

    def __init__(self, estimated: IO[bytes], uttered: IO[bytes], said: IO[bytes]) -> None:
        self._estimated, self._uttered, self._said = estimated, uttered, said
        self._tally = Tally()
        self._estimates = self._end_ns = 0
        self._losses = self._model = ""

    def take(self, message: Message) -> None:
        """Write what is to be kept of the next message."""
        self._model = message.model
        if isinstance(message, Estimate):
            self._end_ns = max(self._end_ns, message.end_ns)
            if message.final:
                self._estimates += 1
                self._estimated.write(messages.to_json(message) + b"\n")
        elif isinstance(message, Utterance):
            self._end_ns = max(self._end_ns, message.end_ns)
            self._tally.add(message)
            self._uttered.write(messages.to_json(message) + b"\n")
            self._said.write(transcript_line(message).encode() + b"\n")
        elif isinstance(message, Event) and message.name == "source_ended":
            self._losses = message.detail

    def summary(self, recording: str, session: str, settings: str) -> Summary:
        """What all of it came to."""
        return Summary(
            recording=recording,
            session=session,
            settings=settings,
            model=self._model,
            duration_s=self._end_ns / 1e9,
            estimates=self._estimates,
            utterances=self._tally.utterances,
            words=self._tally.words,
            sarcastic=self._tally.sarcastic,
            sarcasm=self._tally.mean("sarcasm"),
            literal=self._tally.mean("literal"),
            delivered=self._tally.mean("delivered"),
            intended=self._tally.mean("intended"),
            losses=self._losses,
        )


def session_of(location: Path) -> str:
    """A session's name made from the recording's content, and from what lies beside it for plug-ins, so that scoring it
    again gives the same bytes.
    """
    digest = hashlib.sha256()
    for path in (location, *beside(location)):
        with path.open("rb") as media:
            while block := media.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:12]


def transcript_line(utterance: Utterance) -> str:
    return f"[{_clock(utterance.start_ns)} - {_clock(utterance.end_ns)}] {utterance.text}"


def _clock(t_ns: int) -> str:
    minutes, hundredths = divmod(round(t_ns / 1e7), 6000)  # rounded before it is split: no minute has 60.00 seconds
    return f"{minutes:02d}:{hundredths / 100:05.2f}"


def clear(folder: Path) -> None:
    """Remove what somebody who is gone left half written."""
    for name in RESULTS:
        (folder / f"{name}.part").unlink(missing_ok=True)


@contextmanager
def _appearing(folder: Path, *names: str) -> Iterator[tuple[IO[bytes], ...]]:
    """Files to write under a name of their own; they get theirs, all of them, when the block ends without an error.

    What was made from the files that were there before goes first: it must not stand beside what it does not tell of.
    """
    unfinished = [folder / f"{name}.part" for name in names]
    try:
        with ExitStack() as stack:
            yield tuple(stack.enter_context(path.open("wb")) for path in unfinished)
        (folder / SUMMARY).unlink(missing_ok=True)
        forget(folder)
        for path in unfinished:
            path.replace(path.with_suffix(""))
    finally:
        for path in unfinished:
            path.unlink(missing_ok=True)
