"""The text corpora in; sarcasm from words alone by the published protocols, with their shortcuts beside it, out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluate.material import Material
from training.evaluate.page import Findings, fill, fraction, percent, table
from training.measures import Detection, Figure, auc, bootstrap, f1, judge
from training.parts import Part, part_of
from training.text.corpora import Line, read_mustard
from training.text.folds import model_folder
from training.text.protocols import Protocols, read_sarcasm
from training.text.published_folds import read_mustard_folds

PUBLISHED_FRIENDS = (("Castro et al. 2019, text + audio + video", "62.8"), ("Chauhan et al. 2020, the same", "65.9"))
PUBLISHED_FOLDS = (("Castro et al. 2019, text + audio + video", "71.5"), ("Chauhan et al. 2020, the same", "72.6"))
_HEADER = ("", "weighted F1", "macro F1", "AUC", "AUC within speakers")
_US, _CHANDLER = "this model", "CHANDLER"

Floats = NDArray[np.floating[Any]]
Fold = tuple[list[Line], Floats]


def run(material: Material) -> Findings:
    protocols = Protocols(material.data / "text")
    friends, with_turns = protocols.friends()
    probability = read_alone(Part.FRIENDS, friends)
    truth, speakers = truth_of(friends), speakers_of(friends)
    ways = {
        "majority class": np.zeros(len(friends)),
        "“Chandler is sarcastic”": (speakers == _CHANDLER).astype(float),
        "number of words alone": count_words(friends),
        "this model, told the two turns before": with_turns,
        _US: probability,
    }
    judged = {name: judge(truth, way, speakers) for name, way in ways.items()}
    his = speakers == _CHANDLER
    chandler = bootstrap(lambda i: auc(truth[his][i], probability[his][i]), int(his.sum()))
    folds = protocols.speaker_dependent()
    bars = bar_by_speaker(material)
    dependent = {"who speaks, nothing else": _by_fold(bars), _US: _by_fold(folds)}
    shows, _ = protocols.leave_one_show_out()
    on_shows = np.zeros(len(shows), np.float32)
    for part in Part:
        own = [row for row, line in enumerate(shows) if part_of(line.show) is part]
        on_shows[own] = read_alone(part, [shows[row] for row in own])
    by_part = {part.value: judge_lines(*_lines_of(part, shows, on_shows)) for part in Part}
    by_part["all"] = judge_lines(shows, on_shows)
    bbt, _ = _lines_of(Part.BBT, shows, on_shows)
    words_on_bbt = judge_lines(bbt, count_words(bbt)).auc
    figures = {f"friends {kind}": figure for kind, figure in name_figures(judged[_US]).items()}
    figures |= {f"friends, {name}: {kind}": f for name, d in judged.items() for kind, f in name_figures(d).items()}
    figures |= {"friends, Chandler alone: AUC": chandler}
    figures |= {f"five folds, {name}: weighted F1": figure for name, figure in dependent.items()}
    figures |= {f"MUStARD++, {part}: {kind}": f for part, d in by_part.items() for kind, f in name_figures(d).items()}
    section = fill(
        "text",
        friends=len(friends),
        friends_rows=table(
            _HEADER,
            [
                *((name, *_columns(detection)) for name, detection in judged.items()),
                *((f"{name} (published)", score, "", "", "") for name, score in PUBLISHED_FRIENDS),
            ],
        ),
        chandler=chandler.fraction(),
        chandler_lines=int(his.sum()),
        words_bbt=fraction(words_on_bbt),
        folds_rows=table(
            ("", "weighted F1, mean of five folds"),
            [
                *((name, percent(figure)) for name, figure in dependent.items()),
                *((f"{name} (published)", score) for name, score in PUBLISHED_FOLDS),
            ],
        ),
        shows_rows=table(
            ("left out", "lines", *_HEADER[1:]),
            [(part, _count(part, shows), *_columns(detection)) for part, detection in by_part.items()],
        ),
    )
    return Findings(section, figures)


def truth_of(lines: Sequence[Line]) -> NDArray[np.bool_]:
    return np.array([line.sarcastic for line in lines], bool)


def speakers_of(lines: Sequence[Line]) -> NDArray[np.str_]:
    return np.array([line.speaker for line in lines], np.str_)


def read_alone(part: Part, lines: Sequence[Line]) -> NDArray[np.float32]:
    """P(sarcasm) [lines] by the model that never saw `part`, each line by itself, as live."""
    return read_sarcasm(model_folder(part, ""), [Line(line.text) for line in lines])


def judge_lines(lines: Sequence[Line], probability: Floats) -> Detection:
    return judge(truth_of(lines), probability, speakers_of(lines))


def count_words(lines: Sequence[Line]) -> NDArray[np.float64]:
    """A ranking by length, in [0, 1]: the shortcut that more words are more sarcastic; one half is the median line."""
    lengths = np.array([len(line.text.split()) for line in lines])
    return np.array([(lengths < length).mean() + (lengths == length).mean() / 2 for length in lengths])


def bar_by_speaker(material: Material) -> list[Fold]:
    """MUStARD's five folds, each test line answered by the majority of its speaker's training lines."""
    lines = read_mustard(material.data / "text")
    folds = []
    for learnt, tested in read_mustard_folds(material.data / "text"):
        test = [lines[row] for row in tested]
        folds.append((test, answer_by_speaker([lines[row] for row in learnt], test)))
    return folds


def answer_by_speaker(learnt: Sequence[Line], test: Sequence[Line]) -> NDArray[np.float64]:
    """1 for speakers who are mostly sarcastic in `learnt`, 0 for the others; for unknown ones as all of them are."""
    sarcastic = Counter(line.speaker for line in learnt if line.sarcastic)
    all_lines = Counter(line.speaker for line in learnt)
    usual = 2 * sum(sarcastic.values()) > len(learnt)
    known = {speaker: 2 * sarcastic[speaker] > count for speaker, count in all_lines.items()}
    return np.array([float(known.get(line.speaker, usual)) for line in test])


def name_figures(detection: Detection) -> dict[str, Figure]:
    """A detection's figures by what they are called, without those that are not defined."""
    named = {
        "weighted F1": detection.weighted_f1,
        "macro F1": detection.macro_f1,
        "AUC": detection.auc,
        "AUC within speakers": detection.auc_within_frequent,
    }
    return {name: figure for name, figure in named.items() if figure is not None}


