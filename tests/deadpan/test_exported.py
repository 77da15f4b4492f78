from __future__ import annotations

import deadpan

# What users of the client may rely upon. Taking a name away breaks them: that needs a major version.
EXPORTED = [
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


def test_the_public_names_are_exactly_these() -> None:
    assert sorted(deadpan.__all__) == sorted(EXPORTED)


def test_every_public_name_is_there() -> None:
    assert all(hasattr(deadpan, name) for name in EXPORTED)


def test_the_default_endpoint_is_on_this_machine() -> None:
    assert deadpan.DEFAULT_ENDPOINT == "tcp://127.0.0.1:5737"
