"""python -m training.fusion --clips DIR: fits fusion/weights/late.json and writes its section of the model card."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from encoders.samples import Modality
from training.delivery.card import Row, tabulate_figures
from training.fusion.fit import ORDER, alone, fit, measure_reliability, plain, predict
from training.fusion.readings import ReadClip, read_clips
from training.measures import auc, auc_within, bootstrap, brier

_WEIGHTS = Path("fusion/weights/late.json")
_CARD = Path("docs/model-card.md")
_BEGIN, _END = "<!-- fusion:begin -->", "<!-- fusion:end -->"
_HELD_OUT = "FRIENDS"

_SECTION = """## Fusion: late average

Weights of the heads' log odds, of the gap between words and delivery, and the bias:
{numbers}.
Delivered sentiment weighs voice and face by their correlation with the raters' valence: {reliability}.

Fitted by `python -m training.fusion` to {clips} television clips (Friends, {sarcastic} sarcastic) as they look to heads
that were not trained on them, with the words as the embedded recognizer hears them, both classes counting the same, and
a Gaussian prior around the plain average. The figures are of those clips, each speaker's by weights fitted to the other
speakers, with 95 % intervals by bootstrap over clips.

{table}

With so few clips no row is better than another unless their intervals say so, and an interval that holds 0.5 (AUC) has
not been shown to know more than nothing.
"""


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m training.fusion", description=__doc__)
    options.add_argument("--clips", type=Path, required=True, help="folder of clips, or a bare repository of them")
    options.add_argument("--cache", type=Path, default=Path(".training"))
    chosen = options.parse_args()
    clips = read_clips(chosen.clips, chosen.cache)
    # The text head was trained on the other shows, so only here are all three readings of clips it never saw.
    unseen = [clip for clip in clips if clip.show == _HELD_OUT]
    reliability = measure_reliability(clips)
    candidates = {f"{modality.value} alone": predict(alone(modality), unseen) for modality in ORDER}
    candidates["plain average"] = predict(plain(reliability), unseen)
    candidates["late, fitted to the other speakers"] = _leave_speakers_out(unseen, reliability)
    figures = [figure for name, scores in candidates.items() for figure in _figures(name, unseen, scores)]
    weights = fit(unseen, reliability, "late-1")
    _WEIGHTS.write_bytes(msgspec.json.format(msgspec.json.encode(weights), indent=1) + b"\n")
    numbers = ", ".join(f"{name} {getattr(weights, name):.2f}" for name in ("text", "voice", "face", "gap", "bias"))
    _write_card(
        _SECTION.format(
            numbers=numbers,
            reliability=", ".join(f"{modality.value} {r:.2f}" for modality, r in reliability.items()),
            clips=len(unseen),
            sarcastic=sum(clip.sarcasm for clip in unseen),
            table=tabulate_figures(figures),
        )
    )
    print("\n".join(map(str, figures)), numbers, reliability, sep="\n")


def _leave_speakers_out(clips: list[ReadClip], reliability: dict[Modality, float]) -> NDArray[np.float64]:
    """Each speaker's clips by weights fitted to the others'."""
    scores = np.zeros(len(clips))
    for speaker in {clip.speaker for clip in clips}:
        others = [clip for clip in clips if clip.speaker != speaker]
        own = [number for number, clip in enumerate(clips) if clip.speaker == speaker]
        scores[own] = predict(fit(others, reliability, "fold"), [clips[number] for number in own])
    return scores


def _figures(name: str, clips: list[ReadClip], scores: NDArray[np.float64]) -> list[Row]:
    truth = np.array([clip.sarcasm for clip in clips])
    speakers = np.array([clip.speaker for clip in clips])
    count = len(clips)
    within = bootstrap(lambda drawn: auc_within(truth[drawn], scores[drawn], speakers[drawn]), count)
    return [
        Row(f"{name}: AUC", bootstrap(lambda drawn: auc(truth[drawn], scores[drawn]), count), 0.5, count),
        Row(f"{name}: AUC within speaker", within, 0.5, count),
        Row(f"{name}: Brier", bootstrap(lambda drawn: brier(truth[drawn], scores[drawn]), count), 0.25, count),
    ]


def _write_card(section: str) -> None:
    page = _CARD.read_text() if _CARD.is_file() else "# Model card\n"
    if _BEGIN not in page:
        page = f"{page.rstrip()}\n\n{_BEGIN}\n{_END}\n"
    head, tail = page.split(_BEGIN)[0], page.split(_END)[1]
    _CARD.write_text(f"{head}{_BEGIN}\n{section.strip()}\n{_END}{tail}")


if __name__ == "__main__":
    main()
