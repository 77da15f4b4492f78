"""Words and how they were meant in, one line for a language model out."""

from __future__ import annotations


def context_line(text: str, sarcasm: float | None, delivered: float | None) -> str:
    """The words with what was heard in front, in the manner of the Real-time Context Standard 0.1.

    `sarcasm` is a probability in [0, 1], `delivered` a sentiment in [-1, 1]; what is not known is left out.
    """
    signals = []
    if delivered is not None:
        signals.append(f"[sentiment value={delivered:.2f}]")
    if sarcasm is not None:
        signals.append(f"[sarcasm value={sarcasm:.2f}]")
    return f"({','.join(signals)}) {text}" if signals else text
