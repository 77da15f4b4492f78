"""How a system schedules a process, look by look, and what is made of it; and of a real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.processes.stillness import STILL_S, Motion, Stillness

PID = 7
LOOK_S = 0.1


class Seen:
    """A process as /proc shows it, and a watch over it; time passes by looks.

    `counted`: the scheduler counts turns, as most kernels are built to.
    """

    def __init__(self, processes: Path, *, counted: bool = True) -> None:
        self.folder = processes / str(PID)
        self.stillness = Stillness(PID, processes)
        self.now_s = 0.0
        self.switches = 0
        self._counted = counted

    def look(self, states: str, *, moved: bool = False, times: int = 1) -> Motion:
        """The motion after so many looks at threads in these states, the main one's first."""
        motion: Motion = "moving"
        for _ in range(times):
            self.switches += moved
            for number, state in enumerate(states):
                task = self.folder / "task" / str(number)
                task.mkdir(parents=True, exist_ok=True)
                (task / "stat").write_text(f"{number} (a) (b) {state} 1 2 3")
            counts = f"voluntary_ctxt_switches:\t{self.switches}\nnonvoluntary_ctxt_switches:\t0\n"
            (self.folder / "status").write_text(f"Name:\tdeadpan: State\nState:\t{states[0]} (somehow)\n{counts}")
            if self._counted:
                (self.folder / "schedstat").write_text(f"{self.switches * 1000} 0 {self.switches}\n")
            self.now_s += LOOK_S
            motion = self.stillness.motion(self.now_s)
        return motion


@pytest.fixture(params=[True, False], ids=["turns counted", "not counted"])
def seen(tmp_path: Path, request: pytest.FixtureRequest) -> Seen:
    process = Seen(tmp_path, counted=request.param)
    process.look("SS", moved=True, times=2)
    return process


@pytest.mark.parametrize(("states", "motion"), [("SS", "asleep"), ("TT", "stopped")])
def test_one_that_has_not_run_at_several_looks_is_still(seen: Seen, states: str, motion: Motion) -> None:
    assert seen.look(states, times=3) == "moving"
    assert seen.look(states) == motion
    assert seen.look("SS", moved=True) == "moving"


@pytest.mark.parametrize("states", ["RS", "DS", "SR", "SD", "tt"])
def test_one_that_waits_for_the_processor_the_disk_or_a_debugger_is_not(seen: Seen, states: str) -> None:
    assert seen.look(states, times=100) == "moving"


def test_what_its_other_threads_do_now_and_then_does_not_hide_that_the_main_one_hangs(seen: Seen) -> None:
    motions = [seen.look(states) for states in ["SR", "SS"] * 4]
    assert motions == ["moving"] * 7 + ["asleep"]


def test_one_that_is_slow_is_not_still(seen: Seen) -> None:
    for states in ("S", "T"):
        for _ in range(50):
            assert seen.look(states, times=3) == "moving"
            assert seen.look(states, moved=True) == "moving"


def test_looks_count_from_its_last_sign_of_life_on(seen: Seen) -> None:
    assert seen.look("SS", times=4) == "asleep"
    seen.stillness.heard()
    assert seen.stillness.motion(seen.now_s) == "moving"
    assert seen.look("SS", times=3) == "moving"
    assert seen.look("SS") == "asleep"


def test_looks_count_and_not_the_time_between_them(seen: Seen) -> None:
    seen.now_s += 3600
    assert seen.look("SS") == "moving"
    for _ in range(10):
        seen.now_s -= LOOK_S  # asked again at once
        assert seen.look("SS") == "moving"


def test_who_was_never_seen_to_move_is_not_judged(tmp_path: Path) -> None:
    assert Seen(tmp_path).look("SS", times=100) == "moving"


def test_who_is_gone_or_on_another_system_is_moving(seen: Seen) -> None:
    assert seen.look("SS", times=3) == "moving"
    (seen.folder / "schedstat").unlink(missing_ok=True)
    (seen.folder / "status").write_text("Name:\tsomething else\n")
    assert seen.stillness.motion(seen.now_s + LOOK_S) == "moving"
    (seen.folder / "status").unlink()
    assert seen.stillness.motion(seen.now_s + 2 * LOOK_S) == "moving"


@pytest.fixture
def ticking() -> Iterator[int]:
    """A process that wakes every hundredth of a second, as an encoder does: its sleep is the subject."""
    script = "import time\nprint(flush=True)\nwhile True: time.sleep(0.01)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.kill()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_a_real_process_is_still_while_it_is_stopped(ticking: int) -> None:
    stillness = Stillness(ticking)

    def until(motion: Motion) -> None:
        for _ in range(3000):
            if stillness.motion(time.monotonic()) == motion:
                return
            signal.sigtimedwait([], 0.02)
        raise AssertionError(f"it was never {motion}")

    until("moving")
    signal.sigtimedwait([], STILL_S)  # for it to be seen to move
    until("moving")
    os.kill(ticking, signal.SIGSTOP)
    until("stopped")
    os.kill(ticking, signal.SIGCONT)
    until("moving")
