"""A Pipecat pipeline in; the same, in which the language model reads how each of the user's turns was meant, out.

Needs deadpan[pipecat]; docs/assistants.md shows how to use it.
"""

from deadpan.pipecat.affect import AffectFrame, AffectProcessor
from deadpan.pipecat.feed import FeedProcessor
from deadpan.turns import INSTRUCTIONS

__all__ = ["INSTRUCTIONS", "AffectFrame", "AffectProcessor", "FeedProcessor"]
