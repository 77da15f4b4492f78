"""The name of a microphone in, an open PortAudio input stream or a clear CaptureError out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent.capture.quiet import native_stderr_silenced
from agent.capture.source import CaptureError, Problem

# Asked for in turn where a device refuses its own default.
COMMON_RATES_HZ = (48_000, 44_100, 16_000, 32_000, 96_000, 8_000)
# Small enough to keep a chunk's delay within a block or two, large enough for a callback or two per chunk.
_LATENCY_S = 0.05
_INVALID_RATE, _INVALID_CHANNELS, _UNAVAILABLE = -9997, -9998, -9985  # PaErrorCode, portaudio.h


def load_portaudio() -> Any:
    """The sounddevice module. Raises CaptureError (unsupported) where the PortAudio library is missing."""
    try:
        with native_stderr_silenced():
            import sounddevice
    except OSError as error:
        raise CaptureError(
            Problem.UNSUPPORTED, "The microphone needs the PortAudio library: apt-get install libportaudio2."
        ) from error
    return sounddevice


def open_input(device: str | int | None, callback: Callable[..., None]) -> tuple[Any, str]:
    """An input stream of float32 [frames, channels], not yet started, and the device's name.

    It has the device's own rate and up to two channels, or whatever else of the common ones the device accepts. Raises
    CaptureError: absent, busy or unsupported.
    """
    portaudio = load_portaudio()
    found = _find(portaudio, device)
    name, most_channels = str(found["name"]), int(found["max_input_channels"])
    rates_hz = dict.fromkeys((round(found["default_samplerate"]), *COMMON_RATES_HZ))
    for channels in dict.fromkeys((min(2, most_channels), most_channels, 1)):
        for rate_hz in rates_hz:
            try:
                with native_stderr_silenced():
                    stream = portaudio.InputStream(
                        device=found["index"],
                        samplerate=rate_hz,
                        channels=channels,
                        dtype="float32",
                        latency=_LATENCY_S,
                        callback=callback,
                    )
            except portaudio.PortAudioError as error:
                if error.args[1] not in (_INVALID_RATE, _INVALID_CHANNELS):
                    raise _explain(name, error) from error
            else:
                return stream, name
    tried = ", ".join(map(str, rates_hz))
    raise CaptureError(Problem.UNSUPPORTED, f"Microphone {name} accepts none of these sample rates: {tried} Hz.")


def start_input(stream: Any, name: str) -> None:
    """Start the callbacks of a stream that open_input returned. Raises CaptureError as that does."""
    try:
        with native_stderr_silenced():
            stream.start()
    except load_portaudio().PortAudioError as error:
        stream.close()
        raise _explain(name, error) from error


def _find(portaudio: Any, device: str | int | None) -> Any:
    """PortAudio's description of the input device meant by a name, a part of one, an index or None (the default)."""
    if isinstance(device, str) and device.isdecimal():
        device = int(device)
    try:
        found = portaudio.query_devices(device, "input")
    except (ValueError, portaudio.PortAudioError) as error:
        wanted = (
            "No microphone is set as the default" if device is None else f"No single microphone answers to {device!r}"
        )
        raise CaptureError(
            Problem.ABSENT, f"{wanted} ({error}). Plug one in, or choose from those that 'deadpan doctor' lists."
        ) from error
    if found["max_input_channels"] < 1:
        raise CaptureError(Problem.ABSENT, f"{found['name']} has no input. Choose a microphone.")
    return found


def _explain(name: str, error: Exception) -> CaptureError:
    if error.args[1] == _UNAVAILABLE:
        return CaptureError(Problem.BUSY, f"Microphone {name} is in use. Close the program that records from it.")
    return CaptureError(Problem.UNSUPPORTED, f"Microphone {name} cannot be opened: {error.args[0]}.")
