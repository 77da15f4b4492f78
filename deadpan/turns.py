"""A stream in, what it says of each finished turn out: the part that the adapters for assistants share."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from deadpan.errors import StreamError
from deadpan.rcs import context_line
from deadpan.stretch import Stretch
from deadpan.subscription import DEFAULT_ENDPOINT, Subscription, subscribe
from deadpan.timeline import Timeline

_log = logging.getLogger(__name__)

INSTRUCTIONS = (
    "Signals may stand in front of the user's words, such as ([sentiment value=-0.50],[sarcasm value=0.82]). They are "
    "measured from voice, face and words. Sentiment is how the user sounded and looked, from -1 to 1. Sarcasm is the "
    "probability that the words were not meant literally. Either may be missing or wrong: weigh them, and do not "
    "mention them."
)
"""What to tell the language model about the line in front of a turn: part of its system prompt."""

_PAUSE_S = 1.0  # before a stream that cannot be read is tried again
_NOBODY = frozenset({"never_connected", "silent_stream", "several_streams"})  # waiting longer brings nothing


class Turns:
    """Keeps an agent's stream read, so that a turn can be looked up as soon as it is over.

    Belongs to one event loop: `start` it there, and await `close`. `timeout_s` is the longest that a turn is kept
    waiting for the agent to finish with it; without an agent it does not wait at all. A turn of less `confidence` than
    asked for, in [0, 1], counts as unknown. Times are time.monotonic_ns(). Raises EndpointError for a malformed
    endpoint, AccessError for a key that cannot be used.
    """

    def __init__(
        self,
        endpoint: str = DEFAULT_ENDPOINT,
        *,
        stream: str | None = None,
        key: str | Path | None = None,
        timeout_s: float = 0.5,
        confidence: float = 0.0,
    ) -> None:
        self.unanswered: Counter[str] = Counter()
        """Turns of which nothing was said, by reason: those of deadpan.Stretch; `unsure`: too little confidence;
        `never_heard`: the assistant did not tell when it was spoken."""
        self._endpoint, self._stream, self._key = endpoint, stream, key
        self._timeout_s = timeout_s
        self._confidence = confidence
        self._subscription = self._subscribe()
        self._news = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    @property
    def timeline(self) -> Timeline:
        """What the agent published of late."""
        return self._subscription.timeline

    def start(self) -> None:
        """Begin to read; safe to call twice."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())

    async def close(self) -> None:
        """Leave the stream; safe to call twice."""
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading
        self._subscription.close()

    async def finished(self, start_ns: int, end_ns: int) -> Stretch:
        """What is said of a turn that is over, once the agent has finished with it, or when `timeout_s` is over.

        Never raises for want of an answer: the stretch then says its `reason`.
        """
        stretch = self.so_far(start_ns, end_ns)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeout_s):
                while not (stretch.complete or stretch.reason in _NOBODY):
                    self._news.clear()
                    await self._news.wait()
                    stretch = self.so_far(start_ns, end_ns)
        return stretch

    def so_far(self, start_ns: int, end_ns: int) -> Stretch:
        """What is said of the same turn at this moment, without waiting."""
        session_ns = self.timeline.session_ns
        return self.timeline.at(session_ns(start_ns), session_ns(end_ns), time.monotonic_ns())

    def unknown(self, stretch: Stretch) -> str:
        """Why nothing can be said of a turn; empty when something can."""
        if stretch.sarcasm.probability is None and stretch.sentiment.delivered is None:
            return stretch.reason
        if max((said.confidence for said in stretch.utterances), default=0.0) < self._confidence:
            return "unsure"
        return ""

    def line(self, text: str, stretch: Stretch) -> str:
        """The words of a turn with the signals of the Real-time Context Standard in front."""
        return context_line(text, stretch.sarcasm.probability, stretch.sentiment.delivered)

    def _subscribe(self) -> Subscription:
        return subscribe(self._endpoint, stream=self._stream, key=self._key)

    async def _read(self) -> None:
        told = ""
        while True:
            try:
                async for _ in self._subscription:
                    self._news.set()
            except StreamError as error:
                if str(error) != told:
                    _log.warning("%s; until then turns pass as they came", error)
                told = str(error)
            await asyncio.sleep(_PAUSE_S)
            with suppress(StreamError):  # such as a key that is gone: the old subscription then says the same again
                fresh = self._subscribe()
                self._subscription.close()
                self._subscription = fresh


def as_dict(text: str, stretch: Stretch) -> dict[str, Any]:
    """A turn and how it was meant for JSON: the fields of deadpan.Stretch, without its utterances, about `text`."""
    told: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(stretch))
    del told["utterances"]
    line = context_line(text, stretch.sarcasm.probability, stretch.sentiment.delivered)
    return told | {"type": "affect", "text": text, "rcs": line}
