"""The encoders' weights, each loaded when it is first asked for: a process imports only what it uses."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from encoders.face import FaceModel
    from encoders.prosody import ProsodyModel
    from encoders.recognizer import Recognizer
    from encoders.text_model import TextModel


class Models:
    """Weights without any stream's state: streams share them, one after another."""

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
        from encoders.moonshine import MoonshineRecognizer

        return MoonshineRecognizer()

    @cached_property
    def text(self) -> TextModel:
        from encoders.text_model import TextModel

        return TextModel.load()
