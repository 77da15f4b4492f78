"""How each process is and what is asked of it, in; the agent's state, and why in words for people, out."""

from __future__ import annotations

from collections.abc import Mapping

from agent.topology import EDGES, WORKERS
from deadpan.messages import HealthState, WorkerHealth

_NO_REASON = "no reason given"


def diagnosis(workers: Mapping[str, WorkerHealth], strain: str) -> tuple[HealthState, tuple[str, ...]]:
    """The agent's state and its reasons: none when it is ok, at least one when it is not.

    `strain` says why less is asked of the processes than is configured; empty when it is not.
    """
    reasons = [_trouble(name, worker) for name, worker in workers.items()] + [strain]
    told = tuple(reason for reason in reasons if reason)
    if _is_lost(workers):
        return "failed", told
    return ("degraded" if told else "ok"), told


def is_recorded(workers: Mapping[str, WorkerHealth]) -> bool:
    """Whether the session is being written to disk: not without a recorder, nor when it has given up."""
    return "recorder" in workers and workers["recorder"].state not in ("failed", "stopped")


def _trouble(name: str, worker: WorkerHealth) -> str:
    reason, _, _ = worker.reason.partition("\n")
    state = "restarting" if worker.state == "starting" and worker.restarts else worker.state
    if state in ("restarting", "failed"):
        return f"{name} is {state}: {reason or _NO_REASON}"
    return f"{name}: {reason}" if worker.state == "running" and reason else ""


def _is_lost(workers: Mapping[str, WorkerHealth]) -> bool:
    """Whether no modality is left: of each, the encoder has failed, or all that feeds it."""
    encoders = [worker.name for worker in WORKERS if worker.modality is not None and worker.name in workers]
    return bool(encoders) and all(_has_failed(name, workers) for name in encoders)


def _has_failed(encoder: str, workers: Mapping[str, WorkerHealth]) -> bool:
    sources = [edge.writer for edge in EDGES if edge.reader == encoder]
    states = [workers[source].state for source in sources if source in workers]
    return workers[encoder].state == "failed" or (bool(states) and all(state == "failed" for state in states))
