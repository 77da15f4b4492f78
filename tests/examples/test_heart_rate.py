"""The example of a plug-in: what a strap notifies and what a table holds become measurements, and these embeddings."""

from __future__ import annotations

import math
import shutil
import socket
import subprocess
import sys
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.capture.source import CaptureError, Problem
from agent.clock import ManualClock
from agent.plug_ins.declaration import GROUP
from encoders.samples import NS_PER_S, Embedding, Measurement
from examples.heart_rate.deadpan_heart.characteristic import LARGEST, read, write
from examples.heart_rate.deadpan_heart.encoder import HeartEncoder
from examples.heart_rate.deadpan_heart.file import HeartFile
from examples.heart_rate.deadpan_heart.strap import Strap
from tests.plug_ins import EXAMPLE, HEART

BUILD = "import sys; from setuptools import build_meta; print(build_meta.prepare_metadata_for_build_wheel(sys.argv[1]))"


def test_its_package_s_own_description_makes_it_a_modality(tmp_path: Path) -> None:
    copied = shutil.copytree(EXAMPLE, tmp_path / "heart_rate")  # where a build may leave what it likes
    command = [sys.executable, "-c", BUILD, str(tmp_path)]
    built = subprocess.run(command, cwd=copied, capture_output=True, text=True, check=True).stdout.split()[-1]
    assert (tmp_path / built / "entry_points.txt").read_text().strip() == f"[{GROUP}]\n{HEART}"


# The characteristic.


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (bytes([0x00, 72]), [72]),
        (bytes([0x01, 0x2C, 0x01]), [300]),
        (bytes([0x10, 72, 0x40, 0x03, 0x00, 0x04]), [72, 812.5, 1000]),
        (bytes([0x1E, 72, 0x0A, 0x00, 0x00, 0x04]), [72, 1000]),  # worn, with the energy expended before the beats
        (bytes([0x04, 72]), [0]),  # it knows that it is not worn
    ],
)
def test_a_measurement_is_read_as_the_specification_lays_it_out(value: bytes, told: list[float]) -> None:
    assert read(value).tolist() == told


@given(st.integers(1, 255), st.lists(st.floats(300, 2000), max_size=9))
def test_what_is_written_is_read_again(rate_bpm: int, intervals_ms: list[float]) -> None:
    value = write(rate_bpm, intervals_ms)
    assert len(value) <= LARGEST
    rate, *beats = read(value)
    assert rate == rate_bpm
    assert beats == pytest.approx(intervals_ms, abs=0.5)


@given(st.binary(max_size=30))
def test_bytes_of_any_kind_are_a_measurement_or_refused(value: bytes) -> None:
    with suppress(ValueError):
        assert np.isfinite(read(value)).all()


# Sources.


def test_a_table_s_lines_become_measurements_and_those_of_no_use_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "talk.heart.csv"
    path.write_text("time_s,rr_ms\n1.0,800\nlater,800\n2.0,750\n1.5,750\n3.0,nan\n")
    with HeartFile(path) as source:
        told = list(source)
    assert [(each.seq, each.pts_ns, each.values.tolist()) for each in told] == [
        (0, NS_PER_S, [75, 800]),
        (1, 2 * NS_PER_S, [80, 750]),
    ]
    assert source.losses == Counter(malformed=2, out_of_order=1)


@pytest.mark.parametrize("text", ["", "when,bpm\n1,2\n", "time_s,bpm,rr_ms\n"])
def test_a_table_without_its_columns_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "talk.heart.csv"
    path.write_text(text)
    with pytest.raises(CaptureError, match="columns") as refused, HeartFile(path):
        pass
    assert refused.value.problem is Problem.NOT_MEDIA


