"""Recordings made to do harm: none takes the memory, the time or the process of whoever reads it."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import wave
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.capture.media import probe
from agent.capture.recording import RecordingAudio, RecordingVideo
from agent.capture.source import CaptureError, Problem
from agent.session import demo_location
from tests.agent.capture.films import beginning, noise, write_audio, write_video


class Reader:
    """A process that reads recordings; another takes its place when it came to grief."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.stand_ins.reader"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=60)

    def read(self, path: Path) -> dict[str, Any]:
        """What reading it came to. Fails when the process did not survive it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            _, told = self._process.communicate(timeout=60)
            code = self._process.returncode
            self.__enter__()
            raise AssertionError(f"reading {path} ended its process with {code}:\n{told}")
        read: dict[str, Any] = json.loads(answer)
        return read


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as reading:
        yield reading


def _png(width: int, height: int) -> bytes:
    """A white picture that is a thousandth of its pixels' size."""
    packing = zlib.compressobj(1)
    row = b"\0" + b"\xff" * (width * 3)
    body = b"".join(packing.compress(row) for _ in range(height)) + packing.flush()
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", body), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def _wave(path: Path, channels: int, rate_hz: int, samples: int = 1000) -> Path:
    path.write_bytes(
        struct.pack("<4sI4s4sI", b"RIFF", 36 + 2 * channels * samples, b"WAVE", b"fmt ", 16)
        + struct.pack("<HHIIHH", 1, channels, rate_hz, min(2**32 - 1, rate_hz * channels * 2), channels * 2 % 65536, 16)
        + struct.pack("<4sI", b"data", 2 * channels * samples)
        + b"\x10\x27" * (channels * samples)
    )
    return path


def test_a_picture_that_unpacks_to_more_than_memory_is_not_unpacked(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(_png(20_000, 12_000))
    assert path.stat().st_size < 5_000_000
    read = reader.read(path)
    assert read["frames"] == 0
    assert read["problems"]["RecordingVideo"] == "empty"


@pytest.mark.parametrize("size", [(1, 100_000), (100_000, 1)])
def test_a_picture_as_no_camera_takes_it_is_refused_with_what_to_do(
    reader: Reader, tmp_path: Path, size: tuple[int, int]
) -> None:
    path = tmp_path / "strip.png"
    path.write_bytes(_png(*size))
    with pytest.raises(CaptureError, match=rf"{size[0]}×{size[1]}.*Scale it down") as raised:
        probe(path)
    assert raised.value.problem is Problem.UNSUPPORTED
    assert reader.read(path)["problems"]["RecordingVideo"] == "unsupported"


def test_pictures_that_grow_beyond_the_limit_on_the_way_are_left_out(reader: Reader, tmp_path: Path) -> None:
    jpeg = write_video(tmp_path / "small.mjpeg", [0], codec="mjpeg", pix_fmt="yuvj420p").read_bytes()
    at = jpeg.index(b"\xff\xc0") + 5
    huge = jpeg[:at] + struct.pack(">HH", 65_500, 65_500) + jpeg[at + 4 :]
    path = tmp_path / "growing.mjpeg"
    path.write_bytes(jpeg * 3 + huge * 3 + jpeg * 3)
    with RecordingVideo(path, max_rate_hz=1000.0) as source:
        assert {frame.rgb.shape for frame in source} == {(48, 64, 3)}
    assert source.losses["decode_errors"] >= 1
    assert reader.read(path)["frames"] >= 1


def test_many_small_pictures_take_no_more_memory_than_a_few(reader: Reader, tmp_path: Path) -> None:
    path = write_video(tmp_path / "many.mkv", list(range(0, 100_000, 5)), size=(16, 16))
    assert reader.read(path)["frames"] == 1500  # of 100 s


@pytest.mark.parametrize("channels", [65, 400, 65_535])
def test_more_channels_than_any_microphone_has_are_refused(reader: Reader, tmp_path: Path, channels: int) -> None:
    path = _wave(tmp_path / "wide.wav", channels, 16_000, samples=20)
    assert set(reader.read(path)["problems"].values()) <= {"unsupported", "empty", "not_media"}
    assert reader.read(path)["chunks"] == 0


def test_four_hundred_channels_are_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"400 channels; up to 64 are read. Mix it down") as raised:
        RecordingAudio(_wave(tmp_path / "wide.wav", 400, 16_000)).__enter__()
    assert raised.value.problem is Problem.UNSUPPORTED


def test_as_many_channels_as_are_read_are_mixed(tmp_path: Path) -> None:
    with RecordingAudio(_wave(tmp_path / "wide.wav", 64, 16_000)) as source:
        pcm = np.concatenate([chunk.pcm for chunk in source])
    assert len(pcm) == 1000
    np.testing.assert_allclose(pcm, 10_000 / 32_768, atol=1e-6)


