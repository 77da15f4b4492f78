"""What a machine has, and what is said of what it has not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.capture.devices import Device, default_microphone, list_cameras, list_microphones
from agent.capture.portaudio import load_portaudio, open_input
from agent.capture.source import CaptureError, Problem


class PortAudioError(Exception):
    pass


class FakePortAudio:
    """sounddevice with devices of our choice, which open only at the rates they say."""

    PortAudioError = PortAudioError

    def __init__(self, found: list[dict[str, Any]], rates_hz: tuple[int, ...] = (48_000,), code: int = -9997) -> None:
        self.default = SimpleNamespace(device=[1, -1])
        self.opened: list[dict[str, Any]] = []
        self._found = found
        self._rates_hz = rates_hz
        self._code = code

    def query_devices(self, device: object = None, kind: str | None = None) -> Any:
        if kind is None:
            return self._found
        if not self._found:
            raise PortAudioError("Error querying device -1")
        return self._found[1 if device is None else int(str(device))]

    def InputStream(self, **settings: Any) -> object:  # noqa: N802 - sounddevice's name
        if settings["samplerate"] not in self._rates_hz:
            raise PortAudioError("refused", self._code)
        self.opened.append(settings)
        return object()


def microphone(index: int, name: str, channels: int = 2, rate_hz: float = 44_100.0) -> dict[str, Any]:
    return {"index": index, "name": name, "max_input_channels": channels, "default_samplerate": rate_hz}


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Any:
    def put(portaudio: FakePortAudio) -> FakePortAudio:
        monkeypatch.setitem(sys.modules, "sounddevice", portaudio)
        return portaudio

    return put


def add_camera(folder: Path, number: int, index: int, name: str) -> None:
    node = folder / f"video{number}"
    node.mkdir(parents=True)
    (node / "index").write_text(f"{index}\n")
    (node / "name").write_text(f"{name}\n")


@pytest.mark.skipif(sys.platform != "linux", reason="sysfs is Linux's")
def test_cameras_are_listed_by_number_without_their_metadata_nodes(tmp_path: Path) -> None:
    add_camera(tmp_path, 10, 0, "Infrared")
    add_camera(tmp_path, 2, 0, "Webcam")
    add_camera(tmp_path, 3, 1, "Webcam")
    assert list_cameras(tmp_path) == [Device(2, "Webcam"), Device(10, "Infrared")]


@pytest.mark.skipif(sys.platform != "linux", reason="sysfs is Linux's")
def test_a_machine_without_cameras_has_none(tmp_path: Path) -> None:
    assert list_cameras(tmp_path / "nowhere") == []


def test_microphones_are_listed_with_the_default_first(use: Any) -> None:
    use(FakePortAudio([microphone(0, "Headset"), microphone(1, "Built-in"), microphone(2, "Speakers", channels=0)]))
    assert list_microphones() == [Device(1, "Built-in"), Device(0, "Headset")]
    assert default_microphone() == 1


def test_without_portaudio_there_are_no_microphones_and_opening_one_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    assert list_microphones() == []
    with pytest.raises(CaptureError, match="apt-get install libportaudio2") as caught:
        load_portaudio()
    assert caught.value.problem is Problem.UNSUPPORTED


def test_a_microphone_opens_at_its_own_rate(use: Any) -> None:
    portaudio = use(FakePortAudio([microphone(0, "A", rate_hz=44_100.0)], rates_hz=(44_100, 48_000)))
    _, name = open_input(0, print)
    assert name == "A"
    assert (portaudio.opened[0]["samplerate"], portaudio.opened[0]["channels"]) == (44_100, 2)


def test_a_microphone_that_refuses_its_own_rate_opens_at_a_common_one(use: Any) -> None:
    portaudio = use(FakePortAudio([microphone(0, "A", channels=1)], rates_hz=(16_000,)))
    open_input(0, print)
    assert (portaudio.opened[0]["samplerate"], portaudio.opened[0]["channels"]) == (16_000, 1)


def test_a_microphone_that_refuses_every_rate_is_unsupported(use: Any) -> None:
    use(FakePortAudio([microphone(0, "A")], rates_hz=()))
    with pytest.raises(CaptureError, match="accepts none of these sample rates: 44100, 48000") as caught:
        open_input(0, print)
    assert caught.value.problem is Problem.UNSUPPORTED


def test_a_microphone_in_use_is_busy(use: Any) -> None:
    use(FakePortAudio([microphone(0, "A")], rates_hz=(), code=-9985))
    with pytest.raises(CaptureError, match="in use") as caught:
        open_input(0, print)
    assert caught.value.problem is Problem.BUSY


def test_a_machine_without_microphones_says_so(use: Any) -> None:
    use(FakePortAudio([]))
    assert list_microphones() == []
    with pytest.raises(CaptureError, match="No microphone is set as the default") as caught:
        open_input(None, print)
    assert caught.value.problem is Problem.ABSENT


def test_an_output_is_no_microphone(use: Any) -> None:
    use(FakePortAudio([microphone(0, "Speakers", channels=0)]))
    with pytest.raises(CaptureError, match="has no input"):
        open_input(0, print)


def test_listing_says_nothing() -> None:
    program = "from agent.capture import devices as d; d.list_cameras(), d.list_microphones()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == ("", "")


def test_a_number_in_words_of_a_command_line_is_an_index(use: Any) -> None:
    use(FakePortAudio([microphone(0, "A"), microphone(1, "B")]))
    assert open_input("1", print)[1] == "B"
