"""Numbers in, the head's place in the picture out: what the face does in one frame, and how the head stands."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from training.performer.canvas import Points

_MAX_YAW, _MAX_PITCH, _MAX_ROLL = 0.30, 0.25, 0.20  # radians at 1
_SIGNED = frozenset({"smile", "asymmetry", "rounding", "gaze_x", "gaze_y", "yaw", "pitch", "roll"})


@dataclass(frozen=True, slots=True)
class FacePose:
    """What the face does in one frame. Signed: [-1, 1]; the others: [0, 1]; 0 is rest. Raises ValueError outside.

    smile: corners of the mouth up (1) or down (-1). asymmetry: the smile pulled to the picture's right (1) or left.
    rounding: lips pursed (1) or spread (-1). jaw: mouth open. blink: lids closed. gaze and head: right and down are
    positive, in the picture.
    """

    smile: float = 0.0
    asymmetry: float = 0.0
    jaw: float = 0.0
    rounding: float = 0.0
    brow_raise: float = 0.0
    brow_down: float = 0.0
    blink: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            low = -1.0 if field.name in _SIGNED else 0.0
            value = getattr(self, field.name)
            if not low <= value <= 1.0:
                raise ValueError(f"{field.name} is {value}, outside [{low:g}, 1]")


@dataclass(frozen=True, slots=True)
class Head:
    """Where a pose puts points of the face: face units (half a head high, origin between the eyes and the nose's
    root, y down) to pixels. A feature stands out of the picture plane by an ellipsoid's depth, so turning moves the
    nose further than the jaw's outline, as it does in life.
    """

    pose: FacePose
    x: float
    y: float
    scale: float

    def place(self, points: Points, *, stands_out: float = 1.0) -> Points:
        """Float [n, 2] in face units to pixels. `stands_out` scales the depth: 0 for the outline, above 1 the nose."""
        x, y = points[:, 0], points[:, 1]
        depth = stands_out * 0.75 * np.sqrt(np.clip(1.0 - (x / 0.85) ** 2 - ((y - 0.1) / 1.25) ** 2, 0.0, 1.0))
        yaw, pitch, roll = self.pose.yaw * _MAX_YAW, self.pose.pitch * _MAX_PITCH, self.pose.roll * _MAX_ROLL
        # Turning about the neck, which lies behind and below: the whole head drifts a little with it.
        x, depth = x * np.cos(yaw) + (depth + 0.15) * np.sin(yaw), depth * np.cos(yaw) - x * np.sin(yaw)
        y = y * np.cos(pitch) + (depth + 0.15) * np.sin(pitch)
        pivot = 1.2
        x, y = (
            x * np.cos(roll) - (y - pivot) * np.sin(roll),
            x * np.sin(roll) + (y - pivot) * np.cos(roll) + pivot,
        )
        return np.stack([self.x + self.scale * x, self.y + self.scale * y], axis=1)
