"""A picture of a recording and its moment in; the picture with the face's lines, the caption and the curves out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from agent.report.captions import Caption, captions
from agent.report.findings import Findings
from agent.report.lettering import Colour, Picture, put, width_px
from agent.report.panel import INK, PAPER, SARCASM, Panel
from encoders.mesh import LandmarkModel
from encoders.outline import STROKES

_FACE: Colour = (76, 220, 190)
_NARROWEST, _WIDEST = 640, 960


class Burner:
    """Draws over one recording's pictures, which come in order; `landmarks` finds the face in each."""

    def __init__(self, findings: Findings, landmarks: LandmarkModel) -> None:
        self._captions = list(captions(findings.utterances(), hints=findings.hints))
        self._starts_ns = [caption.start_ns for caption in self._captions]
        self._findings = findings
        self._landmarks = landmarks
        self._panel: Panel | None = None

    def burn(self, rgb: Picture, at_ns: int) -> Picture:
        """uint8 [height, width, 3], both even: the picture as wide as the first one was made, the panel below it."""
        if self._panel is None:
            width = min(_WIDEST, max(_NARROWEST, rgb.shape[1])) // 2 * 2
            self._panel = Panel(self._findings.estimates(), width)
        curves = self._panel.draw(at_ns)
        found = self._landmarks.locate(rgb)
        scale = curves.shape[1] / rgb.shape[1]
        size = curves.shape[1], max(2, round(rgb.shape[0] * scale) // 2 * 2)
        shown = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR))
        picture = shown.astype(np.uint8, copy=False)
        if found is not None:
            _draw_face(picture, found[:, :2] * scale)
        self._caption(picture, at_ns)
        return np.concatenate([picture, curves])

    def _caption(self, picture: Picture, at_ns: int) -> None:
        place = bisect_right(self._starts_ns, at_ns) - 1
        if place < 0 or at_ns >= self._captions[place].end_ns:
            return
        height, width = picture.shape[:2]
        letters = max(14, width // 30)
        lines = list(_lines(self._captions[place]))
        widths = [width_px(text, letters, italic=italic) for text, _, italic in lines]
        step, margin = round(letters * 1.3), letters // 2
        bottom = height - margin
        top = bottom - step * len(lines) - margin
        left, right = (width - max(widths)) // 2 - margin, (width + max(widths)) // 2 + margin
        box = picture[max(0, top) : bottom, max(0, left) : right]
        box[:] = (box * 0.3 + np.array(PAPER) * 0.7).astype(np.uint8)
        for row, ((text, colour, italic), wide) in enumerate(zip(lines, widths, strict=True)):
            at = (width - wide) // 2, top + margin // 2 + round((row + 0.5) * step)
            put(picture, text, at, letters, colour, italic=italic)


def blank_pictures(duration_ns: int, rate_hz: int) -> Iterator[tuple[Picture, int]]:
    """What stands for the pictures of a recording that has none, with their moments."""
    empty = np.empty((160, _NARROWEST, 3), np.uint8)
    empty[:] = PAPER
    for number in range(max(1, duration_ns * rate_hz // 1_000_000_000)):
        yield empty, number * 1_000_000_000 // rate_hz


def _lines(caption: Caption) -> Iterator[tuple[str, Colour, bool]]:
    """Each line with its colour, and whether it is in italics."""
    for line in caption.lines:
        yield line, INK, False
    if caption.hint:
        yield caption.hint, SARCASM, True


def _draw_face(picture: Picture, points: Iterable[Iterable[float]]) -> None:
    """All landmarks as dots, and the lines that make a face of them. `points`: [478, 2], in pixels."""
    sixteenths = np.rint(np.asarray(points) * 16).astype(np.int32)  # cv2's fixed point, for smooth lines
    pixels = np.rint(np.asarray(points)).astype(int)
    x, y = pixels[((pixels >= 0) & (pixels < (picture.shape[1], picture.shape[0]))).all(axis=1)].T
    picture[y, x] = (picture[y, x] * 0.4 + np.array(_FACE) * 0.6).astype(np.uint8)
    for stroke in STROKES.values():
        cv2.polylines(picture, [sixteenths[list(stroke)]], False, _FACE, 1, cv2.LINE_AA, shift=4)
