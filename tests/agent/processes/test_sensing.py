"""A plug-in's encoder is held to what was declared of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from agent.plug_ins.declaration import PlugInError
from agent.plug_ins.roster import Plugged
from agent.processes.sensing import Encoded, Sensing
from agent.processes.wire import Bound, Ended, Value
from encoders.samples import Embedding, Interval, Measurement, Modality

HEART = Modality("heart")
PLUGGED = Plugged("heart", "strap.csv", 2, 5.0)


class Late:
    """Gives each embedding with the measurement after it."""

    dim = 2

    def __init__(self, modality: Modality = HEART, width: int = 2) -> None:
        self.modality = modality
        self._width = width
        self._held: list[Embedding] = []

    def push(self, measurement: Measurement, /) -> Sequence[Embedding]:
        vector = np.full(self._width, measurement.values[0], np.float32)
        made = Embedding(measurement.seq, self.modality, Interval(0, measurement.pts_ns), vector, 1.0)
        given, self._held = self._held, [made]
        return given

    def flush(self) -> Sequence[Embedding]:
        return self._held

    def reset(self) -> None:
        self._held = []


class Written:
    """What was written, and how it ended."""

    def __init__(self) -> None:
        self.values: list[Value] = []
        self.last: Ended | None = None

    def send(self, value: Value) -> None:
        self.values.append(value)

    def conclude(self, value: Ended, goes_on: Callable[[], bool]) -> None:
        assert goes_on()
        self.last = value


def _measured(seq: int) -> Measurement:
    return Measurement(seq, (seq + 1) * 1000, np.array([70.0 + seq]))


def test_embeddings_go_out_with_their_watermarks_and_the_last_of_them_before_the_end() -> None:
    out = Written()
    encoded = Encoded(Sensing(PLUGGED, Late()), out)
    for seq in range(2):
        encoded.send(_measured(seq))
    assert [value for value in out.values if isinstance(value, Bound)] == [Bound(HEART, 1000)]
    encoded.conclude(Ended("heart", {"malformed": 1}), lambda: True)
    assert [value for value in out.values if isinstance(value, Bound)] == [Bound(HEART, 1000), Bound(HEART, 2000)]
    assert [value.seq for value in out.values if isinstance(value, Embedding)] == [0, 1]
    assert out.last == Ended("heart", {"malformed": 1})


@pytest.mark.parametrize(
    ("encoder", "said"),
    [(Late(width=3), "declares vectors of 2, and gives 3 of heart"), (Late(Modality.VOICE), "gives 2 of voice")],
)
def test_what_was_not_declared_is_refused(encoder: Late, said: str) -> None:
    sensing = Sensing(PLUGGED, encoder)
    list(sensing.push(_measured(0)))
    with pytest.raises(PlugInError, match=said):
        list(sensing.push(_measured(1)))
