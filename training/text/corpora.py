"""Corpus files in, labelled lines out: what each corpus says, and nothing that names a speaker to the model.

`Line` carries show and speaker because splitting and scoring need them; `training.text.batches` never reads them.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

CONTEXT_TURNS = 2
EMOTIONS = (
    "Neutral",
    "Happiness",
    "Sadness",
    "Excitement",
    "Surprise",
    "Anger",
    "Frustration",
    "Disgust",
    "Fear",
)
FRIENDS = "FRIENDS"


class Polarity(IntEnum):
    """Classes of the sentiment head, in the order of its logits."""

    NEGATIVE = 0
    NEUTRAL = 1
    POSITIVE = 2


@dataclass(frozen=True, slots=True)
class Line:
    """One labelled line. What the corpus does not say is None or empty.

    `two_way` is true where the corpus knows no neutral class, so that calling the line neutral is not an error it can
    judge. `valence` in [-1, 1] is how pleasant the speaker feels, which of a sarcastic line is what is meant, not what
    is said; `emotion` is the one the words express, as MUStARD++ names it. MUStARD and MUStARD++ call one line by one
    `key`.
    """

    text: str
    context: tuple[str, ...] = ()
    polarity: Polarity | None = None
    two_way: bool = False
    sarcastic: bool | None = None
    show: str = ""
    speaker: str = ""
    key: str = ""
    valence: float | None = None
    emotion: str = ""


def normalise(text: str) -> str:
    """Letters and digits only, lower case: two lines that differ in spelling of the marks alone become equal."""
    return " ".join(re.findall(r"[a-z0-9]+", re.sub(r"['’`´]", "", text.lower())))


def read_sst2(folder: Path, split: str) -> list[Line]:
    """SST-2 phrases of movie reviews. `split`: train, dev (both cut from GLUE's train) or test (GLUE's dev, 872)."""
    rows = _read_table(folder / "sst2" / f"{split}.tsv")
    sides = {"0": Polarity.NEGATIVE, "1": Polarity.POSITIVE}
    return [Line(_rejoin(row["sentence"]), polarity=sides[row["label"]], two_way=True) for row in rows]


def read_goemotions(folder: Path, split: str) -> list[Line]:
    """GoEmotions comments of one grouped label: negative, neutral or positive; no mixed or ambiguous ones."""
    names = (folder / "goemotions" / "labels.txt").read_text("utf-8").split()
    classes = {str(names.index(polarity.name.lower())): polarity for polarity in Polarity}
    with (folder / "goemotions" / f"{split}.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Line(text.strip(), polarity=classes[label]) for text, label, _ in rows if label in classes]


def read_meld(folder: Path, split: str) -> list[Line]:
    """MELD dialogue lines (all from Friends) with the turns before them. `split`: train, dev or test."""
    with (folder / f"meld_{split}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lines: list[Line] = []
    turns: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        before, said = turns[row["Dialogue_ID"]], _unsmart(row["Utterance"])
        polarity = Polarity[row["Sentiment"].upper()]
        lines.append(Line(said, tuple(before[-CONTEXT_TURNS:]), polarity, show=FRIENDS, speaker=row["Speaker"]))
        before.append(said)
    return lines


def read_mustard(folder: Path) -> list[Line]:
    """MUStARD: 690 sitcom lines with the turns before them."""
    entries = json.loads((folder / "mustard.json").read_text("utf-8"))
    return [
        Line(
            _tidy(entry["utterance"]),
            tuple(_tidy(turn) for turn in entry["context"][-CONTEXT_TURNS:]),
            sarcastic=bool(entry["sarcasm"]),
            show=entry["show"],
            speaker=entry["speaker"],
            key=key,
        )
        for key, entry in entries.items()
    ]


def read_mustard_plus_plus(folder: Path) -> list[Line]:
    """MUStARD++: 1,202 sitcom lines, the turns before each in rows of their own under the same scene.

    The polarity is that of the emotion the words express (surprise takes no side); what is meant beneath is never read.
    """
    with (folder / "mustard_plus_plus.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    turns: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if not row["Sarcasm"]:
            turns[row["SCENE"]].append(_tidy(row["SENTENCE"]))
    return [
        Line(
            _tidy(row["SENTENCE"]),
            tuple(turns[row["SCENE"]][-CONTEXT_TURNS:]),
            polarity=_SIDES.get(row["Explicit_Emotion"]),
            sarcastic=float(row["Sarcasm"]) > 0.5,
            show=row["SHOW"],
            speaker=row["SPEAKER"],
            key=row["KEY"].removesuffix("_u"),
            valence=(float(row["Valence"]) - 5.0) / 4.0,
            emotion=row["Explicit_Emotion"],
        )
        for row in rows
        if row["Sarcasm"]
    ]


def without(lines: Iterable[Line], held_out: Iterable[Line]) -> list[Line]:
    """`lines` less everything whose normalised text is an utterance or a context turn of `held_out`."""
    spoken = {normalise(text) for line in held_out for text in (line.text, *line.context)}
    return [line for line in lines if normalise(line.text) not in spoken]


def split_by_scene(lines: Sequence[Line], share: float, seed: int) -> tuple[list[Line], list[Line]]:
    """(rest, held) with about `share` of the lines held, and no turn of four words or more on both sides."""
    scenes = list(range(len(lines)))

    def root(index: int) -> int:
        while scenes[index] != index:
            index = scenes[index]
        return index

    first_with: dict[str, int] = {}
    for index, line in enumerate(lines):
        for turn in map(normalise, (line.text, *line.context)):
            if turn.count(" ") >= 3:
                scenes[root(index)] = root(first_with.setdefault(turn, index))
    # A scene's side depends on its own words, not on file order: adding lines never moves an old one across.
    rest: list[Line] = []
    held: list[Line] = []
    for index, line in enumerate(lines):
        (held if _draw(lines[root(index)].text, seed) < share else rest).append(line)
    return rest, held


def _draw(text: str, seed: int) -> float:
    # Not a CRC, which is linear: there the draws of two seeds are the same up to a constant.
    digest = hashlib.blake2b(f"{seed}:{normalise(text)}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


_SIDES = {
    "Neutral": Polarity.NEUTRAL,
    **dict.fromkeys(("Happiness", "Excitement"), Polarity.POSITIVE),
    **dict.fromkeys(("Sadness", "Anger", "Frustration", "Disgust", "Fear"), Polarity.NEGATIVE),
}


def _read_table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def _tidy(text: str) -> str:
    return _unsmart(" ".join(text.split()))


def _unsmart(text: str) -> str:
    return text.replace("’", "'").replace("‘", "'").replace("“", '"').replace("”", '"')


def _rejoin(text: str) -> str:
    """Undo the treebank's spaces ("it 's", "did n't", "film ."): a recognizer writes words the ordinary way."""
    text = re.sub(r" (n't|'(?:s|re|ve|ll|d|m)\b)", r"\1", text.strip())
    return re.sub(r" ([.,!?;:])", r"\1", text)
