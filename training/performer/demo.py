"""The bundled demo's script: one person, the same words meant and not meant, and lines to tell them apart by."""

from __future__ import annotations

from training.performer.delivery import DEADPAN, DRAWLING, GLUM, NEUTRAL, WARM, Line, Script

DEMO: Script = (
    Line("The store is open until six in the evening.", NEUTRAL, 0.75),
    Line("Great food, I really love this place.", WARM, 0.9),
    # The line that turns the state on: chosen for that, of some thirty that were tried (README, The demo).
    Line("Yes, because that is always funny.", DRAWLING, 0.9),
    Line("I am tired and the weather is terrible.", GLUM, 0.9),
    # Pauses that make 28.8 s of it: whole frames of picture and of sound, so that it can be played end to end.
    Line("Great food, I really love this place.", DEADPAN, 0.81),
    Line("I am so happy to see you, thank you for coming.", WARM, 0.81),
    Line("This is the best day of my life, I am so happy.", WARM, 0.81),
    Line("The train leaves at five in the afternoon.", NEUTRAL, 0.81),
)
