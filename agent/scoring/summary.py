"""A scored recording's figures, and what they came from: kept beside the results, so that these are not made twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

import msgspec

from agent import __version__
from agent.config import Config
from agent.report.findings import SARCASTIC_FROM
from agent.scoring.recordings import SUMMARY
from deadpan.messages import Utterance
from encoders.shipped import SUMS


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What one recording came to. Sentiments and `sarcasm` are means over its utterances, by their duration; None where
    nothing was said of them.
    """

    recording: str
    """The file's name."""
    session: str
    """Made from the file's content."""
    settings: str
    """Made from all that the results depend on beside it: see `fingerprint`."""
    model: str
    duration_s: float
    estimates: int
    utterances: int
    words: int
    sarcastic: int
    """Utterances as probable to be sarcastic as the state `on` asks for: 0.6 and above."""
    sarcasm: float | None
    literal: float | None
    delivered: float | None
    intended: float | None
    losses: str
    """What the recording lost on the way, for instance `truncated 1`; empty when nothing."""


class Tally:
    """Utterances in, their sums out."""

    def __init__(self) -> None:
        self.utterances = self.words = self.sarcastic = 0
        self._sums: dict[str, tuple[float, int]] = {}

    def add(self, utterance: Utterance) -> None:
        """Count an utterance."""
        self.utterances += 1
        self.words += len(utterance.words)
        self.sarcastic += utterance.sarcasm.probability is not None and utterance.sarcasm.probability >= SARCASTIC_FROM
        feelings = utterance.sentiment
        for name, value in (
            ("sarcasm", utterance.sarcasm.probability),
            ("literal", feelings.literal),
            ("delivered", feelings.delivered),
            ("intended", feelings.intended),
        ):
            if value is not None:
                total, weight_ns = self._sums.get(name, (0.0, 0))
                duration_ns = max(1, utterance.end_ns - utterance.start_ns)
                self._sums[name] = total + value * duration_ns, weight_ns + duration_ns

    def mean(self, name: str) -> float | None:
        """The mean of sarcasm, literal, delivered or intended, by duration; None without any."""
        total, weight_ns = self._sums.get(name, (0.0, 0))
        return round(total / weight_ns, 4) if weight_ns else None


def fingerprint(config: Config) -> str:
    """What the results depend on beside the recording, in twelve digits: version, weights, and the settings that count
    when a recording is scored. `config` has its speech engine decided.
    """
    counts = (config.camera.rate_hz, config.speech, config.modalities, config.fusion, config.publish.stream)
    digest = hashlib.sha256(msgspec.json.encode((__version__, counts)))
    for package in ("encoders", "fusion"):
        digest.update(files(package).joinpath("weights", SUMS).read_bytes())
    return digest.hexdigest()[:12]


def combined(settings: str, also_read: Iterable[Path]) -> str:
    """A fingerprint of the settings and of files on which one recording's results depend as well, if there are any."""
    digest = hashlib.sha256(settings.encode())
    files = list(also_read)
    for each in files:
        digest.update(each.name.encode())
        digest.update(hashlib.sha256(each.read_bytes()).digest())
    return digest.hexdigest()[:12] if files else settings


def read(folder: Path) -> Summary | None:
    """The summary in a folder of results; None where there is none that can be read."""
    try:
        return msgspec.json.decode((folder / SUMMARY).read_bytes(), type=Summary)
    except (OSError, msgspec.DecodeError):  # ValidationError is one, too
        return None


def to_json(summary: Summary) -> bytes:
    """The file's text, indented for people."""
    return msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n"
