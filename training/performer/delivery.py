"""How a line is delivered, as numbers: the face's and the voice's side of it, and the script that is performed."""

from __future__ import annotations

from dataclasses import dataclass, replace

_RANGES: dict[str, tuple[float, float]] = {
    "smile": (-1, 1), "brow_raise": (0, 1), "brow_down": (0, 1), "droop": (0, 1), "lip_asymmetry": (-1, 1),
    "gaze_x": (-1, 1), "gaze_y": (-1, 1), "head_sway": (0, 1), "emphasis": (0, 1), "blink_rate_hz": (0, 1.5),
    "jaw": (0, 1.5), "pitch_hz": (60, 400), "pitch_range_hz": (0, 100), "stretch": (0.5, 2), "comma_s": (0, 1),
    "gain_db": (-20, 6),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Delivery:
    """How something is said. Raises ValueError where a number leaves its range.

    The face: smile [-1, 1] (below 0: corners down); brow_raise, brow_down, droop (of the lids), head_sway in [0, 1];
    lip_asymmetry, gaze_x, gaze_y in [-1, 1], right and down positive in the picture; blink_rate_hz [0, 1.5]; jaw: how
    far the voice opens the mouth [0, 1.5]; emphasis [0, 1]: brow flash and nod on the words that carry the line.
    The voice: pitch_hz its mean [60, 400]; pitch_range_hz the width the synthesizer aims at [0, 100]; stretch: of
    every sound's duration [0.5, 2], above 1 slower; comma_s: silence added to each pause inside the line [0, 1];
    gain_db [-20, 6].
    """

    name: str
    smile: float = 0.0
    brow_raise: float = 0.0
    brow_down: float = 0.0
    droop: float = 0.0
    lip_asymmetry: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0
    blink_rate_hz: float = 0.3
    jaw: float = 0.8
    head_sway: float = 0.4
    emphasis: float = 0.3
    pitch_hz: float = 125.0
    pitch_range_hz: float = 18.0
    stretch: float = 1.0
    comma_s: float = 0.0
    gain_db: float = 0.0

    def __post_init__(self) -> None:
        for field, (low, high) in _RANGES.items():
            value = getattr(self, field)
            if not low <= value <= high:
                raise ValueError(f"delivery {self.name!r}: {field} is {value}, outside [{low:g}, {high:g}]")


@dataclass(frozen=True, slots=True)
class Line:
    """One utterance: `pause_before_s` of silence, then `text` spoken as `delivery` has it."""

    text: str
    delivery: Delivery
    pause_before_s: float = 0.8

    def __post_init__(self) -> None:
        if not any(letter.isalnum() for letter in self.text):
            raise ValueError(f"a line needs a word to say, not {self.text!r}")
        if not 0 <= self.pause_before_s <= 60:
            raise ValueError(f"pause_before_s is {self.pause_before_s}, outside [0, 60]")


Script = tuple[Line, ...]

NEUTRAL = Delivery("neutral")
WARM = Delivery(
    "warm", smile=0.8, brow_raise=0.25, blink_rate_hz=0.4, jaw=1.0, head_sway=0.8, emphasis=0.9,
    pitch_hz=150, pitch_range_hz=35, stretch=0.95, gain_db=2,
)  # fmt: skip
DEADPAN = Delivery(
    "deadpan", smile=-0.12, brow_down=0.1, droop=0.28, lip_asymmetry=0.18, gaze_x=0.3, gaze_y=-0.1, blink_rate_hz=0.15,
    jaw=0.5, head_sway=0.1, emphasis=0.0, pitch_hz=106, pitch_range_hz=4, stretch=1.15, comma_s=0.1, gain_db=-2,
)  # fmt: skip
DRAWLING = replace(DEADPAN, name="drawling", stretch=1.3)
GLUM = Delivery(
    "glum", smile=-0.6, brow_down=0.55, droop=0.12, gaze_y=0.2, blink_rate_hz=0.35, jaw=0.7, head_sway=0.35,
    emphasis=0.15, pitch_hz=112, pitch_range_hz=12, stretch=1.08, gain_db=-1,
)  # fmt: skip
PRESETS = {delivery.name: delivery for delivery in (NEUTRAL, WARM, DEADPAN, DRAWLING, GLUM)}
