"""Speech settings in, the encoders' weights out, each loaded when asked for: a process imports only what it uses."""

from __future__ import annotations

import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from agent.config import SpeechConfig
from agent.engines import choose
from agent.processes.turns import ByTurns
from agent.weights.catalogue import EMBEDDED
from agent.weights.engine import AUTO, Engine, EngineError, parse

if TYPE_CHECKING:
    from encoders.face import FaceModel
    from encoders.prosody import ProsodyModel
    from encoders.speech.recognizer import Recognizer
    from encoders.text_model import TextModel
    from fusion.model import Fusion


class Models:
    """Weights without any stream's state: streams share them, one after another, or at the same time by `beside`."""

    def __init__(self, speech: SpeechConfig | None = None) -> None:
        self._speech = speech or SpeechConfig()
        self._turn = threading.Lock()

    def beside(self) -> Models:
        """The same weights for a stream that runs beside others, on whatever threads.

        Each is loaded once, by whoever needs it first, but for what follows a face from picture to picture. The streams
        ask the recognizer by turns.
        """
        return _Beside(self, self._turn)

    def close(self) -> None:
        """End the threads that the landmark model keeps: it would leave them behind. It is loaded anew when needed."""
        face = vars(self).pop("face", None)
        if face is not None:
            face.landmarks.close()

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

    @cached_property
    def fusion(self) -> Fusion:
        """Fusion for speech of which half is sarcastic."""
        from fusion.shipped import load

        return load()


class _Beside(Models):
    """A stream's view of weights that others use too."""

    def __init__(self, shared: Models, turn: threading.Lock) -> None:
        super().__init__(shared._speech)
        self._shared, self._turn = shared, turn

    def beside(self) -> Models:
        return self._shared.beside()

    @cached_property
    def prosody(self) -> ProsodyModel:
        with self._turn:
            return self._shared.prosody

    @cached_property
    def recognizer(self) -> Recognizer:
        with self._turn:
            return ByTurns(self._shared.recognizer, self._turn)

    @cached_property
    def text(self) -> TextModel:
        with self._turn:
            return self._shared.text

    @cached_property
    def fusion(self) -> Fusion:
        with self._turn:
            return self._shared.fusion


def _whisper(engine: Engine, path: Path, language: str | None) -> Recognizer:
    try:
        if engine.family == "whisper":
            from encoders.speech.whisper import WhisperRecognizer

            return WhisperRecognizer(path, language)
        from encoders.speech.faster_whisper import FasterWhisperRecognizer

        return FasterWhisperRecognizer(path, language)
    except (FileNotFoundError, ValueError, ImportError) as error:  # all of them say what is wrong, and what to do
        raise EngineError(str(error)) from error
