"""Face embeddings' vectors of the last seconds in, the face head's named statistics out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.baseline import Baseline
from encoders.head import Statistic
from encoders.shipped import shipped

WINDOW_S = 5.0
LEAST_SEEN_S = 1.0
LONGEST_STEP_S = 0.2
PRIOR_S = 5.0  # so long a stranger is compared with the training clips' mean face

CHANNELS = (
    "smile",
    "frown",
    "brow_inner",
    "brow_outer",
    "brow_down",
    "squint",
    "lids",
    "press",
    "jaw",
    "one_sided",
    "gaze_x",
    "gaze_y",
    "yaw",
    "pitch",
    "roll",
)
DEVIATION_DIMS = tuple(f"{channel}_sd" for channel in CHANNELS)
_PAIRS = {
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
    "frown": ("mouthFrownLeft", "mouthFrownRight"),
    "brow_inner": ("browInnerUp",),
    "brow_outer": ("browOuterUpLeft", "browOuterUpRight"),
    "brow_down": ("browDownLeft", "browDownRight"),
    "squint": ("eyeSquintLeft", "eyeSquintRight"),
    "lids": ("eyeBlinkLeft", "eyeBlinkRight"),
    "press": ("mouthPressLeft", "mouthPressRight"),
    "jaw": ("jawOpen",),
    "gaze_x": ("gaze_x",),
    "gaze_y": ("gaze_y",),
    "yaw": ("head_yaw",),
    "pitch": ("head_pitch",),
    "roll": ("head_roll",),
}

FACE_STATISTICS = (
    Statistic("smile", "no_smile", "smile"),
    Statistic("frown", "no_frown", "frown"),
    Statistic("brow_raise", "low_brows", "raised_brows"),
    Statistic("brow_flash", "still_brows", "brow_flash"),
    Statistic("brow_lower", "relaxed_brows", "lowered_brows"),
    Statistic("squint", "open_eyes", "narrowed_eyes"),
    Statistic("lids", "wide_lids", "heavy_lids"),
    Statistic("lip_press", "loose_lips", "pressed_lips"),
    Statistic("lip_asymmetry", "even_lips", "lip_asymmetry"),
    Statistic("mouth_movement", "still_mouth", "busy_mouth"),
    Statistic("gaze_up", "gaze_down", "gaze_up"),
    Statistic("gaze_aversion", "steady_gaze", "wandering_gaze"),
    Statistic("head_movement", "still_head", "moving_head"),
    Statistic("head_tilt", "upright_head", "tilted_head"),
    Statistic("expressivity", "blank_face", "expressive_face"),
)
_EXPRESSIVE = [CHANNELS.index(name) for name in ("smile", "brow_inner", "brow_outer", "brow_down", "squint", "press")]
_BROW_INNER, _BROW_OUTER = CHANNELS.index("brow_inner"), CHANNELS.index("brow_outer")
_GAZE_X, _GAZE_Y, _ROLL, _ONE_SIDED = map(CHANNELS.index, ("gaze_x", "gaze_y", "roll", "one_sided"))
_ROOM = 256  # frames, before there is to be more


@dataclass(frozen=True, slots=True)
class ChannelScale:
    """The channels' mean and standard deviation [15] over the training clips."""

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]

    @classmethod
    def load(cls) -> ChannelScale:
        """The shipped figures. Raises ValueError when they are of other channels."""
        with shipped("encoders", "face_channels.json") as folder:
            text = (folder / "face_channels.json").read_text(encoding="utf-8")
        stored = json.loads(text)
        if stored["channels"] != list(CHANNELS):
            raise ValueError(f"the channel scale is of {stored['channels']}")
        return cls(np.array(stored["mean"]), np.array(stored["spread"]))


class ChannelMap:
    """Picks the statistics' channels out of a face vector with the given dimension names."""

    def __init__(self, dims: Sequence[str]) -> None:
        self._mixing = np.zeros((len(dims), len(CHANNELS)))
        for channel, names in _PAIRS.items():
            for name in names:
                self._mixing[dims.index(name), CHANNELS.index(channel)] = 1.0 / len(names)
        self._left, self._right = (dims.index(name) for name in _PAIRS["smile"])

    def pick(self, vector: NDArray[np.float32]) -> NDArray[np.float64]:
        """CHANNELS [15] of a face vector [dim]; left and right are averaged, `one_sided` is the smile's difference."""
        channels = vector.astype(np.float64) @ self._mixing
        channels[_ONE_SIDED] = abs(float(vector[self._left]) - float(vector[self._right]))
        return channels


