"""Settings in, a session out: which inputs there are, and what each process is told."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import msgspec

from agent.capture.devices import default_camera, default_microphone
from agent.capture.feed_line import check_feed, is_feed
from agent.capture.media import is_address
from agent.capture.probing import probe_apart
from agent.capture.source import CaptureError, Problem
from agent.clock import wall_unix_ns
from agent.config import Config
from agent.plug_ins.roster import Roster
from agent.processes.assignment import Assignment
from agent.processes.ends import endpoint
from agent.processes.reach import isolates
from agent.processes.supervisor import Supervisor, private_folder
from agent.recorder.recorder import check_space
from agent.recorder.shelf import place, played
from agent.room import require, weights_mb
from agent.stream.publisher import check_publishing
from agent.topology import Worker, WorkerName, workers_for
from agent.weights.engine import parse

_NONE = "none"
_AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a session watches and listens to. `source` is live (devices and feeds), or the location of a recording."""

    source: str
    camera: str | int | None
    microphone: str | int | None
    remark: str = ""
    """What to tell the person who asked for something else."""
    chosen: bool = True
    """Whether the inputs were asked for: then one that cannot be opened is an error, else it is left out."""


def demo_location() -> str:
    """The bundled recording of the performer: a drawn face with a synthetic voice."""
    return str(files("agent") / "demo.mp4")


def resolve_inputs(config: Config) -> Inputs:
    """Decide between devices, feeds and recordings. Raises CaptureError when what was asked for is not there."""
    if config.source == "demo":
        return _recording(config, demo_location())
    if is_feed(config.source):
        return _fed(config, config.source)
    if config.source not in (_AUTO, "live"):
        return _recording(config, config.source)
    camera = _chosen(config.camera.device, default_camera)
    microphone = _chosen(config.microphone.device, default_microphone)
    if camera is not None or microphone is not None:
        chosen = config.camera.device not in (_AUTO, _NONE) or config.microphone.device not in (_AUTO, _NONE)
        return Inputs("live", camera, microphone, _remark(config, camera, microphone), chosen=chosen)
    if config.source == "live" or _NONE in (config.camera.device, config.microphone.device):
        raise CaptureError(
            Problem.ABSENT, "no camera and no microphone to use; deadpan doctor says what was looked for and found"
        )
    demo = _recording(config, demo_location())
    return Inputs(demo.source, demo.camera, demo.microphone, "No camera and no microphone found: playing the demo.")


def open_session(config: Config, inputs: Inputs, *, shown: bool = False) -> Supervisor:
    """The supervised processes for these inputs, not yet started. `shown`: the camera gives pictures to whoever asks.

    Raises PublishError for an endpoint or keys that cannot be used, IsolationError where processes must give up the
    network and cannot, RoomError where the machine has too little memory or disk, RecordError where a recording would
    not find room.
    """
    check_publishing(config.publish.endpoint, config.publish.keys_folder, config.publish.bus)
    isolated = isolates(config)
    record = config.record
    workers = workers_for(
        camera=inputs.camera is not None, microphone=inputs.microphone is not None, recorded=record.folder is not None
    )
    recording = None if inputs.source == "live" or is_address(inputs.source) else Path(inputs.source)
    plugged = Roster(config.modalities, isolated=isolated).of(recording)
    if record.folder is not None:
        check_space(Path(record.folder).expanduser(), record.spare_mb)
    names = [*(worker.name for worker in workers), *(each.name for each in plugged)]
    require(names, weights_mb(parse(config.speech.engine).path))
    folder = private_folder()
    session, origin_unix_ns = uuid.uuid4().hex[:12], wall_unix_ns()
    kept = None if record.folder is None else str(place(Path(record.folder), session, origin_unix_ns))
    modalities = tuple(worker.modality.value for worker in workers if worker.modality is not None)
    assignments: dict[WorkerName, Assignment] = {
        worker.name: Assignment(
            name=worker.name,
            folder=str(folder),
            config=config,
            session=session,
            source=inputs.source,
            camera=inputs.camera,
            microphone=inputs.microphone,
            modalities=modalities,
            isolated=isolated,
            plugged=plugged,
            origin_unix_ns=origin_unix_ns,
            record=kept,
            shown_at=endpoint(folder, "picture") if shown and worker.name == "camera" else None,
        )
        for worker in workers
    }
    beside = [Worker(each.name, tier=0, modality=each.modality, plug_in=True) for each in plugged]
    assignments |= {
        each.name: msgspec.structs.replace(
            assignments["fusion"], name=each.name, source="live" if each.is_live else each.location
        )
        for each in plugged
    }
    return Supervisor([*workers, *beside], assignments, folder)


def _recording(config: Config, location: str) -> Inputs:
    """A recording's tracks, each unless it is switched off by `none`. A folder is what --record made."""
    path = None if "://" in location else Path(location).expanduser()
    recording = probe_apart(
        location if path is None else played(path) if path.is_dir() else path,
        isolated=config.privacy.network_isolation != "off",
    )
    seen = recording.has_video and config.camera.device != _NONE
    heard = recording.has_audio and config.microphone.device != _NONE
    if not (seen or heard):
        raise CaptureError(Problem.EMPTY, f"Nothing is left of {location} with what is switched off by none.")
    return Inputs(recording.location, recording.location if seen else None, recording.location if heard else None)


def _fed(config: Config, feed: str) -> Inputs:
    """Pictures and sound from one feed, each unless it is switched off by `none`."""
    camera = None if config.camera.device == _NONE else feed
    microphone = None if config.microphone.device == _NONE else feed
    if camera is None and microphone is None:
        raise CaptureError(Problem.EMPTY, f"Nothing is left of the feed at {feed} with what is switched off by none.")
    check_feed(feed)
    return Inputs("live", camera, microphone)


def _chosen(device: str | int, default: Callable[[], str | int | None]) -> str | int | None:
    if device == _AUTO:
        return default()
    if isinstance(device, str) and is_feed(device):
        check_feed(device)
    return None if device == _NONE else device


def _remark(config: Config, camera: str | int | None, microphone: str | int | None) -> str:
    if camera is None and config.camera.device == _AUTO:
        return "No camera found: listening only."
    if microphone is None and config.microphone.device == _AUTO:
        return "No microphone found: watching only; without speech there is no sarcasm to estimate."
    return ""
