"""Every fault in every process of one real session: the stream says so, loses nothing it need not, and recovers.

The processes are harmed in threes and twos, each on another path, then fusion; the session is the same from the first
test to the last. What takes long to be noticed is left to `make test-long`, but for one kind of it. Faults of devices
are in test_faults_of_devices; how long all this takes is measured by bench.faults.
"""

from __future__ import annotations

import os
import random
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zmq

import deadpan
from agent.config import Config, SupervisionConfig
from agent.processes import child
from agent.processes.ends import endpoint
from agent.processes.wire import Absorbed, Bound, Condition, Ended, Pulse, Value, pack
from agent.session import open_session, resolve_inputs
from agent.topology import EDGES, WORKERS, WorkerName
from encoders.samples import AudioChunk, Embedding, Interval, Modality, Transcript, VideoFrame, Word
from tests.integration.processes import PATIENCE_S, descendants, finished, is_running
from tests.integration.watched import Watched
from tests.stand_ins import faulty_worker
from tests.stand_ins.encore import write_encore

PULSE_S, SILENCE_S = 0.25, 6.0
TIMES = 60  # half an hour of the demo: the session is the same for all of them
HOUR_NS = 3_600_000_000_000

TOGETHER: list[tuple[WorkerName, ...]] = [("camera", "prosody", "speech"), ("microphone", "face"), ("fusion",)]
FEELS: dict[WorkerName, str] = {"camera": "face", "face": "face", "microphone": "voice", "prosody": "voice"}
"""Whose modality the stream must show to be without news; words are too rare to tell by."""

Harm = Callable[[Watched, WorkerName], None]


@pytest.fixture(scope="module")
def bystanders() -> set[int]:
    """Processes that other tests have left below this one, if any."""
    return set(descendants(os.getpid()))


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory, bystanders: set[int]) -> Iterator[Watched]:  # noqa: ARG001 - they came before
    folder = tmp_path_factory.mktemp("faults")
    source = str(write_encore(folder / "encore.mkv", TIMES))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(child, "WORKER", faulty_worker.__name__)
        patch.setenv(faulty_worker.FAULT, str(folder / "fault"))
        # So many failures are no reason here to give up, nor to wait ever longer.
        supervision = SupervisionConfig(
            pulse_s=PULSE_S, silence_s=SILENCE_S, restarts_within_s=1.0, growth_mb=faulty_worker.GROWTH_MB / 2
        )
        with watched(settings(folder, source, supervision)) as session:
            yield session


def command(session: Watched, name: WorkerName, fault: str) -> None:
    file = Path(os.environ[faulty_worker.FAULT])
    new = file.with_suffix(".new")
    new.write_text(fault)
    new.replace(file)  # at once: others may be reading it
    session.signal(name, signal.SIGUSR2)


def kill(session: Watched, name: WorkerName) -> None:
    session.signal(name, signal.SIGKILL)


def stop(session: Watched, name: WorkerName) -> None:
    session.signal(name, signal.SIGSTOP)


def hang(session: Watched, name: WorkerName) -> None:
    command(session, name, "hang")


def circle(session: Watched, name: WorkerName) -> None:
    command(session, name, "circles")


def fail(session: Watched, name: WorkerName) -> None:
    command(session, name, "exception")


def grow(session: Watched, name: WorkerName) -> None:
    command(session, name, "growth")


STOPPED = r"no sign of life for [\d.]+ s; it was in \S+ \(\S+:\d+\)"  # longer where a recognizer asked for it
HUNG = r"no sign of life for [\d.]+ s; it was in hang_in_native_code \(faulty_worker.py:\d+\)"
FATAL = [
    pytest.param(kill, r"killed by signal 9", id="kill"),
    pytest.param(stop, STOPPED, id="stop", marks=pytest.mark.long),
    pytest.param(hang, HUNG, id="hang"),
    pytest.param(circle, STOPPED, id="circle", marks=pytest.mark.long),
    pytest.param(fail, r"ended with exit code 1", id="fail", marks=pytest.mark.long),
    pytest.param(grow, r"grew to \d+ MB, from \d+ MB", id="grow", marks=pytest.mark.long),
]


