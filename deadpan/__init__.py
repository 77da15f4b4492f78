"""The client: subscribe to a Deadpan stream. Needs pyzmq and msgspec, nothing else.

import deadpan

for message in deadpan.subscribe():
    if isinstance(message, deadpan.Estimate) and message.sarcasm.state == "on":
        print(message.sarcasm.probability, message.sentiment.intended)
"""

from deadpan.feed import Feed
from deadpan.messages import (
    SPEC,
    Estimate,
    Event,
    Health,
    Incongruity,
    Message,
    ModalityReading,
    NamedCue,
    Pace,
    Sarcasm,
    Sentiment,
    SpokenWord,
    Transcript,
    Utterance,
    Welcome,
    WorkerHealth,
    from_body,
    to_json,
)
from deadpan.subscription import DEFAULT_ENDPOINT, Subscription, subscribe

__all__ = [
    "DEFAULT_ENDPOINT",
    "SPEC",
    "Estimate",
    "Event",
    "Feed",
    "Health",
    "Incongruity",
    "Message",
    "ModalityReading",
    "NamedCue",
    "Pace",
    "Sarcasm",
    "Sentiment",
    "SpokenWord",
    "Subscription",
    "Transcript",
    "Utterance",
    "Welcome",
    "WorkerHealth",
    "from_body",
    "subscribe",
    "to_json",
]
