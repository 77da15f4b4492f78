"""What an assistant is answered: typed, with units and ranges that it can read in the schema, unknowns as unknowns."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from deadpan.messages import Estimate, NamedCue, Sarcasm, Sentiment, Utterance

Share = Annotated[float | None, Field(ge=0, le=1)]
Signed = Annotated[float | None, Field(ge=-1, le=1)]
Seconds = Annotated[float | None, Field(ge=0)]

REASONS = {
    "never_connected": "Nothing has come from {endpoint} so far: deadpan run is not running there, or just starting.",
    "silent_stream": "Nothing has come from {endpoint} for {age_s:.0f} s: deadpan run has ended or is stuck.",
    "refused": "{refusal}",
    "several_streams": "Several people are watched at {endpoint}; this server must be told which: --stream NAME.",
    "nothing_said": "Nothing was said in that time that could have been meant otherwise.",
    "nothing_said_yet": "Nothing has been said so far.",
    "not_finished": "What was said last is not understood yet; ask again in a few seconds.",
    "not_understood": "There was speech, but not one word of it was understood.",
    "not_listening": "No words are listened for: there is no microphone, or no recognizer.",
    "source_silent": "The microphone or the recognizer has fallen silent.",
    "no_answer": "The words were heard, but no answer was computed for them.",
    "too_long_ago": "That is longer ago than this server remembers.",
}
"""Why something is not known, by the name of the reason."""


class Feeling(BaseModel):
    """How something was meant and felt."""

    sarcasm_probability: Share = Field(description="That it was not meant literally; null: unknown")
    sarcasm: str = Field(description="on, off or unknown: the probability with hysteresis, on from 0.6, off from 0.4")
    said: Signed = Field(description="Sentiment of the words as written, from -1 (negative) to 1 (positive)")
    delivered: Signed = Field(description="Sentiment of voice and face, from -1 to 1")
    meant: Signed = Field(description="Sentiment that was probably meant: the words, in so far as they were meant")


class Cue(BaseModel):
    """A computed reason."""

    name: str = Field(description="What was heard or seen, for instance flat_pitch, blank_face, word:great")
    modality: str = Field(description="voice, face or text")
    effect: float = Field(description="By how much it raised (negative: lowered) the probability of sarcasm")


class Said(Feeling):
    """One utterance."""

    text: str = Field(description="Its words, as recognised; recognition makes mistakes")
    line: str = Field(description="The words with what was heard in front, in the Real-time Context Standard")
    ended_s_ago: Seconds
    confidence: Share = Field(description="How much evidence there was, whatever it said")
    cues: list[Cue] = Field(description="The strongest reasons, strongest first")


class Now(Feeling):
    """The newest estimate: of the last 8 s or so, the newest of them weighing most."""

    ended_s_ago: Seconds
    confidence: Share = Field(description="How much evidence there was, whatever it said")
    modalities: dict[str, str] = Field(description="By name (face, voice, text): ok, stale, absent or off")
    cues: list[Cue] = Field(description="The strongest reasons, strongest first")


class Answer(BaseModel):
    """What every answer begins with."""

    known: bool = Field(description="Whether there is an answer. If not, do not guess one: see the explanation")
    reason: str = Field(description="Why it is not known, by name; empty when it is")
    explanation: str = Field(description="The same in words")
    age_s: Seconds = Field(description="How old it is, in seconds; null when there has never been anything")


class CurrentAffect(Answer):
    """How the person sounds right now; age_s is since the stream's last sign of life."""

    window_s: float = Field(description="The seconds asked about, up to now")
    sarcasm_on: bool | None = Field(description="Whether the newest estimate says sarcasm; null: unknown")
    now: Now | None
    window: Feeling | None = Field(
        description="Over the whole window: sarcasm of its most sarcastic utterance, sentiments of all of them"
    )
    utterances: list[Said] = Field(description="What was said in the window, in order")


class LastUtterance(Answer):
    """What the person said last; age_s is since they ended it."""

    utterance: Said | None


def feeling(sarcasm: Sarcasm, sentiment: Sentiment) -> Feeling:
    """The two blocks of a message as one."""
    return Feeling(
        sarcasm_probability=_rounded(sarcasm.probability),
        sarcasm=sarcasm.state,
        said=_rounded(sentiment.literal),
        delivered=_rounded(sentiment.delivered),
        meant=_rounded(sentiment.intended),
    )


def _cues(cues: tuple[NamedCue, ...]) -> list[Cue]:
    """The reasons of a message."""
    return [Cue(name=cue.name, modality=cue.modality, effect=round(cue.effect, 3)) for cue in cues]


def said(utterance: Utterance, ended_s_ago: float) -> Said:
    """An utterance that ended so long ago."""
    return Said(
        **feeling(utterance.sarcasm, utterance.sentiment).model_dump(),
        text=utterance.text,
        line=utterance.rcs,
        ended_s_ago=seconds(ended_s_ago),
        confidence=round(utterance.confidence, 3),
        cues=_cues(utterance.cues),
    )


def now(estimate: Estimate, ended_s_ago: float) -> Now:
    """The newest estimate, of a stretch that ended so long ago."""
    return Now(
        **feeling(estimate.sarcasm, estimate.sentiment).model_dump(),
        ended_s_ago=seconds(ended_s_ago),
        confidence=round(estimate.confidence, 3),
        modalities={name: reading.status for name, reading in estimate.modalities.items()},
        cues=_cues(estimate.cues),
    )


def seconds(age_s: float | None) -> float | None:
    """An age as it is told: to a tenth of a second, and never from the future."""
    return None if age_s is None else round(max(0.0, age_s), 1)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