@pytest.mark.parametrize("names", TOGETHER, ids="+".join)
@pytest.mark.parametrize(("harm", "reason"), FATAL)
def test_what_ends_a_process_is_said_and_survived(
    session: Watched, harm: Harm, reason: str, names: tuple[WorkerName, ...]
) -> None:
    session.begin()
    before = {worker.name: (session.supervisor.pid(worker.name), session.restarts(worker.name)) for worker in WORKERS}
    for name in names:
        harm(session, name)
        if name not in FEELS:
            continue
        if harm is grow:  # for this one somebody has to notice
            session.attend_until(lambda name=name: session.restarts(name) > before[name][1])  # type: ignore[misc]  # as below
        # Left alone, or it might be back, with what waited for it, before its news are old in any estimate.
        session.leave_until(lambda name=name: session.is_masked(FEELS[name]))  # type: ignore[misc]  # as below

    def is_over() -> bool:
        told = all(any(re.search(reason, each) for each in session.reasons(name)) for name in names)
        return told and session.is_well and all(session.restarts(name) > before[name][1] for name in names)

    session.until(is_over)
    for name, (pid, restarts) in before.items():
        assert (session.restarts(name) > restarts) == (name in names)
        assert (session.supervisor.pid(name) == pid) == (name not in names)
        if name in names:
            assert pid is not None
            assert not is_running(pid)
    assert len({estimate.session for estimate in session.estimates}) == 1
    missing = session.missing_ticks()
    assert missing == 0 or "fusion" in names
    if harm in (stop, hang, circle):
        assert all("most recent call first" in session.log(name) for name in names)


@pytest.mark.long
@pytest.mark.parametrize("names", TOGETHER, ids="+".join)
def test_a_process_that_is_ten_times_slower_is_not_taken_for_a_dead_one(
    session: Watched, names: tuple[WorkerName, ...]
) -> None:
    with unharmed(session):
        with session.starved(names):
            session.until(lambda: len(session.estimates) > 15)
        session.until(lambda: session.is_well)


@pytest.mark.parametrize("names", TOGETHER, ids="+".join)
def test_what_makes_no_sense_is_left_out_counted_and_does_no_harm(
    session: Watched, names: tuple[WorkerName, ...]
) -> None:
    readers = sorted({edge.reader for edge in EDGES if edge.writer in names})
    nonsense = rubbish()
    with unharmed(session):
        counted = {reader: unusable(session, reader) for reader in readers}
        with written(session, (*readers, "supervisor"), nonsense):
            # One picture may be passed over for a newer one, as pictures are, before anybody looks at its time.
            session.until(lambda: all(unusable(session, name) >= counted[name] + len(nonsense) - 1 for name in readers))
        ticks = len(session.estimates)
        session.until(lambda: len(session.estimates) > ticks + 10 and session.is_well)


def test_after_all_this_nothing_is_left_behind(session: Watched, bystanders: set[int]) -> None:
    def family() -> set[int]:
        return set(descendants(os.getpid())) - bystanders

    session.begin()
    session.attend_until(lambda: len(family()) > len(WORKERS))  # the last to come is fusion's understudy
    files = open_files()
    for _ in range(3):
        before = session.restarts("prosody")
        kill(session, "prosody")
        session.until(lambda before=before: session.is_well and session.published_restarts("prosody") > before)  # type: ignore[misc]  # mypy does not infer what the default is
    session.attend_until(lambda: open_files() <= files)  # ZeroMQ closes those of the dead in a thread of its own
    kin = family()
    assert len([pid for pid in kin if is_running(pid)]) == len(WORKERS) + 1
    assert len(kin) == len(WORKERS) + 1  # and nobody waits to be buried
    session.supervisor.stop()
    assert not [pid for pid in kin if is_running(pid)]
    assert not session.folder.exists()


def test_one_that_fails_five_times_in_a_minute_is_given_up_the_rest_goes_on_and_doctor_says_why(
    tmp_path: Path,
) -> None:
    config = settings(tmp_path, str(write_encore(tmp_path / "encore.mkv", 10)), SupervisionConfig())
    with watched(config) as session:
        session.begin()
        killed: set[int | None] = {None}
        for _ in range(5):
            session.until(lambda: session.supervisor.pid("camera") not in killed)
            killed.add(session.pid("camera"))
            kill(session, "camera")
        session.until(lambda: session.healths[-1].workers["camera"].state == "failed")
        said = "camera is failed: failed 5 times in 60 s, last: killed by signal 9"
        assert said in session.healths[-1].reasons
        ticks = len(session.estimates)
        session.until(lambda: session.estimates[-1].modalities["face"].status in ("stale", "absent"))
        session.until(lambda: len(session.estimates) > ticks + 10)
        session.until(lambda: session.estimates[-1].modalities["voice"].status == "ok")
        assert session.missing_ticks() == 0
        assert session.supervisor.pid("camera") is None
        file = tmp_path / "config.yaml"
        file.write_text(f"publish: {{endpoint: '{config.publish.endpoint}'}}\n")
        told = finished("doctor", "--config", str(file), timeout_s=PATIENCE_S)
        assert f"one is running at {config.publish.endpoint}: degraded; " in told.stdout
        assert said in told.stdout


