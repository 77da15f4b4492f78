"""Speech settings in, the encoders' weights out, each loaded when asked for: a process imports only what it uses."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from agent.config import SpeechConfig
from agent.engines import choose
from agent.weights.catalogue import EMBEDDED
from agent.weights.engine import AUTO, Engine, EngineError, parse

if TYPE_CHECKING:
    from encoders.face import FaceModel
    from encoders.prosody import ProsodyModel
    from encoders.speech.recognizer import Recognizer
    from encoders.text_model import TextModel


class Models:
    """Weights without any stream's state: streams share them, one after another."""

    def __init__(self, speech: SpeechConfig | None = None) -> None:
        self._speech = speech or SpeechConfig()

    def serve(self, speech: SpeechConfig) -> bool:
        """Whether these are the weights for such settings."""
        return (speech.engine, speech.language) == (self._speech.engine, self._speech.language)

    @cached_property
    def face(self) -> FaceModel:
        from encoders.face import FaceModel

        return FaceModel.load()

    @cached_property
    def prosody(self) -> ProsodyModel:
        from encoders.prosody import ProsodyModel

        return ProsodyModel.load()

    @cached_property
    def recognizer(self) -> Recognizer:
        """The engine that was chosen; one that was not is chosen now. Raises EngineError when it cannot be loaded."""
        engine = parse(self._speech.engine)
        if engine.path is None and engine.family != EMBEDDED:
            engine = parse(choose(self._speech).engine)
        if engine.path is None:
            from encoders.speech.moonshine import MoonshineRecognizer

            return MoonshineRecognizer()
        return _whisper(engine, engine.path, None if self._speech.language == AUTO else self._speech.language)

    @cached_property
    def text(self) -> TextModel:
        from encoders.text_model import TextModel

        return TextModel.load()


def _whisper(engine: Engine, path: Path, language: str | None) -> Recognizer:
    try:
        if engine.family == "whisper":
            from encoders.speech.whisper import WhisperRecognizer

            return WhisperRecognizer(path, language)
        from encoders.speech.faster_whisper import FasterWhisperRecognizer

        return FasterWhisperRecognizer(path, language)
    except (FileNotFoundError, ValueError, ImportError) as error:  # all of them say what is wrong, and what to do
        raise EngineError(str(error)) from error
