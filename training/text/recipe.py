"""What the shipped text model is trained on and how: every number of the run in one place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from training.text.batches import seeded
from training.text.corpora import (
    FRIENDS,
    Line,
    Polarity,
    read_goemotions,
    read_meld,
    read_mustard,
    read_mustard_plus_plus,
    read_sst2,
    split_by_scene,
    without,
)
from training.text.train import Schedule

VERSION = "text-1"
SEED = 0
SST2_LINES = 5_000
GOEMOTIONS_LINES = 7_000
REPLAY_LINES = 6_000
VALIDATION_SHARE = 0.2  # of the sarcasm scenes
VALIDATION_COMMENTS = 1_500
SARCASM_RUNS = 2
SENTIMENT = Schedule(epochs=1, peak_rate=1e-4)
SARCASM = Schedule(epochs=2, peak_rate=2e-5, frozen_layers=4)


@dataclass(frozen=True, slots=True)
class Splits:
    """Every line by its use. No Friends line is in any but `friends` and `meld_test`."""

    sentiment: list[Line]
    sentiment_validation: list[Line]
    replay: list[Line]
    dialogue: list[Line]
    dialogue_validation: list[Line]
    friends: list[Line]
    sst2_test: list[Line]
    meld_test: list[Line]


def read_splits(folder: Path) -> Splits:
    """Read and divide all corpora. Sarcasm is tested on another show than it is trained on, Friends."""
    rng = seeded(SEED)
    mustard, mustard_plus_plus = read_mustard(folder), read_mustard_plus_plus(folder)
    all_friends = [line for line in mustard + mustard_plus_plus if line.show == FRIENDS]
    other_shows = without([line for line in mustard_plus_plus if line.show != FRIENDS], all_friends)
    dialogue, dialogue_validation = split_by_scene(other_shows, VALIDATION_SHARE, SEED)
    phrases = [line for line in dict.fromkeys(read_sst2(folder, "train")) if len(line.text.split()) >= 3]
    comments = read_goemotions(folder, "train")
    sentiment = without(rng.sample(phrases, SST2_LINES) + rng.sample(comments, GOEMOTIONS_LINES), all_friends)
    return Splits(
        sentiment=sentiment,
        sentiment_validation=without(read_goemotions(folder, "dev"), all_friends)[:VALIDATION_COMMENTS],
        replay=rng.sample(sentiment, REPLAY_LINES),
        dialogue=dialogue,
        dialogue_validation=dialogue_validation,
        friends=[line for line in mustard if line.show == FRIENDS],
        sst2_test=read_sst2(folder, "test"),
        meld_test=read_meld(folder, "test"),
    )


def polarity_of(line: Line) -> Polarity:
    """The polarity of a line that has one. Raises ValueError otherwise."""
    if line.polarity is None:
        raise ValueError(f"{line.text!r} has no polarity")
    return line.polarity
