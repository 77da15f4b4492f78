"""Clips in; how well sarcasm and sentiment are read with the face looked at less often, out.

    python -m training.evaluate.face_rate [--clips PATH [PATH ...]]

Each clip is looked at anew at every rate, as a camera of that rate would show it, and so is what the encoder had seen
of that person before. Words and voice stay as they are, and so do the weights: those that saw nothing of the clip's
part.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from rich.progress import track as show_progress

from agent.capture.grid import FrameGrid
from encoders.mesh import LANDMARKS, FaceMeshLandmarks
from encoders.samples import NS_PER_S, Modality
from training.clips.corpora import Clip
from training.clips.media import FRAME_WIDTH_PX
from training.clips.observation import Observer
from training.clips.paths import CACHE, DATA
from training.clips.sources import read_clips
from training.clips.store import Observations
from training.clips.tracks import Track
from training.evaluate.cases import Cases, describe, read_cases
from training.evaluate.judges import end_of, read_sarcasm
from training.evaluate.material import Material
from training.evaluate.page import table
from training.measures import auc, auc_within, bootstrap, brier, concordance

RATES_HZ = (15.0, 10.0, 7.5, 5.0, 3.0)
"""The first is the one that the others are compared with."""

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Read:
    """What fusion says of every clip at its end, [clips]; nan where it says nothing of a sentiment."""

    sarcasm: Floats
    face_alone: Floats
    delivered: Floats
    intended: Floats


def watch_at(path: Path, rates_hz: Sequence[float], folder: Path) -> dict[float, Track]:
    """The face tracks of a clip at several rates, each followed by a mesh of its own; computed once, kept in `folder`.

    The pictures are as wide as a camera gives them live.
    """
    kept = {rate: folder / f"{rate:g}" / f"{path.stem}.npz" for rate in rates_hz}
    missing = [rate for rate, target in kept.items() if not target.exists()]
    for rate, (pts_ns, landmarks) in _follow(path, missing).items() if missing else ():
        kept[rate].parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(kept[rate], pts_ns=pts_ns, landmarks=landmarks)
    tracks = {}
    for rate, target in kept.items():
        with np.load(target, allow_pickle=False) as stored:
            blank = np.zeros((len(stored["pts_ns"]), 0), np.float32)
            tracks[rate] = Track(stored["pts_ns"], stored["landmarks"], blank, ())
    return tracks


def _follow(path: Path, rates_hz: Sequence[float]) -> dict[float, tuple[NDArray[np.int64], NDArray[np.float32]]]:
    found: dict[float, list[tuple[int, NDArray[np.float32]]]] = {rate: [] for rate in rates_hz}
    grids = {rate: FrameGrid(rate) for rate in rates_hz}
    nobody = np.full((LANDMARKS, 3), np.nan, np.float32)
    with ExitStack() as closing:
        meshes = {rate: FaceMeshLandmarks() for rate in rates_hz}
        for mesh in meshes.values():
            closing.callback(mesh.close)
        container = closing.enter_context(av.open(str(path)))
        origin: int | None = None
        for frame in container.decode(video=0):
            if frame.pts is None or frame.time_base is None:
                continue
            stamp = int(frame.pts * frame.time_base * NS_PER_S)
            origin = stamp if origin is None else origin
            admitting = [rate for rate, grid in grids.items() if grid.admits(stamp - origin)]
            if not admitting:
                continue
            width = min(FRAME_WIDTH_PX, frame.width)
            size = {"width": width, "height": frame.height * width // frame.width}
            rgb = np.ascontiguousarray(frame.reformat(**size, format="rgb24").to_ndarray(), np.uint8)
            for rate in admitting:
                seen = meshes[rate].locate(rgb)
                found[rate].append((stamp - origin, nobody if seen is None else seen))
    return {
        rate: (
            np.array([pts_ns for pts_ns, _ in each], np.int64),
            np.array([seen for _, seen in each], np.float32).reshape(-1, LANDMARKS, 3),
        )
        for rate, each in found.items()
    }


def read_at_rates(material: Material, cases: Cases) -> dict[float, Read]:
    """What is said of every clip at every rate."""
    clips, folder = read_clips(material.clips, data=material.data, cache=material.cache), material.cache / "face-rates"

    def store_at(rate_hz: float) -> Observations:
        def follow(clip: Clip) -> Track:
            return watch_at(clip.path, RATES_HZ, folder)[rate_hz]

        return Observations(clips, data=material.data, cache=material.cache, follow=follow)

    stores = {rate: store_at(rate) for rate in RATES_HZ}
    rows: dict[float, list[tuple[float, ...]]] = {rate: [] for rate in RATES_HZ}
    for case in show_progress(cases.each, "faces at each rate"):
        key, end_ns = case.clip.key, end_of(case.observation)
        for rate, store in stores.items():
            face = Observer(cases.store.models, store.warm_up(key)).watch(store.record(key))
            seen = case.judge.embed(replace(case.observation, face=face))
            said, alone = case.judge.score(seen, end_ns), case.judge.score(seen, end_ns, {Modality.FACE})
            sentiments = (np.nan if each is None else each for each in (said.delivered, said.intended))
            rows[rate].append((read_sarcasm(said), read_sarcasm(alone), *sentiments))
    return {rate: Read(*np.array(each, float).T) for rate, each in rows.items()}


def tabulate(cases: Cases, read: Mapping[float, Read]) -> str:
    """A row for each rate: the figures of the first, and how far above them those of the others are."""
    truth, persons, first = cases.truth, cases.persons, read[RATES_HZ[0]]
    valence = np.array([np.nan if case.clip.valence is None else case.clip.valence for case in cases.each])
    told = [np.isfinite(each.delivered + each.intended) for each in read.values()]
    rated = np.flatnonzero(np.isfinite(valence) & np.logical_and.reduce(told))

    def agree(rows: Rows, said: Floats) -> float:
        return concordance(valence[rated[rows]], said[rated[rows]])

    measures: tuple[tuple[str, int, Callable[[Rows, Floats], float], Callable[[Read], Floats]], ...] = (
        ("AUC", len(truth), lambda i, p: auc(truth[i], p[i]), lambda r: r.sarcasm),
        ("AUC within speakers", len(truth), lambda i, p: auc_within(truth[i], p[i], persons[i]), lambda r: r.sarcasm),
        ("Brier", len(truth), lambda i, p: brier(truth[i], p[i]), lambda r: r.sarcasm),
        ("face alone, AUC", len(truth), lambda i, p: auc(truth[i], p[i]), lambda r: r.face_alone),
        ("delivered, CCC", len(rated), agree, lambda r: r.delivered),
        ("intended, CCC", len(rated), agree, lambda r: r.intended),
    )

    def cell(rate_hz: float, count: int, of: Callable[[Rows, Floats], float], said: Callable[[Read], Floats]) -> str:
        here, there = said(read[rate_hz]), said(first)
        if rate_hz == RATES_HZ[0]:
            return bootstrap(lambda rows: of(rows, here), count).fraction()
        apart = bootstrap(lambda rows: of(rows, here) - of(rows, there), count)
        return f"{apart.value:+.3f} [{apart.low:+.3f}, {apart.high:+.3f}]"

    rows = [
        (
            f"{rate:g}",
            *(cell(rate, count, of, said) for _, count, of, said in measures),
            f"{np.abs(each.sarcasm - first.sarcasm).mean():.3f}",
        )
        for rate, each in read.items()
    ]
    return table(("pictures a second", *(name for name, *_ in measures), "P(sarcasm) moves by"), rows)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate.face_rate", description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, nargs="+", default=[], help="folders or bare git repositories of clips")
    parser.add_argument("--data", type=Path, default=DATA, help="label tables and models")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where to keep what was computed")
    chosen = parser.parse_args()
    logging.getLogger().setLevel(logging.ERROR)  # what encoders say of their own start
    material = Material(tuple(chosen.clips), chosen.data, chosen.cache)
    cases = read_cases(material)
    print(f"{describe(cases.each)}\n\n{tabulate(cases, read_at_rates(material, cases))}")


if __name__ == "__main__":
    main()
