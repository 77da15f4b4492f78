"""Pictures in, 478 face landmarks out: MediaPipe's face mesh, the model inside the mediapipe 0.10.21 wheel."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from encoders.bundled import bundled

LANDMARKS = 478

_BLANK = np.zeros((8, 8, 3), np.uint8)
_GRAPH = "modules/face_landmark/face_landmark_front_cpu.binarypb"
_FOUND = "multi_face_landmarks"
_FRAME_US = 33_333
_LANDMARK_BYTES, _TAGS = 17, {0: b"\x0a", 1: b"\x0f", 2: b"\x0d", 7: b"\x15", 12: b"\x1d"}
"""A landmark as protobuf writes it (protobuf.dev/programming-guides/encoding): the tag and the length of a message, in
that three numbers of 4 bytes, each after its tag.
"""
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
        folder = bundled("mediapipe")
        with _without_stderr():
            self._graph = FaceGraph(folder)
            self._graph.process(_BLANK)  # it starts, and talks, with the first picture
        self._greeted = False  # it talks once more with the first face

    def locate(self, rgb: NDArray[np.uint8], /) -> NDArray[np.float32] | None:
        height, width = rgb.shape[:2]
        if min(height, width) == 0:
            return None
        with nullcontext() if self._greeted else _without_stderr():
            face = self._graph.process(np.ascontiguousarray(rgb))
        if face is None:
            return None
        self._greeted = True
        return points_in(face) * np.array([width, height, width], np.float32)  # z is scaled as x is

    def restart(self) -> None:
        with _without_stderr():
            self._graph.restart()
            self._graph.process(_BLANK)
        self._greeted = False

    def close(self) -> None:
        self._graph.close()


class FaceGraph:
    """MediaPipe's graph by itself: that of its FaceMesh, with refined landmarks of one face, and nothing around it."""

    def __init__(self, folder: Path) -> None:
        """Start the graph in `folder`, where mediapipe is installed."""
        # Imported here: the import takes a second and reads protobuf files, and only a live face encoder needs it.
        with _unloaded(*_UNUSED):
            import mediapipe
        from mediapipe.python import packet_creator, packet_getter

        mediapipe.resource_util.set_resource_dir(str(folder.parent))
        self._image, self._messages = packet_creator.create_image, packet_getter.get_proto_list
        self._colours = mediapipe.ImageFormat.SRGB
        self._settings = {
            "num_faces": packet_creator.create_int(1),
            "with_attention": packet_creator.create_bool(True),
            "use_prev_landmarks": packet_creator.create_bool(True),
        }
        self._found: list[Any] = []
        self._at_us = 0
        self._graph: Any = mediapipe.CalculatorGraph(binary_graph_path=str(folder / _GRAPH))
        found = self._found  # who held `self` there would keep the graph and its threads for good
        self._graph.observe_output_stream(_FOUND, lambda _, packet: found.append(packet))
        self._graph.start_run(self._settings)

    def process(self, rgb: NDArray[np.uint8]) -> bytes | None:
        """The landmarks of the face in a picture, as protobuf writes them; None when none is seen."""
        self._at_us += _FRAME_US
        self._found.clear()
        image = self._image(rgb, image_format=self._colours)
        self._graph.add_packet_to_input_stream("image", image, self._at_us)
        self._graph.wait_until_idle()
        faces = self._messages(self._found[0]) if self._found else ()
        return bytes(faces[0].SerializeToString()) if faces else None

    def restart(self) -> None:
        """Forget the face that was being followed."""
        self._graph.close()
        self._graph.start_run(self._settings)

    def close(self) -> None:
        """End its threads. It is of no more use then."""
        self._graph.close()
        self._graph = None  # its threads end with the last who holds it, not before


def points_in(face: bytes) -> NDArray[np.float32]:
    """Landmarks [478, 3], x and z in widths, y in heights of the picture.

    Raises ValueError for a message of another layout. To read one attribute after another takes ten times as long.
    """
    size = LANDMARKS * _LANDMARK_BYTES
    if len(face) == size and all(face[at::_LANDMARK_BYTES] == tag * LANDMARKS for at, tag in _TAGS.items()):
        numbers: NDArray[np.float32] = np.ndarray((LANDMARKS, 3), "<f4", face, 3, (_LANDMARK_BYTES, 5))
        return numbers.astype(np.float32)
    raise ValueError(f"mediapipe's landmarks are laid out as {face[:20]!r}, not as version 0.10.21 does it")


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
