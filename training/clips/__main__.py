"""Clips in; what the live encoders make of them, kept on disk for training and evaluation, out.

    python -m training.clips [--clips PATH [PATH ...]] [--labels CSV] [--data DIR] [--jobs N]

PATH is a folder of MUStARD, MUStARD++ or the various clips as published, or a bare git repository of them; with
--labels the last one is a folder of one's own recordings. What is already there is not computed again: stop and go on
whenever.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from training.clips.paths import CACHE, DATA
from training.clips.sources import read_clips
from training.clips.store import Observations


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.clips", description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, nargs="+", default=[], help="folders or bare git repositories of clips")
    parser.add_argument("--labels", type=Path, help="table of labels (CSV) for the last of the folders")
    parser.add_argument("--data", type=Path, default=DATA, help="label tables and models")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where to keep what was computed")
    parser.add_argument("--jobs", type=int, default=1, help="processes that listen to the words")
    chosen = parser.parse_args()
    clips = read_clips(chosen.clips, labels=chosen.labels, data=chosen.data, cache=chosen.cache)
    shows = Counter(f"{clip.corpus} {clip.show}" for clip in clips)
    print(f"{len(clips)} clips:", ", ".join(f"{show} {count}" for show, count in sorted(shows.items())))
    observed = Observations(clips, data=chosen.data, cache=chosen.cache).observe_all(chosen.jobs)
    heard = sum(bool(one.transcripts) for one in observed.values())
    seen = sum(bool((one.face.confidence > 0).any()) for one in observed.values())
    print(f"{len(observed)} observed: words in {heard}, a face in {seen}")


if __name__ == "__main__":
    main()
