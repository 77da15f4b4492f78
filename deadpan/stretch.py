"""What was published about a stretch of speech in, one answer about all of it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deadpan.messages import Estimate, NamedCue, Sarcasm, Sentiment, Utterance
from deadpan.rcs import context_line

NOTHING_KNOWN = Sentiment(literal=None, delivered=None, intended=None)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The answer about [`start_ns`, `end_ns`) on the session's axis, for instance about one turn of a conversation.

    `reason` is empty when the probability of sarcasm is known. Else it is one of

    - `never_connected`: no message has ever come.
    - `silent_stream`: the agent had not finished with the stretch when it fell silent.
    - `not_finished`: the agent has not finished with the stretch; ask again, or wait (`timeout_s` of `at()`).
    - `too_long_ago`: the stretch began before what is remembered, or before this subscriber came.
    - `several_streams`: more than one agent is heard; name the one that is meant (`subscribe(stream=...)`).
    - `nothing_said`, `not_listening`, `source_silent`, `no_answer`: as in `Sarcasm.reason` (docs/protocol.md).
    - `not_understood`: there was speech, but no word of it was understood.
    """

    start_ns: int
    end_ns: int
    utterances: tuple[Utterance, ...]
    """All that overlap the stretch, whole, in order of time."""
    text: str
    """Their words."""
    sarcasm: Sarcasm
    """That of the most sarcastic of them. Without words in use (no recognizer), of the last estimate in the stretch."""
    sentiment: Sentiment
    """The means over the utterances, each weighted by its duration. Without any, voice and face at its end."""
    cues: tuple[NamedCue, ...]
    """The reasons for `sarcasm`, strongest first."""
    rcs: str
    """All of it as a line for a language model (Real-time Context Standard); empty without words."""
    complete: bool
    """Whether the agent has finished with the stretch: nothing that comes later will change this."""
    reason: str


def spoken(start_ns: int, end_ns: int, utterances: tuple[Utterance, ...], *, complete: bool) -> Stretch:
    """The answer from the utterances of a stretch, at least one."""
    telling = max(utterances, key=_sarcasm)  # the first of equals
    text = " ".join(utterance.text for utterance in utterances)
    sentiment = Sentiment(
        literal=_mean(utterances, lambda said: said.sentiment.literal),
        delivered=_mean(utterances, lambda said: said.sentiment.delivered),
        intended=_mean(utterances, lambda said: said.sentiment.intended),
    )
    sarcasm = telling.sarcasm
    line = utterances[0].rcs if len(utterances) == 1 else context_line(text, sarcasm.probability, sentiment.delivered)
    reason = "" if sarcasm.probability is not None else sarcasm.reason or "no_answer"
    return Stretch(
        start_ns, end_ns, utterances, text, sarcasm, sentiment, telling.cues, line, complete=complete, reason=reason
    )


def wordless(start_ns: int, end_ns: int, last: Estimate | None, reason: str, *, complete: bool) -> Stretch:
    """The answer about a stretch without a word; `last` is the last estimate in it, `reason` why there is none."""
    if last is not None and not _reads_words(last):
        why = "" if last.sarcasm.probability is not None else last.sarcasm.reason or reason
        return Stretch(
            start_ns, end_ns, (), "", last.sarcasm, last.sentiment, last.cues, "", complete=complete, reason=why
        )
    # The words of the last estimate are those of an earlier stretch; its voice and face are of now.
    delivered = None if last is None else last.sentiment.delivered
    sentiment = Sentiment(literal=None, delivered=delivered, intended=delivered)
    unknown = Sarcasm(probability=None, state="unknown", reason=reason)
    return Stretch(start_ns, end_ns, (), "", unknown, sentiment, (), "", complete=complete, reason=reason)


def _reads_words(estimate: Estimate) -> bool:
    text = estimate.modalities.get("text")
    return text is not None and text.status != "off"


def _sarcasm(utterance: Utterance) -> float:
    return -1.0 if utterance.sarcasm.probability is None else utterance.sarcasm.probability


def _mean(utterances: Sequence[Utterance], of: Callable[[Utterance], float | None]) -> float | None:
    known = [(value, said.end_ns - said.start_ns) for said in utterances if (value := of(said)) is not None]
    total_ns = sum(duration_ns for _, duration_ns in known)
    if total_ns <= 0:
        return known[0][0] if known else None
    return sum(value * duration_ns for value, duration_ns in known) / total_ns
