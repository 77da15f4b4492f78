"""Nothing in; a folder of labelled recordings such as anybody may have, out: python -m examples.own_recordings talks

Three synthetic voices say six lines each, warmly, deadpan or plainly, with a drawn face. What to do with the folder is
in docs/training.md; with so few, so simple recordings the figures say nothing, but every step is the real one.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from training.performer.__main__ import main as perform
from training.performer.voice import VOICES

LINES = (
    ("Great, I really love this place.", "warm", False, 0.8),
    ("Great, I really love this place.", "deadpan", True, -0.6),
    ("That went very well.", "warm", False, 0.7),
    ("That went very well.", "deadpan", True, -0.5),
    ("The store is open until six.", "neutral", False, 0.0),
    ("Oh good, it is raining again.", "deadpan", True, -0.6),
)


def main(folder: Path) -> None:
    """Film every line by every voice into `folder`, and write labels.csv beside the films."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as table:
        rows = csv.writer(table)
        rows.writerow(("file", "sarcasm", "speaker", "valence", "text"))
        for voice in VOICES:
            for number, (text, delivery, sarcastic, valence) in enumerate(LINES):
                film = folder / f"{voice}-{number}.mp4"
                if perform(["say", text, "--delivery", delivery, "--voice", voice, "--out", str(film)]):
                    raise SystemExit(1)
                rows.writerow((film.name, int(sarcastic), voice, valence, text))


if __name__ == "__main__":
    parser = argparse.ArgumentParser("examples.own_recordings", description="Make a folder of labelled recordings.")
    parser.add_argument("folder", metavar="FOLDER", type=Path, nargs="?", default=Path("talks"), help="default: talks")
    main(parser.parse_args().folder)
