"""Clips in; every f() trained and judged, the winner's weights, its section of the model card and held-out f() out.

    python -m training.fusion [--clips PATH [PATH ...]] [--labels CSV] [--no-bytes]

PATH is as for `python -m training.clips`. With --labels the last one is a folder of one's own recordings with that
table of labels; without any of MUStARD's clips among them, a third of the people is held out in turn. Run before it:
`python -m training.text --models` and `python -m training.delivery`.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from fusion.shipped import load
from training.clips.observation import Observation
from training.clips.paths import CACHE, CARD, DATA, ROOT
from training.clips.sources import read_clips
from training.clips.store import Observations
from training.delivery.held_out import HeldOutHeads
from training.fusion.byteformer import ByteSchedule, BytesExamples, BytesSaid, try_bytes
from training.fusion.card import Ladder, print_table, write_section
from training.fusion.examples import Embeddings
from training.fusion.export import describe, export
from training.fusion.fit import Fitted, Schedule, fit
from training.fusion.held_out import folder_of
from training.fusion.ladder import RUNGS, Held, choose, fit_rungs, hold, judge_all
from training.fusion.material import Readers, Split, read_examples, split
from training.fusion.networks import Gated
from training.fusion.raw_bytes import ClipBytes, read_bytes
from training.fusion.speed import time_ticks
from training.measures import auc, paired
from training.sums import write_sums

WEIGHTS = ROOT / "fusion" / "weights"
_TIMED_CLIPS = 12


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.fusion", description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, nargs="+", default=[], help="folders or bare git repositories of clips")
    parser.add_argument("--labels", type=Path, help="table of labels (CSV) for the last of the folders")
    parser.add_argument("--data", type=Path, default=DATA, help="label tables and models")
    parser.add_argument("--no-bytes", action="store_true", help="leave out the bytes f(), the slowest to train")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="where the winner goes")
    parser.add_argument("--card", type=Path, default=CARD, help="the page whose fusion section is written")
    chosen = parser.parse_args()
    torch.set_num_threads(1)  # so small are the networks that more threads only wait for each other
    clips = [
        clip for clip in read_clips(chosen.clips, labels=chosen.labels, data=chosen.data) if clip.sarcasm is not None
    ]
    store = Observations(clips, data=chosen.data)
    observed = store.observe_all()
    heads = HeldOutHeads(clips, observed)
    raw = {} if chosen.no_bytes else read_bytes(clips, store)
    splits = split(clips)
    held: list[Held] = []
    timed: list[Embeddings] = []
    for each in splits:
        answers, told = _climb(each, observed, heads, raw)
        held.append(answers)
        timed += told
    rungs = judge_all(held)
    winner = choose(rungs)
    print(print_table(rungs))
    everything = read_examples(clips, Readers(None, observed, heads), "everything")
    fitted = {name: fit(name, everything, Schedule()) for name in {"late", "gated", winner.name}}
    parity = export(fitted[winner.name], everything, chosen.weights, f"{winner.name}-1")
    write_sums(chosen.weights)
    truth = np.concatenate([one.truth for one in held])
    best, late = (np.concatenate([one.whole[name] for one in held]) for name in (winner.name, "late"))
    write_section(
        Ladder(
            rungs,
            winner,
            {each.name: (len(each.training), len(each.test)) for each in splits},
            {name: time_ticks(load(folder_of(splits[0].name, name)), timed[:_TIMED_CLIPS]) for name in RUNGS},
            _open_gates(fitted["gated"]),
            describe(fitted["late"]),
            parity,
            None if winner.name == "late" else paired(lambda i, score: auc(truth[i], score[i]), best, late),
        ),
        chosen.card,
    )
    print(f"shipped: {winner.name}")


def _climb(
    each: Split, observed: Mapping[str, Observation], heads: HeldOutHeads, raw: Mapping[str, ClipBytes]
) -> tuple[Held, Sequence[Embeddings]]:
    """Train every f() without what `each` tests on, keep them for evaluation, and ask them about its test clips."""
    readers = Readers(each.part, observed, heads)
    training = read_examples(each.training, readers, f"to learn without {each.name}")
    test = read_examples(each.test, readers, each.name)
    fitted = fit_rungs(each.name, training, Schedule())
    for name in RUNGS:
        export(fitted[name], training, folder_of(each.name, name), f"{name}-without-{each.name}")
    said: BytesSaid | None = None
    if raw:
        learnt, asked = BytesExamples.of(each.training, raw), BytesExamples.of(each.test, raw)
        said = try_bytes(learnt, asked, ByteSchedule(), CACHE / "fusion" / "bytes-said")
    return hold(fitted, test, said), [readers.embeddings(clip) for clip in each.test[:_TIMED_CLIPS]]


def _open_gates(fitted: Fitted) -> float | None:
    join = None if fitted.network is None else fitted.network.join
    return float((join.open > 0).float().mean()) if isinstance(join, Gated) else None


if __name__ == "__main__":
    main()