def test_a_strap_s_notifications_are_stamped_as_they_come_and_its_going_away_is_told() -> None:
    values = [write(70, [857.0]), b"\x10\x46\x01", write(72)]
    with socket.create_server(("127.0.0.1", 0)) as server:

        def notify() -> None:
            listener, _ = server.accept()
            with listener:
                listener.sendall(b"".join(bytes([len(value)]) + value for value in values))

        notifier = threading.Thread(target=notify)
        notifier.start()
        strap = Strap(f"tcp://127.0.0.1:{server.getsockname()[1]}", ManualClock(42))
        told: list[Measurement] = []
        with strap, pytest.raises(CaptureError, match="has gone") as gone:
            told += (each for each in strap if each is not None)
        notifier.join()
    assert gone.value.problem is Problem.VANISHED
    assert strap.losses == Counter(malformed=1)


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("tcp://192.0.2.1:80", Problem.UNSUPPORTED),
        ("ble://strap", Problem.UNSUPPORTED),
        ("tcp://127.0.0.1:1", Problem.ABSENT),
    ],
)
def test_an_address_of_no_use_is_refused(address: str, problem: Problem) -> None:
    with pytest.raises(CaptureError) as refused, Strap(address, ManualClock(0)):
        pass
    assert refused.value.problem is problem


# The encoder.


def _encode(rates_bpm: list[float], encoder: HeartEncoder | None = None) -> list[Embedding]:
    encoder = encoder or HeartEncoder()
    beats = [Measurement(n, (n + 1) * NS_PER_S, np.array([rate, 60_000 / rate])) for n, rate in enumerate(rates_bpm)]
    return [embedding for beat in beats for embedding in encoder.push(beat)]


def test_a_heart_that_races_is_roused_and_one_at_its_usual_is_not() -> None:
    made = _encode([70.0] * 60 + [100.0] * 3)
    calm, roused = made[59], made[-1]
    assert calm.reading is not None
    assert roused.reading is not None
    assert calm.reading.activation == pytest.approx(0, abs=0.02)
    assert roused.reading.activation is not None
    assert roused.reading.activation > 0.9
    assert roused.vector[0] > 25
    assert roused.vector[1] == pytest.approx(30)
    assert (roused.reading.sarcasm, roused.reading.sentiment) == (None, None)


def test_what_is_usual_is_this_person_s_own() -> None:
    slow, fast = (_encode([rate] * 60)[-1] for rate in (55.0, 95.0))
    assert slow.vector == pytest.approx(fast.vector, abs=1.5)


def test_a_strap_that_slipped_looked_and_saw_nothing() -> None:
    encoder = HeartEncoder()
    (slipped,) = encoder.push(Measurement(0, NS_PER_S, np.zeros(1)))
    assert (slipped.confidence, slipped.reading) == (0.0, None)
    assert encoder.push(Measurement(1, 2 * NS_PER_S, np.array([70.0])))[0].confidence > 0


def test_steadier_beats_are_told_and_a_missed_one_is_no_unsteadiness() -> None:
    def told(intervals_ms: list[float]) -> float:
        encoder = HeartEncoder()
        beats = [Measurement(n, (n + 1) * NS_PER_S, np.array([75.0, ms])) for n, ms in enumerate(intervals_ms)]
        return float([embedding for beat in beats for embedding in encoder.push(beat)][-1].vector[2])

    lively = [800 + 40 * (-1) ** n for n in range(60)]
    assert told(lively + [800 + 2 * (-1) ** n for n in range(30)]) < -1
    assert told([*lively, 1600.0, *lively[:2]]) == pytest.approx(told([*lively, *lively[:2]]), abs=0.1)


def test_embeddings_do_not_depend_on_what_comes_after_and_a_reset_forgets_all() -> None:
    encoder = HeartEncoder()
    once = _encode([70.0, 90.0, 110.0], encoder)
    encoder.reset()
    again = _encode([70.0, 90.0], encoder)
    assert [(e.seq, e.interval, e.vector.tolist(), e.reading) for e in again] == [
        (e.seq, e.interval, e.vector.tolist(), e.reading) for e in once[:2]
    ]
    assert all(math.isfinite(number) for each in once for number in each.vector)
