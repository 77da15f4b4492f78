from __future__ import annotations

import pytest

from encoders.speech import stream
from tests.encoders.speech.levels import AnySound


@pytest.fixture
def any_sound_is_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested is what is made of voice, not what is taken for it."""
    monkeypatch.setattr(stream, "VoiceActivity", AnySound)
