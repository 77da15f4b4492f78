"""A session that is fed by another program, of which either may start first, fall silent, die and come back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

import deadpan
from agent.config import Config
from agent.session import demo_location, open_session, resolve_inputs
from tests.integration.processes import PATIENCE_S, finished, messages, session_folders, started
from tests.integration.sessions import follow
from tests.integration.test_supervision import running


@contextmanager
def feeder(endpoint: str, recording: str = "", *times: str) -> Iterator[subprocess.Popen[str]]:
    """A program that feeds, once it can be listened to; killed when the block is left."""
    arguments = [sys.executable, "-m", "tests.stand_ins.feeder", endpoint, recording or demo_location(), *times]
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "feeding\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def something_was_said_after(start_ns: int) -> Callable[[deadpan.Message], bool]:
    return lambda m: isinstance(m, deadpan.Utterance) and m.start_ns > start_ns and m.sarcasm.probability is not None


def voice_and_face_are(*statuses: str) -> Callable[[deadpan.Message], bool]:
    return lambda m: (
        isinstance(m, deadpan.Estimate) and {m.modalities[name].status for name in ("voice", "face")} <= {*statuses}
    )


def told(reason: str) -> Callable[[deadpan.Message], bool]:
    return lambda m: isinstance(m, deadpan.Health) and any(reason in told for told in m.reasons)


def test_a_session_outlives_its_feeder_and_its_own_processes(tmp_path: Path) -> None:
    feed, endpoint = f"ipc://{tmp_path}/feed", f"ipc://{tmp_path}/out"
    config = Config(source=feed, publish=replace(Config().publish, endpoint=endpoint))
    types: tuple[deadpan.subscription.TypeName, ...] = ("estimate", "utterance", "health")
    supervisor = open_session(config, resolve_inputs(config))
    with supervisor, deadpan.subscribe(endpoint, types=types) as subscription:
        supervisor.start()
        follow(supervisor, subscription, told(f"nothing comes of the sound of the feed at {feed}"))
        with feeder(feed):
            read = follow(supervisor, subscription, something_was_said_after(0))
            os.kill(running(supervisor, "microphone"), signal.SIGKILL)
            read = follow(supervisor, subscription, something_was_said_after(read[-1].end_ns + 10**9))
            assert supervisor.condition.workers["microphone"].restarts == 1
        follow(supervisor, subscription, voice_and_face_are("stale", "absent"))
        follow(supervisor, subscription, told(f"nothing comes of the pictures of the feed at {feed}"))
        with feeder(feed):
            follow(supervisor, subscription, something_was_said_after(read[-1].end_ns + 10**9))
            follow(supervisor, subscription, voice_and_face_are("ok"))
            follow(supervisor, subscription, lambda m: isinstance(m, deadpan.Health) and not told("nothing comes")(m))
        workers = supervisor.condition.workers
        assert {name: worker.restarts for name, worker in workers.items() if worker.restarts} == {"microphone": 1}
        assert workers["camera"].counters["feeder_restarted"] == workers["microphone"].counters["feeder_restarted"] == 1
    assert not session_folders()


def test_the_command_takes_a_feed_s_sound_alone(tmp_path: Path) -> None:
    feed = f"ipc://{tmp_path}/feed"
    publish = ("--publish", f"ipc://{tmp_path}/out")
    with (
        feeder(feed),
        started("run", "--source", feed, "--camera", "none", "--json", "--seconds", "6", *publish) as run,
    ):
        printed, complaint = run.communicate(timeout=PATIENCE_S)
        assert run.returncode == 0, complaint
        estimates = [message for message in messages(printed) if message["type"] == "estimate"]
        assert estimates[-1]["modalities"]["face"]["status"] == "off"
        assert any(estimate["modalities"]["voice"]["status"] == "ok" for estimate in estimates)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--source", "tcp://192.168.1.5:5738"),
        ("--microphone", "tcp://0.0.0.0:5738", "--camera", "none"),
        ("--camera", "tcp://example.org:5738"),
    ],
    ids=" ".join,
)
def test_a_feed_from_another_machine_is_refused(arguments: tuple[str, ...]) -> None:
    ended = finished("run", *arguments)
    assert ended.returncode == 1
    assert "leads beyond this machine, and sound and pictures stay on it" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_feed_leaves_only_leaving_out_to_the_devices_options() -> None:
    ended = finished("run", "--source", "ipc:///run/feed", "--camera", "0")
    assert ended.returncode == 1
    assert ended.stderr.startswith("deadpan: ipc:///run/feed is a feed: with it, --camera and --microphone can only")
