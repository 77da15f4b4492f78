"""A plug-in's measurements in; its embeddings, their watermarks and the end of its stream out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from agent.plug_ins.declaration import PlugInError
from agent.plug_ins.roster import Plugged
from agent.processes.wire import Bound, Ended, Value
from encoders.base import Encoder
from encoders.samples import Embedding, Measurement


class Sensing:
    """A plug-in's encoder, held to what was declared of it: it cannot be tested here, and fusion counts on it."""

    def __init__(self, plugged: Plugged, encoder: Encoder[Measurement]) -> None:
        self._modality, self._dim, self._encoder = plugged.modality, plugged.dim, encoder

    def push(self, measurement: Measurement) -> Iterator[Value]:
        """What becomes certain by a measurement."""
        return self._emit(self._encoder.push(measurement))

    def end(self, losses: Mapping[str, int]) -> Iterator[Value]:
        """The last of it, with what its source lost."""
        yield from self._emit(self._encoder.flush())
        yield Ended(self._modality, dict(losses))

    def _emit(self, embeddings: Iterable[Embedding]) -> Iterator[Value]:
        for embedding in embeddings:
            told = embedding.modality, embedding.vector.shape
            if told != (self._modality, (self._dim,)):
                raise PlugInError(
                    f"the plug-in for {self._modality} declares vectors of {self._dim}, and gives"
                    f" {' by '.join(map(str, told[1]))} of {told[0]}"
                )
            yield embedding
            yield Bound(self._modality, embedding.interval.end_ns)


class Writer(Protocol):
    """Where a process's values go."""

    def send(self, value: Value) -> None: ...

    def conclude(self, value: Ended, goes_on: Callable[[], bool]) -> None: ...


class Encoded:
    """A writer that measurements are given to, and that writes what becomes of them."""

    def __init__(self, sensing: Sensing, out: Writer) -> None:
        self._sensing, self._out = sensing, out

    def send(self, measurement: Measurement) -> None:
        """Write what becomes certain by a measurement."""
        for made in self._sensing.push(measurement):
            self._out.send(made)

    def conclude(self, ended: Ended, goes_on: Callable[[], bool]) -> None:
        """Write the last of it."""
        for made in self._sensing.end(ended.losses):
            if isinstance(made, Ended):
                self._out.conclude(made, goes_on)
            else:
                self._out.send(made)
