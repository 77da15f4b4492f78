"""A late average whose numbers can be checked by hand, and which reads no vectors."""

from __future__ import annotations

from encoders.samples import Modality
from fusion.late import Late, LateWeights
from fusion.shipped import Description, assemble

WEIGHTS = LateWeights(
    bias=-0.2,
    text=0.5,
    voice=0.8,
    face=0.4,
    gap=1.0,
    reliability={Modality.VOICE: 1.0, Modality.FACE: 0.5},
)
LATE = assemble(Description("test", 2.0, WEIGHTS), Late(WEIGHTS))