class _Rows:
    """Frames of the recent past, oldest first, as rows of tables that stay: a list would be made a table each time."""

    def __init__(self) -> None:
        self._spans = np.zeros((3, _ROOM))
        self._tables = np.zeros((3, _ROOM, len(CHANNELS)))
        self.clear()

    def __len__(self) -> int:
        return self._end - self._begin

    def clear(self) -> None:
        """Forget all."""
        self._begin = self._end = 0

    @property
    def spans(self) -> NDArray[np.float64]:
        """[3, frames] in seconds: when each was taken, how long it stands for, how long after the one before."""
        return self._spans[:, self._begin : self._end]

    @property
    def tables(self) -> NDArray[np.float64]:
        """[3, frames, CHANNELS]: their channels, how far those are from the person's baseline at that time, and how far
        from those of the frame before; all in standard deviations.
        """
        return self._tables[:, self._begin : self._end]

    def forget(self, until_s: float) -> None:
        """Drop those that were taken no later than that."""
        while self._begin < self._end and self._spans[0, self._begin] <= until_s:
            self._begin += 1

    def push(
        self, time_s: float, duration_s: float, channels: NDArray[np.float64], deviations: NDArray[np.float64]
    ) -> None:
        """Add a frame."""
        if self._end == self._spans.shape[1]:
            self._make_room()
        at = self._end
        before = max(self._begin, at - 1)  # the oldest follows on none
        self._end += 1
        self._spans[:, at] = time_s, duration_s, time_s - self._spans[0, before]
        self._tables[0, at], self._tables[1, at] = channels, deviations
        self._tables[2, at] = np.abs(channels - self._tables[0, before])

    def _make_room(self) -> None:
        """Move all to the front, and have room for as many again."""
        spans, tables = self.spans, self.tables
        count = spans.shape[1]
        room = max(_ROOM, 2 * count)
        self._spans, self._tables = np.zeros((3, room)), np.zeros((3, room, len(CHANNELS)))
        self._spans[:, :count], self._tables[:, :count] = spans, tables
        self._begin, self._end = 0, count


class FaceWindow:
    """The channels of the last five seconds, each relative to this person's own running baseline."""

    def __init__(self, scale: ChannelScale) -> None:
        self._spread = scale.spread
        self._baseline = Baseline(scale.mean, prior_s=PRIOR_S)
        self._rows = _Rows()

    def reset(self) -> None:
        self._baseline.reset()
        self._rows.clear()

    def push(self, time_s: float, duration_s: float, channels: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Take the next frame; None for a frame without a face.

        Returns how far its channels are from this person's own baseline [15], in standard deviations; 0 without a face.
        """
        self._rows.forget(time_s - WINDOW_S)
        if channels is None:
            return np.zeros(len(CHANNELS))
        self._baseline.update(channels, duration_s)
        scaled = channels / self._spread
        deviations = scaled - self._baseline.level / self._spread
        self._rows.push(time_s, duration_s, scaled, deviations)
        return deviations

    def measure(self) -> NDArray[np.float64] | None:
        """FACE_STATISTICS [15] in standard deviations (movement: per second); None before 1 s of face."""
        _, durations_s, steps_s = self._rows.spans
        seen_s = sum(durations_s.tolist())
        if seen_s < LEAST_SEEN_S:
            return None
        weight = durations_s / durations_s.sum()
        # Movement and spread are the face's own: a baseline that still settles must not look like a moving face.
        table, deviations, moved = self._rows.tables
        mean = weight @ deviations
        spread = np.sqrt(weight @ np.square(table - weight @ table))
        steps_s, moved = steps_s[1:], moved[1:]
        near = steps_s <= LONGEST_STEP_S
        if not near.all():
            steps_s, moved = steps_s[near], moved[near]
        speed = moved.sum(axis=0) / max(float(steps_s.sum()), 1e-3)
        at = dict(zip(CHANNELS, mean.tolist(), strict=True))
        speeds = dict(zip(CHANNELS, speed.tolist(), strict=True))
        brows = sorted((table[:, _BROW_INNER] + table[:, _BROW_OUTER]).tolist())
        gaze = np.abs(deviations[:, _GAZE_X]) + np.abs(deviations[:, _GAZE_Y])
        return np.array(
            [
                at["smile"],
                at["frown"],
                (at["brow_inner"] + at["brow_outer"]) / 2.0,
                brows[round(0.95 * (len(brows) - 1))] - brows[round(0.5 * (len(brows) - 1))],
                at["brow_down"],
                at["squint"],
                at["lids"],
                at["press"],
                at["one_sided"],
                speeds["jaw"],
                at["gaze_y"],
                float(weight @ gaze),
                (speeds["yaw"] + speeds["pitch"] + speeds["roll"]) / 3.0,
                float(weight @ np.abs(deviations[:, _ROLL])),
                float(spread[_EXPRESSIVE].mean()),
            ]
        )
