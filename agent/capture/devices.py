"""A machine in, the cameras and microphones it has out. Having none is an answer, not an error."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from agent.capture.portaudio import load_portaudio
from agent.capture.source import CaptureError

_VIDEO4LINUX = Path("/sys/class/video4linux")


@dataclass(frozen=True, slots=True)
class Device:
    """A camera or microphone: what to open it by, and what it is called."""

    address: int | str
    name: str


def list_cameras(video4linux: Path = _VIDEO4LINUX) -> list[Device]:
    """The cameras, by number, without switching one on. Off Linux that cannot be asked, so camera 0 it is."""
    if sys.platform != "linux":
        return [Device(0, "camera 0")]
    # A webcam has a node for its pictures (index 0) and others for metadata.
    nodes = [node for node in video4linux.glob("video*") if _read(node / "index") == "0"]
    return sorted((Device(int(node.name.removeprefix("video")), _read(node / "name")) for node in nodes), key=_number)


def list_microphones() -> list[Device]:
    """The microphones PortAudio sees, its default first. Empty where PortAudio is missing."""
    try:
        portaudio = load_portaudio()
    except CaptureError:
        return []
    default = portaudio.default.device[0]
    inputs = [found for found in portaudio.query_devices() if found["max_input_channels"] > 0]
    inputs.sort(key=lambda found: (found["index"] != default, found["index"]))
    return [Device(int(found["index"]), str(found["name"])) for found in inputs]


def default_camera() -> int | str | None:
    """What to open when asked for any camera; None without one."""
    return next((camera.address for camera in list_cameras()), None)


def default_microphone() -> int | str | None:
    """What to open when asked for any microphone; None without one."""
    return next((microphone.address for microphone in list_microphones()), None)


def _read(attribute: Path) -> str:
    """A line of sysfs; empty when the device left meanwhile."""
    try:
        return attribute.read_text().strip()
    except OSError:
        return ""


def _number(device: Device) -> int:
    return int(device.address)
