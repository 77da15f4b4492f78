"""python -m bench.recording [--rounds N]: what it costs that a session is recorded; writes docs/privacy.md.

Sessions of the default configuration on the demo, by turns recorded and not: what the processes take of the processors,
how late estimates are, and how much is written.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import numpy as np

import deadpan
from agent.config import Config, RecordConfig
from agent.processes.supervisor import Supervisor
from agent.recorder.shelf import recordings
from agent.session import open_session, resolve_inputs
from bench.soak.sampling import cpu_s, family, footprint

_PAGE = Path("docs/privacy.md")
_BEGIN, _END = "<!-- recording:begin -->", "<!-- recording:end -->"
_WARM_S = 4.0


@dataclass(frozen=True, slots=True)
class Session:
    """One of them. `cores`: of all processes together; of the recorder alone; None where there was none."""

    cores: float
    p95_ms: float
    recorder_cores: float | None = None
    recorder_mb: float | None = None
    mb_per_hour: float | None = None
    refused: int = 0


def hold(*, recorded: bool, seconds: float) -> Session:
    """A session of so many seconds after warm-up."""
    with tempfile.TemporaryDirectory(prefix="taken-") as folder:
        endpoint, kept = f"ipc://{folder}/out", Path(folder, "kept")
        config = Config(
            source="demo",
            publish=replace(Config().publish, endpoint=endpoint),
            record=RecordConfig(str(kept) if recorded else None),
        )
        with (
            open_session(config, resolve_inputs(config)) as supervisor,
            deadpan.subscribe(endpoint, types=("estimate",)) as subscription,
        ):
            supervisor.start()
            _attend(supervisor, subscription, _WARM_S)
            recorder = supervisor.pid("recorder") if recorded else None
            before_s, own_before_s = cpu_s(family(os.getpid())), cpu_s([recorder] if recorder else [])
            began_mb = _written_mb(kept)
            latencies = _attend(supervisor, subscription, seconds)
            took_s = cpu_s(family(os.getpid())) - before_s
            p95_ms = float(np.quantile(latencies, 0.95))
            if recorder is None:
                return Session(took_s / seconds, p95_ms)
            held = footprint(recorder)
            counters = [worker.counters for worker in supervisor.condition.workers.values()]
            return Session(
                took_s / seconds,
                p95_ms,
                (cpu_s([recorder]) - own_before_s) / seconds,
                None if held is None else held.pss_mb,
                (_written_mb(kept) - began_mb) / seconds * 3600,
                sum(each.get("refused_to_recorder", 0) for each in counters),
            )


def _written_mb(kept: Path) -> float:
    return sum(each.bytes for each in recordings(kept)) / 1e6


def _attend(supervisor: Supervisor, subscription: deadpan.Subscription, seconds: float) -> list[float]:
    """Keep the session going; the latencies of its estimates, in ms."""
    until_s, latencies = time.monotonic() + seconds, list[float]()
    while time.monotonic() < until_s:
        supervisor.attend(20)
        while (message := subscription.receive(0)) is not None:
            if isinstance(message, deadpan.Estimate) and message.revision == 0:
                latencies.append(message.latency_ms)
    return latencies


def page(pairs: Sequence[tuple[Session, Session]]) -> list[str]:
    """The lines of the page; of each pair, the first was not recorded and the second was."""
    plain, recorded = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    own = [each.recorder_cores or 0.0 for each in recorded]
    beside = [both.cores - (both.recorder_cores or 0.0) - alone.cores for alone, both in pairs]
    return [
        f"Written by `python -m bench.recording` on {datetime.now(UTC):%Y-%m-%d}: {len(pairs)} pairs of sessions on the"
        f" demo, {os.cpu_count()} cores, a load of {os.getloadavg()[0]:.1f}; medians, and the extremes.",
        "",
        "| | not recorded | recorded |",
        "|---|---|---|",
        f"| cores, all processes | {_shown([each.cores for each in plain])} |"
        f" {_shown([each.cores for each in recorded])} |",
        f"| of these, the recorder | | {_shown(own)} |",
        f"| more than before, by the others | | {_shown(beside)} |",
        f"| estimates, p95 ms | {_shown([each.p95_ms for each in plain], 0)} |"
        f" {_shown([each.p95_ms for each in recorded], 0)} |",
        f"| memory of the recorder, MB (PSS) | | {_shown([each.recorder_mb or 0.0 for each in recorded], 0)} |",
        f"| written, MB an hour | | {_shown([each.mb_per_hour or 0.0 for each in recorded], 0)} |",
        f"| values it missed | | {sum(each.refused for each in recorded)} |",
    ]


def _shown(numbers: Sequence[float], digits: int = 2) -> str:
    return f"{median(numbers):.{digits}f} ({min(numbers):.{digits}f} to {max(numbers):.{digits}f})"


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m bench.recording", description=__doc__)
    options.add_argument("--rounds", type=int, default=5, help="pairs of sessions (default %(default)s)")
    options.add_argument("--seconds", type=float, default=20, help="of each, after warm-up (default %(default)s)")
    chosen = options.parse_args()
    pairs = [
        (hold(recorded=False, seconds=chosen.seconds), hold(recorded=True, seconds=chosen.seconds))
        for _ in range(chosen.rounds)
    ]
    text = _PAGE.read_text(encoding="utf-8")
    head, rest = text.split(_BEGIN)
    lines = [_BEGIN, *page(pairs), _END]
    _PAGE.write_text(head + "\n".join(lines) + rest.split(_END)[1], encoding="utf-8")
    print("\n".join(lines[1:-1]))


if __name__ == "__main__":
    main()
