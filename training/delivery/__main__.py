"""Clips and label tables in; the face and voice weights, their section of the model card and the clips' readings out.

    python -m training.delivery --clips PATH [--data ../shared/data] [--keep-expression]

PATH is a folder of .mp4 clips named by their MUStARD key, or a bare git repository with such clips under video_data/.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from swift_f0 import SwiftF0

from encoders.expression import POSE_DIMS, ExpressionModel, align, measure_gaze, measure_pose
from encoders.face_statistics import CHANNELS, FACE_STATISTICS, ChannelMap, ChannelScale
from encoders.head import LinearHead
from encoders.prosody import ProsodyModel
from encoders.samples import AudioChunk, Modality, Reading
from encoders.voice_statistics import VOICE_STATISTICS
from training.delivery.blendshapes import Agreement, Faces, Teacher, compare, fit, gather, save
from training.delivery.card import describe, write_section
from training.delivery.clips import Label, open_clips, read_labels
from training.delivery.features import (
    FACE_FILES,
    VOICE_FILES,
    Course,
    choose_warm_up,
    digest_files,
    load_course,
    measure_face,
    measure_voice,
    read_speech,
    save_course,
)
from training.delivery.scores import join_truth, read_held_out, score, train_final
from training.delivery.tracks import Track, read_track

ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / "encoders" / "weights"
CACHE = ROOT / ".training" / "delivery"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.delivery", description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, required=True, help="folder of .mp4 clips, or a bare git repository")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="label tables and models")
    parser.add_argument("--keep-expression", action="store_true", help="use the expression weights that are there")
    arguments = parser.parse_args()
    data: Path = arguments.data
    paths = open_clips(arguments.clips, CACHE / "clips")
    every_label = read_labels(data / "text" / "mustard.json", data / "text" / "mustard_plus_plus.csv")
    labels = {key: every_label[key] for key in paths if key in every_label}
    landmarker = data / "models" / "face_landmarker_v2_with_blendshapes.task"
    extra = [*sorted((data / "av").glob("*.mpg")), *sorted((data / "faces").glob("*face*.m*"))]
    tracks = {}
    for path in [*paths.values(), *extra]:
        tracks[path.stem] = read_track(path, landmarker, CACHE / "tracks")
    print(f"{len(labels)} labelled clips, {len(tracks)} face tracks")

    faces = gather(tracks, teacher := Teacher(landmarker))
    agreement_path = CACHE / "agreement.json"
    if not arguments.keep_expression:
        agreement = train_expression(faces, teacher, labels)
        agreement_path.write_text(
            json.dumps([[a.name, a.spread, a.teacher, a.task, a.teacher_task] for a in agreement])
        )
    agreement = tuple(Agreement(*row) for row in json.loads(agreement_path.read_text()))
    expression = ExpressionModel.load()
    scale = scale_channels(faces, expression)

    speech = {key: read_speech(paths[key], CACHE / "speech") for key in labels}
    voice = measure_voices(speech, labels)
    face = measure_faces(tracks, speech, labels, expression, scale)
    figures, readings, heads = {}, {}, []
    for modality, statistics, courses in (
        (Modality.VOICE, VOICE_STATISTICS, voice),
        (Modality.FACE, FACE_STATISTICS, face),
    ):
        readings[modality] = read_held_out(courses, labels, modality, statistics)
        free = read_held_out(courses, labels, modality, statistics, signed=False)
        title = f"{modality.value.capitalize()} head"
        figures[title] = score(join_truth(readings[modality], labels))
        figures[f"{title} without the literature's signs (not shipped)"] = score(join_truth(free, labels))
        heads.append(train_final(courses, labels, modality, statistics))
        save_head(heads[-1])
        for figure in figures[title]:
            print(modality.value, figure)
    save_readings(labels, readings[Modality.VOICE], readings[Modality.FACE])
    shows = Counter(label.show for label in labels.values())
    write_section(ROOT / "docs" / "model-card.md", describe(shows, agreement, figures, heads))


def train_expression(faces: Faces, teacher: Teacher, labels: Mapping[str, Label]) -> tuple[Agreement, ...]:
    """Writes the expression weights; the agreement is that of networks trained without the people they are tried on."""
    shows = np.array([labels[clip].show if clip in labels else "" for clip in faces.clips.tolist()])
    agreement = compare(faces, teacher, np.where(shows == "BBT", "BBT", "other"))
    chosen = np.flatnonzero([entry.worthy for entry in agreement])
    save(fit(faces, teacher, chosen), WEIGHTS / "face_expression.npz")
    return agreement


def scale_channels(faces: Faces, expression: ExpressionModel) -> ChannelScale:
    """Mean and spread of the face's channels over all training frames, written beside the weights."""
    poses = []
    for landmarks in faces.landmarks:
        aligned, rotation = align(landmarks, expression.rigid)
        poses.append(np.concatenate([measure_gaze(aligned), measure_pose(rotation)]))
    vectors = np.concatenate([expression.express(faces.landmarks), np.array(poses, np.float32)], axis=1)
    channel_map = ChannelMap(expression.names + POSE_DIMS)
    channels = np.array([channel_map.pick(vector) for vector in vectors])
    scale = ChannelScale(channels.mean(axis=0).round(5), channels.std(axis=0).round(5))
    stored = {"channels": CHANNELS, "mean": scale.mean.tolist(), "spread": scale.spread.tolist()}
    (WEIGHTS / "face_channels.json").write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    return scale


