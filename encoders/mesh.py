"""Pictures in, 478 face landmarks out: MediaPipe's face mesh, the model inside the mediapipe 0.10.21 wheel."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import ModuleType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from encoders.bundled import bundled

LANDMARKS = 478

_BLANK = np.zeros((8, 8, 3), np.uint8)
_UNUSED = ("matplotlib", "matplotlib.pyplot", "sounddevice")
"""What mediapipe imports for things nobody here asks of it: to draw, which leaves a cache of fonts in the home folder
and takes longer than all the rest and 50 MB, and to record sound, for which it turns to the sound server.
"""


class LandmarkModel(Protocol):
    """Finds the face in each picture of one stream; it may follow it from picture to picture."""

    def locate(self, rgb: NDArray[np.uint8], /) -> NDArray[np.float32] | None:
        """Landmarks [478, 3] in pixels (x right, y down, z away from the camera), or None when no face is seen."""
        ...

    def restart(self) -> None:
        """Forget the face that was being followed."""
        ...


class FaceMeshLandmarks:
    """The face mesh with refined lips and irises. It follows one face, so it serves one stream at a time."""

    def __init__(self) -> None:
        bundled("mediapipe")
        # Imported here: the import takes a second and reads protobuf files, and only a live face encoder needs it.
        with _unloaded(*_UNUSED):
            from mediapipe.python.solutions.face_mesh import FaceMesh

        with _without_stderr():
            self._mesh = FaceMesh(refine_landmarks=True, max_num_faces=1)
            self._mesh.process(_BLANK)  # its graph starts, and talks, with the first picture
        self._greeted = False  # it talks once more with the first face

    def locate(self, rgb: NDArray[np.uint8], /) -> NDArray[np.float32] | None:
        height, width = rgb.shape[:2]
        if min(height, width) == 0:
            return None
        with nullcontext() if self._greeted else _without_stderr():
            faces = self._mesh.process(np.ascontiguousarray(rgb)).multi_face_landmarks
        if not faces:
            return None
        self._greeted = True
        points = np.array([(point.x, point.y, point.z) for point in faces[0].landmark], np.float32)
        return points * np.array([width, height, width], np.float32)  # z is scaled as x is

    def restart(self) -> None:
        with _without_stderr():
            self._mesh.reset()
            self._mesh.process(_BLANK)
        self._greeted = False

    def close(self) -> None:
        self._mesh.close()


@contextmanager
def _unloaded(*names: str) -> Iterator[None]:
    """Importing these does nothing meanwhile. Those that somebody has loaded already are left alone."""
    empty = {name: ModuleType(name) for name in names if name not in sys.modules}
    for name, module in empty.items():
        sys.modules[name] = module
        package, _, child = name.rpartition(".")
        if package:
            setattr(sys.modules[package], child, module)
    try:
        yield
    finally:
        for name, module in empty.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


@contextmanager
def _without_stderr() -> Iterator[None]:
    """Sends the process's standard error nowhere meanwhile.

    MediaPipe's native code greets there on every start, under no variable's control; Python's own errors are raised.
    """
    try:
        kept = os.dup(2)
    except OSError:  # a process without standard error has nothing to silence
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
