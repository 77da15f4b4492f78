"""One recording four ways, compared tick by tick: scored at full speed, played at real time, fed, and shown to devices.

Played at real time, a recording goes through the processes of a live session. Shown to a camera and a microphone of the
test's own, it also passes PulseAudio, ALSA, PortAudio and resampling on one side, JPEG and a network on the other, and
is sampled at other moments than the file was: its pictures up to a fifteenth of a second apart, its hops up to a tenth.
Fed by another program that says when all of it was heard and seen, it is sampled at other moments too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

import deadpan
from agent.capture.recording import RecordingAudio, RecordingVideo
from agent.session import demo_location
from deadpan.messages import Estimate, Health, Message, Utterance, Welcome, from_body
from deadpan.subscription import TypeName
from tests.agent.capture.films import beginning
from tests.integration.processes import PATIENCE_S, finished, started
from tests.integration.test_feed import feeder
from tests.stand_ins.ear import EAR_RATE_HZ, Ear
from tests.stand_ins.mjpeg import MjpegServer, encode_jpeg
from tests.stand_ins.pulse import PulseServer, pulse_is_installed

PIECE_S = 7.0  # of the demo: two lines, and the pause that ends the second
TICK_NS = 200_000_000
NS_PER_S = 1_000_000_000
# Of what depends on words, at the median and at p80: they reach a tick with one partial transcript or the next, which
# may be read differently ("The" for "The story is"). Measured in four runs through devices, at a load of 7 to 12: at
# most 0.02 and 0.03 for sarcasm, 0.02 and 0.04 for what is intended, 0.04 and 0.16 for the text's own sarcasm.
TOLERANCE = {
    "sarcasm": (0.04, 0.1),
    "intended": (0.04, 0.15),
    "literal": (0.04, 0.15),
    "text sentiment": (0.04, 0.15),
    "text sarcasm": (0.1, 0.25),
}
_RELIEFS = ("chunks_without_partials", "chunks_without_decoding", "refused")
TYPES: tuple[TypeName, ...] = ("welcome", "estimate", "utterance", "health")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a way through the agent came to: final estimates by the end of their stretch, and utterances."""

    began_ns: int
    """When the recording began, on the session's axis."""
    finals: dict[int, Estimate]
    utterances: list[Utterance]
    frames_missed: int
    behind: tuple[str, ...]
    """How it was told that this machine could not keep up, if it was: then a live session leaves out what replay
    does not, which is what it is to do.
    """


def outcome(messages: Iterable[Message], began_ns: int = 0) -> Outcome:
    kept = list(messages)
    finals = {m.end_ns - began_ns: m for m in kept if isinstance(m, Estimate) and m.final and m.end_ns > began_ns}
    behind: set[str] = set()
    frames_missed = 0
    for health in (m for m in kept if isinstance(m, Health)):
        if health.pace.level > 0:
            behind.update(health.reasons)
        for worker in health.workers.values():
            behind.update(cause for cause in _RELIEFS if worker.counters.get(cause))
        if "face" in health.workers:
            counters = health.workers["face"].counters
            frames_missed = sum(counters.get(cause, 0) for cause in ("missed", "skipped", "thinned"))
    utterances = [m for m in kept if isinstance(m, Utterance)]
    return Outcome(began_ns, finals, utterances, frames_missed, tuple(sorted(behind)))


