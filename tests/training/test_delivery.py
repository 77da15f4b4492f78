"""The delivery training's readers, figures and fits, on tiny made-up tables."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from encoders.samples import Modality

pytest.importorskip("ai_edge_litert", reason="the training extra is not installed")

from encoders.head import Statistic
from training.delivery.card import BEGIN, END, write_section
from training.delivery.clips import Label, normalise_text, open_clips, read_labels
from training.delivery.features import choose_warm_up
from training.delivery.heads import Rows, calibrate, fit_line, split_speakers, train_head

STATISTICS = (Statistic("pitch_range", "flat_pitch", "wide_pitch"), Statistic("other", "low", "high"))


def write_tables(folder: Path) -> tuple[Path, Path]:
    rows = {
        "1_2": {"utterance": "Oh, great. It's raining!", "speaker": "ANN", "show": "A", "sarcasm": True},
        "1_3": {"utterance": "Good morning.", "speaker": "BEN", "show": "B", "sarcasm": False},
    }
    utterances, ratings = folder / "u.json", folder / "r.csv"
    utterances.write_text(json.dumps(rows))
    ratings.write_text('KEY,SENTENCE,Valence\n9_1_c_00,"Good morning.",\n9_9_u,"oh great, its raining",2\n')
    return utterances, ratings


def test_valence_is_joined_by_the_words_and_scaled(tmp_path: Path) -> None:
    labels = read_labels(*write_tables(tmp_path))
    assert labels["1_2"] == Label("1_2", "A", "ANN", True, -0.75)
    assert labels["1_3"].valence is None


def test_text_is_compared_without_case_and_punctuation() -> None:
    assert normalise_text("It's  GREAT -- really!") == "its great really"


def test_clips_come_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "1_2.mp4").write_bytes(b"x")
    assert open_clips(tmp_path, tmp_path / "scratch") == {"1_2": tmp_path / "1_2.mp4"}


def test_a_folder_without_clips_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no \.mp4 clips"):
        open_clips(tmp_path, tmp_path / "scratch")


def test_clips_come_out_of_a_bare_repository(tmp_path: Path) -> None:
    git = shutil.which("git")
    assert git is not None
    work, bare = tmp_path / "work", tmp_path / "bare.git"
    (work / "video_data").mkdir(parents=True)
    (work / "video_data" / "1_2.mp4").write_bytes(b"moving")
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "clips"]):
        subprocess.run([git, "-C", str(work), *command], check=True)
    subprocess.run([git, "clone", "-q", "--bare", str(work), str(bare)], check=True)
    assert open_clips(bare, tmp_path / "scratch")["1_2"].read_bytes() == b"moving"


def make_rows(seed: int, effect: float) -> Rows:
    """Sixty clips of ten speakers; the first statistic falls by `effect` with sarcasm, and rises with valence."""
    rng = np.random.default_rng(seed)
    sarcasm = rng.random(60) < 0.5
    values = rng.normal(size=(60, 2))
    values[:, 0] -= effect * sarcasm
    speakers = np.array([f"s{i % 10}" for i in range(60)])
    valence = 0.3 * values[:, 0] + rng.normal(0, 0.1, 60)
    return Rows(values, np.ones(60), sarcasm, valence, speakers, np.array(["x"] * 60))


def test_a_head_learns_that_flat_pitch_marks_sarcasm() -> None:
    head = train_head(make_rows(0, 2.0), Modality.VOICE, STATISTICS)
    flat, lively = head.read(np.array([-3.0, 0.0])), head.read(np.array([1.0, 0.0]))
    assert flat.sarcasm > 0.7 > 0.3 > lively.sarcasm
    assert flat.sentiment < 0 < lively.sentiment
    assert flat.cues[0].name == "flat_pitch"


def test_data_that_contradicts_the_literature_gets_no_weight() -> None:
    assert train_head(make_rows(0, -2.0), Modality.VOICE, STATISTICS).sarcasm_weights[0] == 0.0


def test_scores_without_signal_calibrate_to_the_base_rate() -> None:
    truth = np.arange(100) % 4 == 0
    slope, offset = calibrate(-truth.astype(float), truth, np.ones(100), np.zeros(100, np.intp))
    assert slope == 0.0
    assert 1 / (1 + np.exp(-offset)) == pytest.approx(0.25, abs=0.01)


def test_the_penalty_shrinks_the_weights() -> None:
    rows = make_rows(0, 2.0)
    target, nobody = rows.sarcasm.astype(float), np.zeros(60, np.intp)
    weak, strong = (
        fit_line(rows.values, target, rows.weight, nobody, np.zeros(2, np.intp), penalty=penalty, logistic=True)
        for penalty in (0.01, 10.0)
    )
    assert np.abs(strong.weights).sum() < 0.1 * np.abs(weak.weights).sum()


def test_who_speaks_explains_no_weight() -> None:
    """Two speakers differ in the statistic and in how sarcastic they are; within a speaker the statistic is
    constant.
    """
    speaker = np.repeat([0, 1], 30)
    target = np.tile(np.arange(30) < 25, 2).astype(float)
    target[30:] = 1.0 - target[30:]
    values = speaker[:, None].astype(float)
    nobody, unsigned = np.zeros(60, np.intp), np.zeros(1, np.intp)
    blind = fit_line(values, target, np.ones(60), nobody, unsigned, penalty=0.1, logistic=True)
    aware = fit_line(values, target, np.ones(60), speaker, unsigned, penalty=0.1, logistic=True)
    assert abs(aware.weights[0]) < 0.5 * abs(blind.weights[0])


def test_a_speaker_is_in_one_fold_only() -> None:
    speakers = np.array(list("aabbbcddef"))
    folds = split_speakers(speakers)
    assert all(len(set(folds[speakers == speaker].tolist())) == 1 for speaker in set(speakers.tolist()))
    assert len(set(folds.tolist())) == 5


def test_the_warm_up_is_the_speakers_other_clips_within_twenty_seconds() -> None:
    labels = {key: Label(key, "A", "ANN", False, None) for key in ("1", "2", "3", "4")}
    labels["5"] = Label("5", "A", "BEN", False, None)
    chosen = choose_warm_up(labels["1"], labels, dict.fromkeys(labels, 8.0))
    assert len(chosen) == 2
    assert set(chosen) < {"2", "3", "4"}


def test_only_the_own_section_of_the_card_is_replaced(tmp_path: Path) -> None:
    card = tmp_path / "model-card.md"
    write_section(card, "one")
    card.write_text(card.read_text() + "\n## Text\n")
    write_section(card, "two")
    assert card.read_text() == f"# Model card\n\n{BEGIN}\ntwo\n{END}\n\n## Text\n"