def _by_fold(folds: Sequence[Fold]) -> Figure:
    """Weighted F1, averaged over folds as published; resampled inside each."""
    truth = np.concatenate([truth_of(lines) for lines, _ in folds])
    guess = np.concatenate([probability > 0.5 for _, probability in folds])
    owner = np.repeat(np.arange(len(folds)), [len(lines) for lines, _ in folds])
    return bootstrap(_mean_f1(truth, guess, owner), len(truth))


def _mean_f1(
    truth: NDArray[np.bool_], guess: NDArray[np.bool_], owner: NDArray[np.intp]
) -> Callable[[NDArray[np.intp]], float]:
    def measure(rows: NDArray[np.intp]) -> float:
        own = [rows[owner[rows] == fold] for fold in np.unique(owner)]
        return float(np.mean([f1(truth[fold], guess[fold], "weighted") for fold in own]))

    return measure


def _lines_of(part: Part, lines: Sequence[Line], probability: Floats) -> tuple[list[Line], Floats]:
    own = [row for row, line in enumerate(lines) if part_of(line.show) is part]
    return [lines[row] for row in own], probability[own]


def _count(part: str, lines: Sequence[Line]) -> int:
    return sum(part in ("all", part_of(line.show)) for line in lines)


def _columns(detection: Detection) -> tuple[str, ...]:
    ranked = (detection.auc, detection.auc_within_frequent)
    return percent(detection.weighted_f1), percent(detection.macro_f1), *map(fraction, ranked)
