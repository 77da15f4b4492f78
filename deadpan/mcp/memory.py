"""A subscription in, answers about how a person sounds out: at once, whatever the agent does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from deadpan.errors import StreamError
from deadpan.mcp.answers import REASONS, CurrentAffect, LastUtterance, feeling, now, said, seconds
from deadpan.messages import Estimate, Message, Utterance
from deadpan.subscription import Subscription

_SILENT_S = 3.0  # three heartbeats
_GREETING_S = 0.5  # an agent that is there has greeted us by then


class Memory:
    """What a stream has said of late."""

    def __init__(self, subscription: Subscription, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._subscription, self._now_ns = subscription, now_ns
        self._timeline = subscription.timeline
        self._estimate: Estimate | None = None
        self._utterance: tuple[Utterance, int] | None = None  # with when it was received
        self._refusal = ""
        self._heard = asyncio.Event()
        self._began_ns = now_ns()

    async def keep(self) -> None:
        """Read until the subscription is closed, or the agent refuses it: then that is the answer."""
        try:
            async for message in self._subscription:
                self._take(message)
        except StreamError as error:
            self._refusal = str(error)
        finally:
            self._heard.set()

    async def greeted(self) -> None:
        """Wait for the first word of the stream, for as long as an agent that is there may need for it."""
        left_s = _GREETING_S - (self._now_ns() - self._began_ns) / 1e9
        try:
            await asyncio.wait_for(self._heard.wait(), max(0.0, left_s))
        except TimeoutError:
            return

    def current(self, window_s: float) -> CurrentAffect:
        """How the person sounds now, and what they said in the last `window_s` seconds."""
        now_ns = self._now_ns()
        reason = self._why_nothing(now_ns)
        if reason:
            return CurrentAffect(
                known=False,
                reason=reason,
                explanation=self._words(reason, now_ns),
                age_s=seconds(self._age_s(now_ns)),
                window_s=window_s,
                sarcasm_on=None,
                now=None,
                window=None,
                utterances=[],
            )
        end_ns = self._timeline.session_ns(now_ns)
        stretch = self._timeline.at(max(0, end_ns - round(window_s * 1e9)), end_ns, now_ns)
        estimate = self._estimate_of(end_ns)
        state = "unknown" if estimate is None else estimate.sarcasm.state
        if state == "unknown":
            reason = stretch.reason
        if reason == "not_finished" and estimate is not None:
            reason = estimate.sarcasm.reason or reason  # mostly nobody speaks, and nothing comes of waiting
        return CurrentAffect(
            known=not reason,
            reason=reason,
            explanation=self._words(reason, now_ns),
            age_s=seconds(self._age_s(now_ns)),
            window_s=window_s,
            sarcasm_on={"on": True, "off": False}.get(state),
            now=None if estimate is None else now(estimate, (end_ns - estimate.end_ns) / 1e9),
            window=feeling(stretch.sarcasm, stretch.sentiment),
            utterances=[said(each, (end_ns - each.end_ns) / 1e9) for each in stretch.utterances],
        )

    def last(self) -> LastUtterance:
        """What the person said last, however long ago, and also when the agent has fallen silent since."""
        now_ns = self._now_ns()
        if self._utterance is None:
            reason = self._why_nothing(now_ns) or "nothing_said_yet"
            words = self._words(reason, now_ns)
            return LastUtterance(known=False, reason=reason, explanation=words, age_s=None, utterance=None)
        utterance, received_ns = self._utterance
        age_s = (now_ns - received_ns) / 1e9
        if utterance.session == self._timeline.session:
            age_s = (self._timeline.session_ns(now_ns) - utterance.end_ns) / 1e9
        answer = said(utterance, age_s)
        return LastUtterance(known=True, reason="", explanation="", age_s=answer.ended_s_ago, utterance=answer)

    def _estimate_of(self, now_ns: int) -> Estimate | None:
        """The newest estimate, where it is still of now, on the session's axis."""
        held = self._estimate
        if held is None or held.session != self._timeline.session or now_ns - held.end_ns > _SILENT_S * 1e9:
            return None
        return held

    def _take(self, message: Message) -> None:
        self._heard.set()
        match message:
            case Estimate():
                held = self._estimate
                if held is None or held.session != message.session or held.end_ns <= message.end_ns:
                    self._estimate = message
            case Utterance():
                self._utterance = message, self._now_ns()
            case _:
                pass

    def _age_s(self, now_ns: int) -> float | None:
        age_ms = self._timeline.age_ms(now_ns)
        return None if age_ms is None else age_ms / 1e3

    def _why_nothing(self, now_ns: int) -> str:
        """Why the stream tells nothing of now, by name; empty when it does."""
        age_s = self._age_s(now_ns)
        if self._refusal:
            return "refused"
        if age_s is None:
            return "never_connected"
        if age_s > _SILENT_S:
            return "silent_stream"
        return "several_streams" if self._timeline.at(0, 0, now_ns).reason == "several_streams" else ""

    def _words(self, reason: str, now_ns: int) -> str:
        return REASONS.get(reason, reason).format(
            endpoint=self._subscription.endpoint, age_s=self._age_s(now_ns) or 0.0, refusal=self._refusal
        )
