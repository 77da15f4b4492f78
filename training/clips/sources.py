"""Paths of folders or bare repositories in; the clips of all of them, each once, out."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from training.clips.corpora import Clip, read_folder, read_mustard, read_mustard_plus_plus, read_various
from training.clips.media import is_repository
from training.clips.paths import CACHE, DATA, MEDIA
from training.clips.repeats import find_repeats

UTTERANCES, RATINGS = "text/mustard.json", "text/mustard_plus_plus.csv"


def read_clips(
    paths: Sequence[Path] = (), *, labels: Path | None = None, data: Path = DATA, cache: Path = CACHE
) -> list[Clip]:
    """The clips under `paths` (by default .training/media/mustard and .training/media/various), in order of key.

    With `labels` the last path is a folder of one's own recordings with that table. Of the other paths each is known
    by its look: the published folders of MUStARD and MUStARD++, the various clips' folders, or bare repositories. A
    various clip that holds sound of another clip is left out. Raises FileNotFoundError where there are no clips.
    """
    paths = list(paths) or [path for path in (MEDIA / "mustard", MEDIA / "various") if path.is_dir()]
    own = read_folder(paths.pop(), labels) if labels is not None and paths else []
    clips: dict[str, Clip] = {}
    for path in paths:
        for clip in _recognise(path, data, cache / "media"):
            clips.setdefault(clip.key, clip)
    repeated = find_repeats(list(clips.values()), cache / "sounds")
    return [clip for key, clip in sorted(clips.items()) if key not in repeated] + own


def _recognise(path: Path, data: Path, scratch: Path) -> list[Clip]:
    if not path.is_dir():
        raise FileNotFoundError(f"there is no folder {path}")
    names = _list_names(path)
    if any("non-sarcastic" in name for name in names):
        return read_various(path, scratch / "various")
    if "final_utterance_videos" in names or any(name.endswith("_u.mp4") for name in names):
        return read_mustard_plus_plus(path, data / RATINGS, scratch / "mustard++")
    ratings = data / RATINGS
    return read_mustard(path, data / UTTERANCES, ratings if ratings.exists() else None, scratch / "mustard")


def _list_names(path: Path) -> set[str]:
    """Names of what lies in a folder or one level below it, or of all that is in a bare repository."""
    if is_repository(path):
        listing = ["git", "-C", str(path), "ls-tree", "-r", "--name-only", "HEAD"]
        lines = subprocess.run(listing, check=True, capture_output=True, text=True).stdout.splitlines()
        return {part for line in lines for part in line.split("/")}
    return {entry.name for entry in [*path.glob("*"), *path.glob("*/*")]}
