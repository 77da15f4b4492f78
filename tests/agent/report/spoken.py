"""Nothing in, folders of scored results out, as deadpan score leaves them: words, times and scores as a test wants."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from agent.report.findings import Findings
from deadpan.messages import Estimate, Sarcasm, SpokenWord, Utterance, to_json
from tests.deadpan.sent import S, estimate, utterance


def said(text: str, start_s: float, end_s: float, probability: float | None = 0.2, number: int = 0) -> Utterance:
    """An utterance whose words share its time evenly."""
    texts = text.split()
    step_s = (end_s - start_s) / max(1, len(texts))
    words = tuple(
        SpokenWord(
            text=word,
            start_ns=round((start_s + place * step_s) * S),
            end_ns=round((start_s + (place + 1) * step_s) * S),
            probability=0.9,
            timing="measured",
            sentiment=0.5,
            sarcasm=0.25,
        )
        for place, word in enumerate(texts)
    )
    state = "unknown" if probability is None else "on" if probability >= 0.6 else "off"
    return replace(
        utterance(number),
        utterance_id=number,
        text=text,
        words=words,
        start_ns=round(start_s * S),
        end_ns=round(end_s * S),
        sarcasm=Sarcasm(probability=probability, state=state),
    )


def ticks(count: int) -> list[Estimate]:
    """The final estimates of so many ticks, five a second, of a window of eight seconds."""
    return [
        replace(estimate(seq, revision=1), start_ns=max(0, (seq + 1) * S // 5 - 8 * S), end_ns=(seq + 1) * S // 5)
        for seq in range(count)
    ]


def found(
    folder: Path, utterances: Sequence[Utterance], estimates: Sequence[Estimate] = (), *, hints: bool = True
) -> Findings:
    """The results of a recording of ten seconds, called talk.wav, that lies beside their folder."""
    results = folder / "talk"
    results.mkdir(exist_ok=True)
    for name, messages in (("estimates", estimates), ("utterances", utterances)):
        lines = b"".join(to_json(message) + b"\n" for message in messages)
        (results / f"{name}.jsonl").write_bytes(lines)
    return Findings(folder / "talk.wav", results, "talk.wav", 10 * S, hints=hints)
