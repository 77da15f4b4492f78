"""The seam every encoder fits: stamped samples in, embeddings out, whatever the chunking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from encoders.samples import Embedding, Modality

Sample_contra = TypeVar("Sample_contra", contravariant=True)


class Encoder(Protocol[Sample_contra]):
    """One stream's encoder. It holds the stream's state; the weights are a separate object given to it.

    The embeddings for a stream do not depend on how the stream was cut into samples, and later samples never change
    embeddings already returned.
    """

    @property
    def modality(self) -> Modality: ...

    @property
    def dim(self) -> int:
        """Length of every embedding's vector."""
        ...

    def push(self, sample: Sample_contra, /) -> Sequence[Embedding]:
        """Take the next sample in time; return the embeddings that became certain by it."""
        ...

    def flush(self) -> Sequence[Embedding]:
        """End the stream: return what was still held back. Push nothing after it but a reset."""
        ...

    def reset(self) -> None:
        """Forget the stream (device lost, new person); keep the weights."""
        ...