def settings(folder: Path, source: str, supervision: SupervisionConfig) -> Config:
    """Those of a session that plays a recording and publishes in the folder."""
    publish = replace(Config().publish, endpoint=f"ipc://{folder}/out")
    return Config(source=source, publish=publish, supervision=supervision)


@contextmanager
def watched(config: Config) -> Iterator[Watched]:
    """A session, started."""
    supervisor = open_session(config, resolve_inputs(config))
    with supervisor, deadpan.subscribe(config.publish.endpoint, types=["estimate", "health"]) as subscription:
        supervisor.start()
        yield Watched(supervisor, subscription, supervisor.folder)


@contextmanager
def unharmed(session: Watched) -> Iterator[None]:
    """From when all is well on nobody has to be started again, and no estimate is missing."""
    session.begin()
    before = {worker.name: session.restarts(worker.name) for worker in WORKERS}
    yield
    assert {name: session.restarts(name) for name in before} == before
    assert session.missing_ticks() == 0
    assert len({estimate.session for estimate in session.estimates}) == 1


def open_files() -> int:
    """How many files, pipes and sockets the supervising process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def unusable(session: Watched, reader: str) -> int:
    """What a process has counted as damaged or implausible."""
    counters = session.healths[-1].workers[reader].counters
    return counters.get("damaged", 0) + counters.get("implausible", 0)


def rubbish() -> list[bytes]:
    """Frames none of which any process can use: noise, damage, what is not for them, and what cannot be."""
    chance = random.Random(6)  # noqa: S311 - noise, the same each time
    tone, hollow = np.zeros(512, np.float32), np.full(512, np.nan, np.float32)
    late = Interval(HOUR_NS, HOUR_NS + 1)
    values: list[Value] = [
        VideoFrame(0, 0, np.zeros((0, 0, 3), np.uint8)),
        VideoFrame(0, 0, np.zeros((4, 4), np.uint8)),
        VideoFrame(0, 0, np.zeros((4, 4, 3), np.float64)),
        VideoFrame(0, HOUR_NS, np.zeros((480, 640, 3), np.uint8)),
        AudioChunk(0, 0, 0, tone),
        AudioChunk(0, 0, 16_000, hollow),
        AudioChunk(0, HOUR_NS, 16_000, tone),
        AudioChunk(1 << 63, 0, 16_000, tone),
        Embedding(0, Modality.FACE, Interval(0, 1), hollow, 1.0),
        Embedding(0, Modality.VOICE, Interval(0, 1), tone[:3], 1.0),
        Embedding(0, Modality.FACE, late, tone, 1.0),
        Bound(Modality.VOICE, HOUR_NS),
        Bound(Modality.TEXT, 1 << 63),
        Transcript(0, 0, late, (Word("later", late, 0.5, "measured"),), (), final=True),
        Ended("nobody"),
        Absorbed("face", 1, float("nan")),
        Pulse("face", "dancing", 1, 0.0, {}),  # type: ignore[arg-type]  # the mistake is the test
    ]
    whole = [pack(value) for value in values]
    cut = [frame[: len(frame) // 2] for frame in map(pack, (Condition({}), *values)) if len(frame) > 3]
    noise = [chance.randbytes(size) for size in (0, 1, 2, 100, 100_000)]
    lettered = [
        letter + chance.randbytes(50) for letter in (b"V", b"A", b"E", b"T", b"B", b"X", b"F", b"P", b"L", b"C")
    ]
    return [*noise, *lettered, *cut, *whole]


@contextmanager
def written(session: Watched, readers: Sequence[str], frames: list[bytes]) -> Iterator[None]:
    """Write to processes as another one of the session would, and stay connected as that would.

    Where a reader has no room at the moment, libzmq loses what it has not yet taken in of a writer that hangs up: face,
    with room for two, never saw the last ten frames.
    """
    with zmq.Context() as context, ExitStack() as sockets:
        for reader in readers:
            socket = sockets.enter_context(context.socket(zmq.PUSH))
            socket.setsockopt(zmq.LINGER, 10_000)
            socket.connect(endpoint(session.folder, reader))
            for frame in frames:
                socket.send(frame)
        yield