def measure_voices(speech: Mapping[str, AudioChunk], labels: Mapping[str, Label]) -> dict[str, Course]:
    cache = CACHE / f"voice-{digest_files(*VOICE_FILES)}"
    missing = [key for key in labels if not (cache / f"{key}.npz").exists()]
    if missing:
        lengths_s = {key: chunk.interval.duration_ns / 1e9 for key, chunk in speech.items()}
        model = ProsodyModel(SwiftF0(threads=1, spin=False), None)
        for key in missing:
            warm_up = [speech[other] for other in choose_warm_up(labels[key], labels, lengths_s)]
            save_course(measure_voice(speech[key], warm_up, model), cache / f"{key}.npz")
    return {key: load_course(cache / f"{key}.npz") for key in labels}


def measure_faces(
    tracks: Mapping[str, Track],
    speech: Mapping[str, AudioChunk],
    labels: Mapping[str, Label],
    expression: ExpressionModel,
    scale: ChannelScale,
) -> dict[str, Course]:
    cache = CACHE / f"face-{digest_files(*FACE_FILES)}"
    missing = [key for key in labels if not (cache / f"{key}.npz").exists()]
    lengths_s = {key: float(tracks[key].pts_ns[-1]) / 1e9 for key in labels if len(tracks[key].pts_ns)}
    for key in missing:
        end_s = speech[key].interval.end_ns / 1e9
        warm_up = [tracks[other] for other in choose_warm_up(labels[key], labels, lengths_s)]
        save_course(measure_face(tracks[key], warm_up, expression, scale, end_s), cache / f"{key}.npz")
    return {key: load_course(cache / f"{key}.npz") for key in labels}


def save_head(head: LinearHead) -> None:
    stored = {
        "statistics": [statistic.name for statistic in head.statistics],
        "mean": head.mean.round(6).tolist(),
        "scale": head.scale.round(6).tolist(),
        "sarcasm": {"weights": head.sarcasm_weights.round(6).tolist(), "bias": round(head.sarcasm_bias, 6)},
        "sentiment": {"weights": head.sentiment_weights.round(6).tolist(), "bias": round(head.sentiment_bias, 6)},
    }
    path = WEIGHTS / f"{head.modality.value}_head.json"
    path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def save_readings(labels: Mapping[str, Label], voice: Mapping[str, Reading], face: Mapping[str, Reading]) -> None:
    """What fusion is fitted on: the out-of-fold reading of each clip at its end; null where there was none."""
    rows = []
    for key, label in sorted(labels.items()):
        row: dict[str, object] = {
            "key": key,
            "show": label.show,
            "speaker": label.speaker,
            "sarcasm": label.sarcasm,
            "valence": label.valence,
        }
        for name, readings in (("voice", voice), ("face", face)):
            reading = readings.get(key)
            row[name] = None if reading is None else {"sarcasm": reading.sarcasm, "sentiment": reading.sentiment}
        rows.append(row)
    (CACHE.parent / "clip_readings.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
