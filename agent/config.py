"""What can be set: typed, frozen, at its default, and within its range. Where values come from: see agent.settings.

config.yaml documents each; a test holds the file and this together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from agent.errors import DeadpanError
from agent.weights.engine import AUTO, LANGUAGES, EngineError, parse
from deadpan.subscription import DEFAULT_ENDPOINT

NONE = "none"
"""What switches an input off."""


class ConfigError(DeadpanError):
    """A configuration that cannot be used. Its text names the place and what to do."""


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """device: auto, none, an index, a device path, the URL of an MJPEG or RTSP stream, or the address of a feed."""

    device: str | int = "auto"
    rate_hz: float = 15.0
    width: int = 640
    height: int = 480


@dataclass(frozen=True, slots=True)
class MicrophoneConfig:
    """device: auto, none, an index, part of a device's name, or the address of a feed."""

    device: str | int = "auto"


@dataclass(frozen=True, slots=True)
class SpeechConfig:
    """engine: see agent.weights.engine; auto is decided once a session: see agent.engines. language: a code, or auto.

    Durations are of audio: see encoders.speech.SpeechSettings.
    """

    engine: str = AUTO
    language: str = "en"
    step_s: float = 0.5
    hangover_s: float = 0.416
    max_utterance_s: float = 12.0


@dataclass(frozen=True, slots=True)
class FusionConfig:
    """The grid and its patience: see fusion.fuser. `base_rate`: the share of what is said that is expected to be meant
    otherwise.
    """

    tick_hz: float = 5.0
    window_s: float = 8.0
    max_wait_s: float = 0.15
    lateness_s: float = 3.0
    base_rate: float = 0.3


@dataclass(frozen=True, slots=True)
class PublishConfig:
    """endpoint: tcp, or ipc; tcp on any address but loopback needs keys. stream: the name subscribers see.

    keys: the folder of keys that subscribers must hold: see agent.stream.keyring. bus: a proxy to publish through, too.
    """

    endpoint: str = DEFAULT_ENDPOINT
    stream: str = "default"
    encoding: Literal["json", "msgpack"] = "json"
    keys: str | None = None
    bus: str | None = None

    @property
    def keys_folder(self) -> Path | None:
        """Where the keys are, if subscribers must hold any."""
        return None if self.keys is None else Path(self.keys).expanduser()


@dataclass(frozen=True, slots=True)
class PrivacyConfig:
    """network_isolation: processes give up what they do not need of the network: auto where the system allows it,
    required or else refuse to start, off.
    """

    network_isolation: Literal["auto", "required", "off"] = "auto"


@dataclass(frozen=True, slots=True)
class RecordConfig:
    """Whether, and where, what is seen, heard and said is kept: see agent.recorder. folder: None keeps nothing."""

    folder: str | None = None
    most_mb: float = 10_000.0
    spare_mb: float = 1000.0


@dataclass(frozen=True, slots=True)
class SupervisionConfig:
    """When a process counts as dead, and how often it is given another chance."""

    pulse_s: float = 1.0
    silence_s: float = 5.0
    start_s: float = 30.0
    stop_s: float = 2.0
    restarts: int = 5
    restarts_within_s: float = 60.0
    growth_mb: float = 1000.0


class ModalityConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """source: a file of what was measured, an address, none; null for the file beside a recording. weights: the file
    that `python -m training.plug_in` wrote, with which fusion heeds it; without one it is told of and moves nothing.
    """

    source: str | None = None
    weights: str | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that can be set. `source` is auto, live, demo, a file, a URL or the address of a feed."""

    source: str = "auto"
    camera: CameraConfig = field(default_factory=CameraConfig)
    microphone: MicrophoneConfig = field(default_factory=MicrophoneConfig)
    speech: SpeechConfig = field(default_factory=SpeechConfig)
    modalities: dict[str, ModalityConfig] = field(default_factory=dict)
    fusion: FusionConfig = field(default_factory=FusionConfig)
    publish: PublishConfig = field(default_factory=PublishConfig)
    privacy: PrivacyConfig = field(default_factory=PrivacyConfig)
    record: RecordConfig = field(default_factory=RecordConfig)
    supervision: SupervisionConfig = field(default_factory=SupervisionConfig)


def check(config: Config, where: str) -> Config:
    """The configuration, if its values are in range; else ConfigError, naming the key and `where` it came from."""
    fusion, camera, speech, supervision = config.fusion, config.camera, config.speech, config.supervision
    rules = [
        (2 <= fusion.tick_hz <= 10, "fusion.tick_hz must be between 2 and 10"),
        (1 <= fusion.window_s <= 60, "fusion.window_s must be between 1 and 60"),
        (0 <= fusion.max_wait_s <= fusion.lateness_s <= 30, "fusion needs 0 <= max_wait_s <= lateness_s <= 30"),
        (0.001 <= fusion.base_rate <= 0.999, "fusion.base_rate must be between 0.001 and 0.999"),
        (1 <= camera.rate_hz <= 60, "camera.rate_hz must be between 1 and 60"),
        (64 <= camera.width <= 4096 and 64 <= camera.height <= 4096, "camera.width and height must be 64 to 4096"),
        (
            speech.language == AUTO or speech.language in LANGUAGES,
            f"speech.language must be auto or a code such as en or de, got {speech.language}",
        ),
        (0.1 <= speech.step_s <= speech.max_utterance_s <= 30, "speech needs 0.1 <= step_s <= max_utterance_s <= 30"),
        (0.1 <= speech.hangover_s <= 2, "speech.hangover_s must be between 0.1 and 2"),
        (0.05 <= supervision.pulse_s <= 60, "supervision.pulse_s must be between 0.05 and 60"),
        (supervision.pulse_s < supervision.silence_s <= 600, "supervision.silence_s must exceed pulse_s, up to 600"),
        (
            all(0 < each <= 600 for each in (supervision.start_s, supervision.stop_s, supervision.restarts_within_s)),
            "supervision.start_s, stop_s and restarts_within_s must be above 0, up to 600",
        ),
        (0 <= supervision.restarts <= 1000, "supervision.restarts must be between 0 and 1000"),
        (10 <= supervision.growth_mb <= 1_000_000, "supervision.growth_mb must be between 10 and 1000000"),
        (1 <= config.record.most_mb <= 10_000_000, "record.most_mb must be between 1 and 10000000"),
        (10 <= config.record.spare_mb <= 10_000_000, "record.spare_mb must be between 10 and 10000000"),
        (
            re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", config.publish.stream) is not None,
            "publish.stream must be 1 to 64 letters, digits, dots, dashes or underscores",
        ),
    ]
    for holds, rule in rules:
        if not holds:
            raise ConfigError(f"{where}: {rule}")
    try:
        parse(speech.engine)
    except EngineError as error:
        raise ConfigError(f"{where}: speech.engine: {error}") from error
    return config
