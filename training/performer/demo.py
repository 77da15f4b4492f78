"""The bundled demo's script: one person, the same words meant and not meant, and lines to tell them apart by."""

from __future__ import annotations

from training.performer.delivery import DEADPAN, GLUM, NEUTRAL, WARM, Line, Script

DEMO: Script = (
    Line("The train leaves at five in the afternoon.", NEUTRAL, 0.75),
    Line("Wow, great food, I really love this place.", WARM, 0.9),
    Line("The soup is cold and the bread is terrible.", GLUM, 0.9),
    Line("Wow, great food, I really love this place.", DEADPAN, 0.9),
    Line("My sister is coming to visit tomorrow, and I am so happy.", WARM, 0.9),
    Line("Oh great, I really love waiting in line.", DEADPAN, 0.9),
    Line("Thank you so much, that is very kind of you.", WARM, 0.9),
    Line("We can take the bus home after lunch.", NEUTRAL, 0.9),
)
