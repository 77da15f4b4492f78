"""A sound card made of nothing: what is played into it is what its microphone hears.

    with PulseServer() as pulse:
        child = subprocess.Popen([...], env=os.environ | pulse.environment)  # opens the default microphone
        pulse.speak(Path("great_thanks.wav")).wait()

PortAudio reads its surroundings once per process, so a program that is to hear this must be started inside the block
with `environment` set.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

_START_S = 60.0
_PLUGIN = "libasound_module_pcm_pulse.so"
_PROGRAMS = {name: shutil.which(name) or "" for name in ("pulseaudio", "paplay", "pactl", "parec")}


def pulse_is_installed() -> bool:
    """Whether this machine has PulseAudio, its tools, and the plugin through which PortAudio reaches it."""
    return all(_PROGRAMS.values()) and any(
        found for place in ("lib*", "lib/*") for found in Path("/usr").glob(f"{place}/alsa-lib/{_PLUGIN}")
    )


class PulseServer:
    """A private PulseAudio server with one null sink, whose monitor is the default microphone (48 kHz stereo).

    It has its own folder and socket and touches no other server of this user. `environment` is what a child process
    needs to use it.
    """

    def __init__(self) -> None:
        self.environment: dict[str, str] = {}
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            folder = Path(starting.enter_context(tempfile.TemporaryDirectory(prefix="pulse-")))
            socket = folder / "native"
            self.environment = {
                "PULSE_SERVER": f"unix:{socket}",
                "PULSE_RUNTIME_PATH": str(folder),
                "PULSE_STATE_PATH": str(folder),
                "PULSE_COOKIE": str(folder / "cookie"),
            }
            self._socket = socket
            starting.callback(lambda: _end(self._server))
            self.plug_in()
            self._closing = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def speak(self, sound: Path) -> subprocess.Popen[bytes]:
        """Start playing a sound file (wav, flac) to the microphone; wait() on the result for it to end."""
        player = subprocess.Popen([_PROGRAMS["paplay"], str(sound)], env=self._surroundings())
        self._closing.callback(_end, player)
        return player

    def add_microphone(self, name: str, rate_hz: int) -> Path:
        """Plug in another microphone, mono, make it the default, and return the pipe from which it takes its samples
        (int16, little endian): it delivers them as soon as they are written.

        Somebody always records from it, because the server leaves the pipe of a microphone alone that nobody hears, and
        would give the first who does what has waited there.
        """
        pipe = Path(self.environment["PULSE_RUNTIME_PATH"]) / name
        module = (f"source_name={name}", f"file={pipe}", "format=s16le", f"rate={rate_hz}", "channels=1")
        for order in (("load-module", "module-pipe-source", *module), ("set-default-source", name)):
            subprocess.run([_PROGRAMS["pactl"], *order], env=self._surroundings(), capture_output=True, check=True)
        listening = subprocess.Popen(
            [_PROGRAMS["parec"], f"--device={name}", "--latency-msec=100"],
            env=self._surroundings(),
            stdout=subprocess.DEVNULL,
        )
        self._closing.callback(_end, listening)
        return pipe

    def unplug(self) -> None:
        """Take the microphone away, as pulling its plug would."""
        _end(self._server)

    def plug_in(self) -> None:
        """Bring the microphone, again after it was taken away."""
        self._server = subprocess.Popen(
            [
                *(_PROGRAMS["pulseaudio"], "-n", "--daemonize=no", "--use-pid-file=no", "--disable-shm=yes"),
                *("--exit-idle-time=-1", "--realtime=no", "--high-priority=no", "--log-level=error"),
                *("-L", f"module-native-protocol-unix socket={self._socket} auth-anonymous=1"),
                *("-L", "module-null-sink sink_name=mouth rate=48000 channels=2"),
            ],
            env=self._surroundings(),
            stderr=subprocess.DEVNULL,  # it complains about being root
        )
        self._await_answer()

    def _surroundings(self) -> dict[str, str]:
        return os.environ | self.environment

    def _await_answer(self) -> None:
        deadline = time.monotonic() + _START_S
        while subprocess.run(
            [_PROGRAMS["pactl"], "info"], env=self._surroundings(), capture_output=True, check=False
        ).returncode:
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("pulseaudio did not start")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
