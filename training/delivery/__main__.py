"""Clips and their labels in; the weights of the face and voice heads and their section of the model card out.

    python -m training.delivery [--clips PATH [PATH ...]] [--labels CSV] [--data DIR] [--networks N] [--expression]

The clips are named as for `python -m training.clips`, whose observations are made where they are missing. With
--expression the face's expression model is distilled anew before, which changes what every face looks like.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from encoders.expression import POSE_DIMS, ExpressionModel, align, measure_gaze, measure_pose
from encoders.face_statistics import CHANNELS, ChannelMap
from encoders.head import Head
from encoders.samples import Modality
from training.clips.corpora import VARIOUS, Clip
from training.clips.observation import Observation
from training.clips.paths import CACHE, CARD, DATA, WEIGHTS
from training.clips.sources import read_clips
from training.clips.store import LANDMARKER, Observations
from training.clips.tracks import read_track
from training.delivery.blendshapes import Faces, Teacher, gather, invent_faces
from training.delivery.card import EXPRESSION, Table, describe, describe_expression, write_section
from training.delivery.distillation import compare, fit, save
from training.delivery.heads import RECIPES, train_head
from training.delivery.rows import gather_rows
from training.delivery.scores import (
    SHIPPED,
    Outcome,
    answer_held_out,
    assign_parts,
    compare_within,
    judge,
    kinds,
    measures,
)
from training.parts import Part, part_of
from training.sums import write_sums


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.delivery", description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, nargs="+", default=[], help="folders or bare git repositories of clips")
    parser.add_argument("--labels", type=Path, help="table of labels (CSV) for the last of the folders")
    parser.add_argument("--data", type=Path, default=DATA, help="label tables and models")
    parser.add_argument(
        "--networks",
        type=int,
        default=0,
        help="small networks to ship beside the lines, for far more clips than MUStARD's",
    )
    parser.add_argument("--expression", action="store_true", help="distil the expression model anew, too")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    clips = read_clips(chosen.clips, labels=chosen.labels, data=chosen.data)
    if chosen.expression:
        distil_expression(clips, chosen.data)
    observations = Observations(clips, data=chosen.data).observe_all()
    tables, heads = [], []
    for modality in (Modality.VOICE, Modality.FACE):
        tables.append(compare_heads(clips, observations, modality))
        print(tables[-1])
        heads.append(ship_head(clips, observations, modality, chosen.networks))
    counted = Counter(f"{clip.corpus} {clip.show}" for clip in clips)
    write_section(CARD, describe(counted, tables, heads))


def compare_heads(clips: Sequence[Clip], observations: Mapping[str, Observation], modality: Modality) -> Table:
    """All kinds of head for one modality on held-out clips; the various clips only train."""
    rows = gather_rows(clips, observations, modality)
    shows = {clip.key: part_of(clip.show) or "" for clip in clips}
    tested = {clip.key: shows[clip.key] for clip in clips if clip.corpus != VARIOUS}
    parts, of_shows = assign_parts(rows, tested), assign_parts(rows, shows)
    outcomes: dict[str, Outcome] = {
        name: answer_held_out(rows, parts, of_shows, recipe) for name, recipe in kinds(RECIPES[modality]).items()
    }
    judged = measures(modality)
    first = next(iter(outcomes.values()))
    return Table(
        f"{modality.value.capitalize()} head, held out",
        len(first.sarcasm),
        tuple(outcomes),
        {measure.name: [judge(outcome, measure) for outcome in outcomes.values()] for measure in judged},
        {measure.name: measure.floor for measure in judged},
        {name: compare_within(other, first) for name, other in outcomes.items() if other is not first},
    )


def ship_head(
    clips: Sequence[Clip], observations: Mapping[str, Observation], modality: Modality, networks: int = 0
) -> Head:
    """Trains on every clip, with that many networks beside the lines, and writes the weights."""
    recipe = replace(kinds(RECIPES[modality])[SHIPPED], networks=networks)
    head = train_head(gather_rows(clips, observations, modality), recipe)
    head.save(WEIGHTS / f"{modality.value}_head.npz", recipe.dims)
    write_sums(WEIGHTS)
    return head


def distil_expression(clips: Sequence[Clip], data: Path) -> None:
    """Writes the expression weights, their channels' scale and their section of the model card."""
    landmarker = data / LANDMARKER
    tracks = {clip.key: read_track(clip.path, landmarker, CACHE / "tracks" / f"{clip.key}.npz") for clip in clips}
    groups = {clip.key: part_of(clip.show) or Part.OTHERS for clip in clips}
    for path in [*sorted((data / "av").glob("*.mpg")), *sorted((data / "faces").glob("*face*.m*"))]:
        tracks[path.stem] = read_track(path, landmarker, CACHE / "tracks" / f"{path.stem}.npz")
        groups[path.stem] = Part.OTHERS
    teacher = Teacher(landmarker)
    faces = gather(tracks, groups, teacher)
    invented = invent_faces(faces, teacher)
    agreement = compare(faces, invented)
    chosen = np.flatnonzero([each.worthy for each in agreement])
    model = fit(faces, invented, chosen)
    save(model, WEIGHTS / "face_expression.npz")
    scale_channels(faces, model)
    write_sums(WEIGHTS)
    write_section(CARD, describe_expression(agreement), EXPRESSION)


def scale_channels(faces: Faces, expression: ExpressionModel) -> None:
    """Writes mean and spread of the face's channels over all training frames beside the weights."""
    poses = []
    for landmarks in faces.landmarks:
        aligned, rotation = align(landmarks, expression.rigid)
        poses.append(np.concatenate([measure_gaze(aligned), measure_pose(rotation)]))
    vectors = np.concatenate([expression.express(faces.landmarks), np.array(poses, np.float32)], axis=1)
    channel_map = ChannelMap(expression.names + POSE_DIMS)
    channels = np.array([channel_map.pick(vector) for vector in vectors])
    mean, spread = channels.mean(axis=0).round(5), channels.std(axis=0).round(5)
    stored = {"channels": CHANNELS, "mean": mean.tolist(), "spread": spread.tolist()}
    (WEIGHTS / "face_channels.json").write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
