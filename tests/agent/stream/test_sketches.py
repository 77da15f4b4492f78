"""What only eyes want: composed of what the encoders found, and sent to those who asked for it by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zmq

import deadpan
from agent.processes.soundness import is_sound
from agent.stream.composer import Composer
from agent.stream.exchange import Exchange
from agent.stream.publisher import Publisher
from encoders.outline import POINTS, STROKES
from encoders.samples import Contour, Interval, Modality, Outline
from tests.deadpan.sent import estimate, sketch
from tests.fusion.evidence import MS, evidence

TURNS = 2000
PATIENCE_S = 20.0


def _outline(points: int = POINTS) -> Outline:
    return Outline(66 * MS, 0.75, np.linspace(0, 1, 2 * points, dtype=np.float32).reshape(points, 2))


def _contour(*pitch_hz: float) -> Contour:
    values = np.array(pitch_hz, np.float32)
    return Contour(Interval(0, 16 * MS * len(values)), values, values * 0 - 20)


def test_a_face_is_told_stroke_by_stroke_and_a_voice_tone_by_tone() -> None:
    composer = Composer("s1", "default", "m")
    face, voice = (
        replace(evidence(Modality.FACE, 0, 66), outline=_outline()),
        replace(evidence(Modality.VOICE, 0, 100), contour=_contour(200, 0)),
    )
    (drawn,), (sung,) = list(composer.sketches(face, 100 * MS)), list(composer.sketches(voice, 100 * MS))
    assert drawn.face is not None
    assert {name: len(points) for name, points in drawn.face.strokes.items()} == {k: len(v) for k, v in STROKES.items()}
    assert (drawn.face.aspect, drawn.voice) == (0.75, None)
    assert drawn.start_ns == drawn.end_ns == 66 * MS
    assert sung.voice is not None
    assert [tone.pitch_hz for tone in sung.voice.tones] == [200, None]
    assert (drawn.seq, sung.seq) == (0, 1)


def test_no_face_is_told_as_one_without_strokes_and_what_was_not_looked_for_not_at_all() -> None:
    composer = Composer("s1", "default", "m")
    (blank,) = composer.sketches(replace(evidence(Modality.FACE, 0, 66), outline=_outline(0)), 0)
    assert blank.face is not None
    assert blank.face.strokes == {}
    assert list(composer.sketches(evidence(Modality.FACE, 0, 66), 0)) == []


@pytest.mark.parametrize(
    "astray",
    [
        {"outline": _outline(3)},
        {"outline": replace(_outline(), aspect=0.0)},
        {"outline": replace(_outline(), points=np.full((POINTS, 2), np.nan, np.float32))},
        {"contour": _contour(-1.0)},
        {"contour": _contour(*[100.0] * 65)},
        {"contour": replace(_contour(100), loudness_db=np.zeros(2, np.float32))},
    ],
    ids=["too few points", "no height", "not a number", "negative pitch", "too long", "uneven"],
)
def test_what_a_process_gone_astray_draws_is_left_out(astray: dict[str, object]) -> None:
    good = replace(evidence(Modality.FACE, 0, 66), outline=_outline(), contour=_contour(100, 0))
    assert is_sound(good)
    assert not is_sound(replace(good, **astray))  # type: ignore[arg-type]  # one of two fields, by name


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    publisher = Publisher(f"ipc://{tmp_path}/out")
    yield publisher
    publisher.close()


def _wait(true: Callable[[], bool], meanwhile: Callable[[], object]) -> None:
    for _ in range(TURNS):
        if true():
            return
        meanwhile()
    raise AssertionError("waited in vain")


def test_somebody_looks_on_only_while_a_subscriber_has_asked_for_sketches_by_name(
    publisher: Publisher, tmp_path: Path
) -> None:
    endpoint = f"ipc://{tmp_path}/out"
    with deadpan.subscribe(endpoint, types=("estimate", "health")) as other:
        _wait(lambda: publisher.has_newcomers, lambda: other.receive(0.01))
        assert not publisher.is_watched
        with deadpan.subscribe(endpoint, types=("sketch",)) as eyes:
            _wait(lambda: publisher.is_watched, lambda: eyes.receive(0.01))
            publisher.publish(sketch())
            publisher.publish(estimate())
            assert eyes.receive(PATIENCE_S) == sketch()
            assert other.receive(PATIENCE_S) == estimate()
        _wait(lambda: not publisher.is_watched, lambda: other.receive(0.01))


def test_a_sketch_is_of_its_moment_and_no_last_value(publisher: Publisher, tmp_path: Path) -> None:
    publisher.publish(sketch(1))
    with deadpan.subscribe(f"ipc://{tmp_path}/out", types=("sketch",)) as eyes:
        _wait(lambda: publisher.is_watched, lambda: eyes.receive(0.01))
        publisher.greet_newcomers()
        publisher.publish(sketch(2))
        assert eyes.receive(PATIENCE_S) == sketch(2)


def test_whoever_subscribes_to_everything_of_the_specification_gets_no_sketch(
    publisher: Publisher, tmp_path: Path
) -> None:
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.setsockopt(zmq.SUBSCRIBE, b"deadpan/")
        socket.connect(f"ipc://{tmp_path}/out")
        _wait(lambda: publisher.has_newcomers, lambda: socket.poll(10))
        publisher.publish(sketch())
        publisher.publish(estimate())
        assert socket.poll(round(PATIENCE_S * 1000))
        assert socket.recv_multipart()[0] == b"deadpan/1/default/estimate"


def test_a_proxy_asks_for_sketches_as_long_as_somebody_behind_it_does(tmp_path: Path) -> None:
    bus, front = f"ipc://{tmp_path}/bus", f"ipc://{tmp_path}/front"
    publisher = Publisher(f"ipc://{tmp_path}/own", bus=bus)
    exchange = Exchange(front, bus=bus)
    try:
        with deadpan.subscribe(front, types=("sketch",)) as eyes:
            seen: list[deadpan.Message | None] = []

            def turn() -> None:
                exchange.turn(10)
                seen.append(eyes.receive(0))

            _wait(lambda: publisher.is_watched, turn)
            publisher.publish(sketch())
            _wait(lambda: sketch() in seen, turn)
        _wait(lambda: not publisher.is_watched, lambda: exchange.turn(10))
    finally:
        exchange.close()
        publisher.close()
