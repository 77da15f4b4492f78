"""How engines are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.weights.engine import FORMS, Engine, EngineError, parse


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ("auto", Engine("auto")),
        ("moonshine", Engine("moonshine")),
        ("whisper", Engine("whisper")),
        ("whisper:base.en", Engine("whisper", name="base.en")),
        ("whisper:/models/base.en.pt", Engine("whisper", path=Path("/models/base.en.pt"))),
        ("faster-whisper", Engine("faster-whisper")),
        ("faster-whisper:distil-small.en", Engine("faster-whisper", name="distil-small.en")),
        ("faster-whisper:/models/a:b", Engine("faster-whisper", path=Path("/models/a:b"))),
        ("faster-whisper:./tiny", Engine("faster-whisper", path=Path.cwd() / "tiny")),
        ("whisper:~/base.pt", Engine("whisper", path=Path.home() / "base.pt")),
    ],
)
def test_an_engine_is_read(text: str, engine: Engine) -> None:
    assert parse(text) == engine
    assert parse(str(engine)) == engine


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no speech engine ''"),
        ("wisper", "there is no speech engine 'wisper'; did you mean whisper?"),
        ("Whisper", "did you mean whisper?"),
        ("zzz:base", FORMS),
        ("moonshine:base", "moonshine takes no model, got moonshine:base"),
        ("auto:whisper", "auto takes no model"),
        ("whisper:", "whisper has no model ''; there are: base.en, small.en"),
        ("whisper:bsae.en", "did you mean base.en?"),
        ("whisper:distil-small.en", "whisper has no model 'distil-small.en'; did you mean small.en?"),
        ("whisper:large-v3", "A path needs a slash: whisper:./large-v3"),
        ("whisper:~nobody-of-that-name/x.pt", "~nobody-of-that-name/x.pt"),
    ],
)
def test_what_is_no_engine_is_refused_with_what_would_be_one(text: str, said: str) -> None:
    with pytest.raises(EngineError) as refused:
        parse(text)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