@pytest.mark.parametrize("rate_hz", [0, 1, 999, 768_001, 2**31 - 1, 2**32 - 1])
def test_a_rate_that_is_none_is_refused(reader: Reader, tmp_path: Path, rate_hz: int) -> None:
    path = _wave(tmp_path / "rate.wav", 1, rate_hz)
    read = reader.read(path)
    assert read["chunks"] == 0
    assert read["problems"]["probe"] in ("unsupported", "not_media", "empty")


def test_a_size_that_is_a_lie_reads_what_is_there(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "lie.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(b"\0\1" * 16_000)
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, 4, 2**32 - 1)
    struct.pack_into("<I", content, 40, 2**32 - 2)
    path.write_bytes(content)
    assert reader.read(path)["chunks"] == 32  # a second, and no more


@pytest.mark.parametrize("name", ["noise.ts", "noise.mp3", "noise.mp4", "noise.mkv", "noise.ogg", "noise"])
def test_endless_noise_comes_to_an_end(reader: Reader, tmp_path: Path, name: str) -> None:
    packets = np.random.default_rng(3).integers(0, 256, (40_000, 188), np.uint8)
    packets[:, 0] = 0x47  # what MPEG transport packets begin with
    path = tmp_path / name
    path.write_bytes(packets.tobytes())
    assert reader.read(path)["frames"] < 1000


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Small recordings of the usual kinds, each readable."""
    folder = tmp_path_factory.mktemp("whole")
    times_ms = list(range(0, 1000, 100))
    made = [
        write_audio(folder / "sound.wav", noise(0.5), 16_000),
        write_audio(folder / "sound.ogg", noise(0.5), 16_000, codec="libopus"),
        write_audio(folder / "sound.flac", noise(0.5), 16_000, codec="flac"),
        write_video(folder / "film.mkv", times_ms, sound=noise(1.0)),
        write_video(folder / "film.mp4", times_ms, sound=noise(1.0), faststart=True),
        beginning(demo_location(), folder / "demo.mp4", 1.0),
    ]
    return {path.name: path.read_bytes() for path in made}


_PLACE = st.floats(0, 1, exclude_max=True)
_CHANGE = st.one_of(
    st.tuples(st.just("byte"), _PLACE, st.integers(0, 255)),
    st.tuples(st.just("bit"), _PLACE, st.integers(0, 7)),
    st.tuples(st.just("number"), _PLACE, st.sampled_from([0, 1, 2**15, 2**31 - 1, 2**31, 2**32 - 1])),
    st.tuples(st.just("cut"), _PLACE, st.integers(1, 2000)),
    st.tuples(st.just("again"), _PLACE, st.integers(1, 2000)),
    st.tuples(st.just("end"), _PLACE, st.just(0)),
)


def _changed(content: bytes, changes: list[tuple[str, float, int]], at_front: bool) -> bytes:
    """What becomes of a file by some accidents; half of the time they happen in its first 2 kB, where its header is."""
    damaged = bytearray(content)
    for kind, place, value in changes:
        at = int(place * (min(len(damaged), 2000) if at_front else len(damaged)))
        match kind:
            case "byte":
                damaged[at : at + 1] = bytes([value])
            case "bit":
                damaged[at : at + 1] = bytes([damaged[at] ^ 1 << value]) if at < len(damaged) else b""
            case "number":
                damaged[at : at + 4] = struct.pack(">I", value)
            case "cut":
                del damaged[at : at + value]
            case "again":
                damaged[at:at] = damaged[at : at + value]
            case _:
                del damaged[at:]
    return bytes(damaged)


@given(
    name=st.sampled_from(["sound.wav", "sound.ogg", "sound.flac", "film.mkv", "film.mp4", "demo.mp4"]),
    changes=st.lists(_CHANGE, min_size=1, max_size=8),
    at_front=st.booleans(),
)
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_damaged_recordings_are_read_or_refused(
    reader: Reader,
    whole: dict[str, bytes],
    tmp_path: Path,
    name: str,
    changes: list[tuple[str, float, int]],
    at_front: bool,
) -> None:
    path = tmp_path / name
    path.write_bytes(_changed(whole[name], changes, at_front))
    read = reader.read(path)
    assert read["frames"] <= 1000
    assert set(read["problems"].values()) <= {problem.value for problem in Problem}


def test_a_format_that_nobody_knows_is_described_and_refused(reader: Reader, tmp_path: Path) -> None:
    path = _wave(tmp_path / "unknown.wav", 1, 16_000)
    content = bytearray(path.read_bytes())
    struct.pack_into("<H", content, 20, 0x7777)
    path.write_bytes(content)
    described = probe(path)
    assert described.has_audio
    assert described.channels is None
    assert reader.read(path)["problems"] == {"RecordingVideo": "empty", "RecordingAudio": "unsupported"}


def test_the_recordings_that_are_damaged_above_are_readable(
    reader: Reader, whole: dict[str, bytes], tmp_path: Path
) -> None:
    for name, content in whole.items():
        path = tmp_path / name
        path.write_bytes(content)
        read = reader.read(path)
        assert read["chunks"] > 0
        assert (read["frames"] > 0) is (Path(name).stem != "sound")
        assert "probe" not in read["problems"]