@pytest.fixture(scope="module")
def piece(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return beginning(demo_location(), tmp_path_factory.mktemp("piece") / "piece.mp4", PIECE_S)


@pytest.fixture(scope="module")
def scored(piece: Path) -> Outcome:
    out = piece.parent / "scored"
    result = finished("score", str(piece), "--out", str(out))
    assert result.returncode == 0, result.stderr
    lines = [(out / "piece" / f"{name}.jsonl").read_bytes().splitlines() for name in ("estimates", "utterances")]
    return outcome(map(from_body, chain(*lines)))


def played(piece: Path, folder: Path) -> Outcome:
    """The recording at real time."""
    endpoint = f"ipc://{folder}/out"
    command = ("run", "--source", str(piece), "--json", "--revisions", "--publish", endpoint)
    with deadpan.subscribe(endpoint, types=["health"]) as subscription, started(*command) as process:
        out, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, err
        healths: list[Message] = []
        while (message := subscription.receive(0.2)) is not None:
            healths.append(message)
    return outcome([*map(from_body, out.encode().splitlines()), *healths])


def shown_to_devices(piece: Path, folder: Path) -> Outcome:
    """The recording before a camera and a microphone, from a tick of the session on; before it there is nothing."""
    with RecordingVideo(piece, max_rate_hz=1000.0) as video:
        film = [encode_jpeg(frame.rgb) for frame in video]
    sound = sound_at_ear_rate(piece)
    endpoint = f"ipc://{folder}/out"
    with (
        PulseServer() as pulse,
        Ear(pulse) as ear,
        MjpegServer(rate_hz=25, size=(640, 480)) as camera,
        deadpan.subscribe(endpoint, types=TYPES, timeout_s=PATIENCE_S) as subscription,
        started(
            *("run", "--source", "live", "--camera", camera.address, "--microphone", "pulse", "--publish", endpoint),
            env=pulse.environment,
        ),
    ):

        def show(monotonic_ns: int) -> None:
            camera.play(film, monotonic_ns)
            ear.hear(sound, monotonic_ns)

        return estimated(subscription, show, settled_ticks=5, ahead_ticks=5)  # by then both devices deliver


def fed(piece: Path, folder: Path) -> Outcome:
    """The recording from another program, from a tick of the session on; before it there is nothing."""
    feed, endpoint = f"ipc://{folder}/feed", f"ipc://{folder}/out"
    with (
        feeder(feed, str(piece), "once") as feeding,
        deadpan.subscribe(endpoint, types=TYPES, timeout_s=PATIENCE_S) as subscription,
        started("run", "--source", feed, "--publish", endpoint),
    ):

        def show(monotonic_ns: int) -> None:
            assert feeding.stdin is not None
            feeding.stdin.write(f"{monotonic_ns}\n")
            feeding.stdin.flush()

        return estimated(subscription, show, ahead_ticks=10)  # for the feeder to open the recording


def estimated(
    subscription: Iterable[Message], show: Callable[[int], None], *, settled_ticks: int = 0, ahead_ticks: int
) -> Outcome:
    """Have the recording shown from a tick of a session on, told as a moment of the machine's clock; read to its end.

    That tick lies so far ahead of an estimate, before which there were as many as the session was given to settle.
    """
    messages: list[Message] = []
    origin_ns = began_ns = 0
    for message in subscription:
        messages.append(message)
        assert len(messages) < 2000, "the recording was not estimated to its end"
        match message:
            case Welcome():
                origin_ns = message.origin_monotonic_ns
            case Estimate(revision=0) if not began_ns and origin_ns and message.seq >= settled_ticks:
                began_ns = message.end_ns + ahead_ticks * TICK_NS
                show(origin_ns + began_ns)
            case Estimate(final=True) if began_ns and message.end_ns >= began_ns + PIECE_S * NS_PER_S:
                break
    return outcome(messages, began_ns)


def sound_at_ear_rate(piece: Path) -> NDArray[np.float32]:
    with RecordingAudio(piece) as audio:
        pcm = np.concatenate([chunk.pcm for chunk in audio])
    return np.asarray(soxr.resample(pcm, 16_000, EAR_RATE_HZ), np.float32)


def numbers(estimate: Estimate) -> dict[str, float | None]:
    """What an estimate says, by name."""
    said = {
        "sarcasm": estimate.sarcasm.probability,
        "literal": estimate.sentiment.literal,
        "delivered": estimate.sentiment.delivered,
        "intended": estimate.sentiment.intended,
    }
    for name, reading in estimate.modalities.items():
        said |= {f"{name} sarcasm": reading.sarcasm, f"{name} sentiment": reading.sentiment}
    return said


def apart(live: Outcome, scored: Outcome) -> dict[str, NDArray[np.float64]]:
    """How far each number is from the scored one, over the ticks; infinite where only one of them has it."""
    found: dict[str, list[float]] = {}
    for end_ns, replayed in scored.finals.items():
        here = numbers(live.finals[end_ns])
        for name, there in numbers(replayed).items():
            found.setdefault(name, []).append(_distance(here[name], there))
    return {name: np.array(distances) for name, distances in found.items()}


def _distance(one: float | None, other: float | None) -> float:
    if one is None or other is None:
        return 0.0 if one is other else np.inf
    return abs(one - other)


def content(estimate: Estimate) -> tuple[object, ...]:
    """All of an estimate but when it was made."""
    e = estimate
    return e.seq, e.start_ns, e.sarcasm, e.sentiment, e.incongruity, e.confidence, e.modalities, e.cues


def words(heard: Outcome) -> list[tuple[str, float, float]]:
    """Each word with its start and end, in ms of the recording."""
    return [
        (word.text, (word.start_ns - heard.began_ns) / 1e6, (word.end_ns - heard.began_ns) / 1e6)
        for utterance in heard.utterances
        for word in utterance.words
    ]


def assert_what_no_overload_touches_is_equal(live: Outcome, scored: Outcome) -> None:
    """A machine that cannot keep up looks at fewer pictures and reads unfinished utterances less often, and no more."""
    assert [u.text for u in live.utterances] == [u.text for u in scored.utterances]
    assert words(live) == words(scored)
    for end_ns, final in scored.finals.items():
        here, there = live.finals[end_ns].modalities["voice"], final.modalities["voice"]
        assert (here.status, here.sarcasm, here.sentiment) == (there.status, there.sarcasm, there.sentiment)


def complaints_of_playing(live: Outcome, scored: Outcome) -> list[str]:
    """At real time the samples are the same. So is all else, unless a frame was missed: newer ones are preferred."""
    found = []
    if live.finals.keys() != scored.finals.keys():
        return [f"{len(live.finals)} ticks"]
    equal = sum(content(live.finals[end_ns]) == content(final) for end_ns, final in scored.finals.items())
    if live.frames_missed == 0 and equal < 0.95 * len(scored.finals):
        found.append(f"{equal} of {len(scored.finals)} ticks are equal")
    distances = apart(live, scored)
    within = np.mean([np.max(tick) <= 0.05 for tick in zip(*distances.values(), strict=True)])
    if within < 0.95:
        found.append(f"{within:.0%} of the ticks are within 0.05")
    return found


def complaints_of_showing(live: Outcome, scored: Outcome) -> list[str]:
    """Through devices the samples are others of the same sound: a recognizer may take one word of it for another, and
    what is estimated inside an utterance then shifts with that word's length.
    """
    if [len(u.words) for u in live.utterances] != [len(u.words) for u in scored.utterances]:
        return [f"words differ: {words(live)}"]
    found = []
    if sum(_bare(here[0]) != _bare(there[0]) for here, there in zip(words(live), words(scored), strict=True)) > 1:
        found.append(f"words differ: {words(live)}")
    off_ms = np.array([np.subtract(h[1:], t[1:]) for h, t in zip(words(live), words(scored), strict=True)])
    # Measured: most edges are within a hundredth of a second; about one of six falls into the next bracket of 0.19 s.
    if np.median(np.abs(off_ms)) > 30 or np.percentile(np.abs(off_ms), 80) > 260:
        found.append(f"words are off by {np.round(off_ms).tolist()} ms")
    if not scored.finals.keys() <= live.finals.keys():
        return [*found, f"{len(live.finals)} ticks"]
    for name, distances in apart(live, scored).items():
        median, p80 = (np.percentile(distances, share, method="higher") for share in (50, 80))
        most_at_median, most = TOLERANCE.get(name, (0.04, 0.06))
        if median > most_at_median or p80 > most:
            found.append(f"{name} is off by {median:.3f} at the median, by {p80:.3f} at p80")
    for one, other in zip(live.utterances, scored.utterances, strict=True):
        if _distance(one.sarcasm.probability, other.sarcasm.probability) > 0.1:
            found.append(f"{other.text!r} has {one.sarcasm} instead of {other.sarcasm}")
    return found


def _bare(word: str) -> str:
    return word.lower().strip(".,!?")


def settle(run: Callable[[], Outcome], complain: Callable[[Outcome], list[str]]) -> None:
    """Fail for any complaint, but that a session which says itself that it could not keep up is given another chance,
    and after that excused: what it leaves out then, it is to leave out.
    """
    for _ in range(2):
        live = run()
        complaints = complain(live)
        if not complaints:
            return
        if not live.behind:
            pytest.fail("; ".join(complaints))
    pytest.skip(f"this machine cannot keep up ({'; '.join(live.behind)}): {'; '.join(complaints)}"[:1000])


def test_a_recording_played_at_real_time_comes_to_what_scoring_it_does(
    piece: Path, scored: Outcome, tmp_path: Path
) -> None:
    assert len(scored.finals) == PIECE_S * NS_PER_S / TICK_NS
    assert len(scored.utterances) == 2

    def complaints(live: Outcome) -> list[str]:
        if "chunks_without_decoding" not in live.behind:
            assert_what_no_overload_touches_is_equal(live, scored)
        return complaints_of_playing(live, scored)

    settle(lambda: played(piece, tmp_path), complaints)


def test_a_recording_fed_by_another_program_comes_to_nearly_what_scoring_it_does(
    piece: Path, scored: Outcome, tmp_path: Path
) -> None:
    settle(lambda: fed(piece, tmp_path), lambda live: complaints_of_showing(live, scored))


@pytest.mark.skipif(not pulse_is_installed(), reason="needs PulseAudio and its ALSA plugin")
def test_a_recording_shown_to_devices_comes_to_nearly_what_scoring_it_does(
    piece: Path, scored: Outcome, tmp_path: Path
) -> None:
    settle(lambda: shown_to_devices(piece, tmp_path), lambda live: complaints_of_showing(live, scored))
