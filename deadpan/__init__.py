"""The client: subscribe to a Deadpan stream. Needs pyzmq and msgspec, nothing else.

import deadpan

for message in deadpan.subscribe():
    if isinstance(message, deadpan.Estimate) and message.sarcasm.state == "on":
        print(message.sarcasm.probability, message.sentiment.intended)
"""

from deadpan.connection import DEFAULT_ENDPOINT
from deadpan.errors import AccessError, EndpointError, SilenceError, SpecError, StreamError
from deadpan.feed import Feed
from deadpan.messages import (
    SPEC,
    Estimate,
    Event,
    FaceOutline,
    Health,
    Incongruity,
    Message,
    ModalityReading,
    NamedCue,
    Pace,
    PitchContour,
    Point,
    Sarcasm,
    Sentiment,
    Sketch,
    SpokenWord,
    Tone,
    Transcript,
    Utterance,
    Welcome,
    WorkerHealth,
    from_body,
    to_json,
)
from deadpan.subscription import Subscription, subscribe
from deadpan.timeline import Stretch, Timeline

__all__ = [
    "DEFAULT_ENDPOINT",
    "SPEC",
    "AccessError",
    "EndpointError",
    "Estimate",
    "Event",
    "FaceOutline",
    "Feed",
    "Health",
    "Incongruity",
    "Message",
    "ModalityReading",
    "NamedCue",
    "Pace",
    "PitchContour",
    "Point",
    "Sarcasm",
    "Sentiment",
    "SilenceError",
    "Sketch",
    "SpecError",
    "SpokenWord",
    "StreamError",
    "Stretch",
    "Subscription",
    "Timeline",
    "Tone",
    "Transcript",
    "Utterance",
    "Welcome",
    "WorkerHealth",
    "from_body",
    "subscribe",
    "to_json",
]
