"""Published corpora of clips, or anybody's folder with a table of labels, in; labelled clips out."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from training.clips.media import open_clips
from training.text.corpora import normalise

MUSTARD, MUSTARD_PLUS_PLUS, VARIOUS = "mustard", "mustard++", "various"
STRANGER = "PERSON"  # what MUStARD calls everybody without a name
SHOWS = Path(__file__).with_name("various_shows.csv")  # seen frame by frame; what it does not name is of other shows
_FLAGS = {"": None, "0": False, "1": True}


@dataclass(frozen=True, slots=True)
class Clip:
    """One recorded utterance and what raters said of it.

    `key` names it in all caches. `sarcasm` is None where unknown; `valence` and `arousal` are in [-1, 1], None where
    unrated. `show` and `speaker` only part and group clips (no model is told); `speaker` is empty where unknown.
    `text` is what is said, empty where nobody wrote it down; `context` holds the turns before it, oldest first.
    """

    key: str
    corpus: str
    path: Path
    show: str
    speaker: str
    sarcasm: bool | None
    valence: float | None = None
    arousal: float | None = None
    text: str = ""
    context: tuple[str, ...] = ()

    @property
    def person(self) -> str:
        """Equal for clips of one known person; unlike any other where nobody knows who speaks."""
        return f"{self.show} {self.speaker}" if self.speaker else f"{self.show} {self.key}"


def read_mustard(media: Path, utterances: Path, ratings: Path | None, scratch: Path) -> list[Clip]:
    """MUStARD (Castro et al. 2019): `media` holds <key>.mp4, the published mmsd_raw_data/utterances_final/ (or any
    folder above it), or is a bare git repository with them under video_data/; `utterances` is sarcasm_data.json.

    Valence and arousal come from MUStARD++'s table `ratings`, joined by the words spoken. Clips that the table of
    utterances does not know are left out.
    """
    rows = json.loads(utterances.read_text(encoding="utf-8"))
    rated = {normalise(row["SENTENCE"]): row for row in _utterance_rows(ratings)} if ratings else {}
    folder = _find_folder(media, "utterances_final")
    clips = []
    for key, path in open_clips(folder, scratch).items():
        if key in rows:
            row = rows[key]
            rating = rated.get(normalise(row["utterance"]), {})
            clips.append(
                Clip(
                    key,
                    MUSTARD,
                    path,
                    row["show"],
                    _known(row["speaker"]),
                    bool(row["sarcasm"]),
                    _scale(rating.get("Valence", "")),
                    _scale(rating.get("Arousal", "")),
                    row["utterance"],
                    tuple(row["context"]),
                )
            )
    return clips


def read_mustard_plus_plus(media: Path, table: Path, scratch: Path) -> list[Clip]:
    """MUStARD++ (Ray et al. 2022): `media` holds <KEY>.mp4, the published final_utterance_videos/ or a folder above it;
    `table` is mustard++_text.csv. A clip's key is its scene, which is MUStARD's own key for what both contain.
    """
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    turns: dict[str, list[str]] = {}
    for row in rows:
        if not row["KEY"].endswith("_u"):
            turns.setdefault(row["SCENE"], []).append(row["SENTENCE"])
    paths = open_clips(_find_folder(media, "final_utterance_videos"), scratch)
    return [
        Clip(
            row["SCENE"],
            MUSTARD_PLUS_PLUS,
            paths[row["KEY"]],
            row["SHOW"],
            _known(row["SPEAKER"]),
            row["Sarcasm"] == "1",
            _scale(row["Valence"]),
            _scale(row["Arousal"]),
            row["SENTENCE"],
            tuple(turns.get(row["SCENE"], ())),
        )
        for row in rows
        if row["KEY"] in paths
    ]


def read_various(media: Path, scratch: Path) -> list[Clip]:
    """Clips of many shows and films without transcripts (ianikpark/sarcasm-dataset): folders sarcastic/ and
    non-sarcastic/ under clips/, a folder of sarcastic-<n>.mp4 and non-sarcastic-<n>.mp4, or the bare repository.

    Nearly half are of shows that MUStARD has too, and say so in `show`, so that they are held out with them.
    """
    folder = media / "clips" if (media / "clips").is_dir() else media
    paths: dict[str, Path] = {}
    if (folder / "sarcastic").is_dir():
        for name in ("sarcastic", "non-sarcastic"):
            paths |= {f"{name}-{key}": path for key, path in open_clips(folder / name, scratch).items()}
    else:
        paths = open_clips(folder, scratch)
    with SHOWS.open(newline="", encoding="utf-8") as table:
        shows = {row["key"]: row["show"] for row in csv.DictReader(table)}
    return [
        Clip(key, VARIOUS, path, shows.get(key, VARIOUS.upper()), "", key.startswith("sarcastic-"))
        for key, path in paths.items()
        if key.rsplit("-", 1)[0] in ("sarcastic", "non-sarcastic")
    ]


def read_folder(folder: Path, labels: Path) -> list[Clip]:
    """Anybody's recordings: a CSV table `labels` of the files in `folder`.

    Columns: `file` (or `key`: the name without its ending), and any of `sarcasm` (1 or 0), `valence` and `arousal` (-1
    to 1), `speaker`, `show` (or `group`), `text`, `context` (turns separated by |). A cell may be empty. Raises
    ValueError with the line at fault.
    """
    clips: dict[str, Clip] = {}
    with labels.open(newline="", encoding="utf-8-sig") as table:
        rows = csv.DictReader(table)
        if not {"file", "key"} & set(rows.fieldnames or ()):
            raise ValueError(f"{labels}:1: a column named file (or key) is missing")
        for row in rows:
            try:
                clip = _read_row(folder, {name: (cell or "").strip() for name, cell in row.items() if name})
                if clip.key in clips:
                    raise ValueError(f"{clip.path.name} was labelled before")
            except ValueError as error:
                raise ValueError(f"{labels}:{rows.line_num}: {error}") from None
            clips[clip.key] = clip
    return list(clips.values())


def _read_row(folder: Path, row: Mapping[str, str]) -> Clip:
    path = _find_file(folder, row.get("file", ""), row.get("key", ""))
    if row.get("sarcasm", "") not in _FLAGS:
        raise ValueError(f"sarcasm is {row['sarcasm']!r}, neither 0 nor 1 nor empty")
    return Clip(
        f"{folder.resolve().name}/{path.stem}",
        folder.resolve().name,
        path,
        row.get("show") or row.get("group") or folder.resolve().name,
        row.get("speaker", ""),
        _FLAGS[row.get("sarcasm", "")],
        _read_rating(row, "valence"),
        _read_rating(row, "arousal"),
        row.get("text", ""),
        tuple(turn.strip() for turn in row.get("context", "").split("|") if turn.strip()),
    )


def _find_file(folder: Path, file: str, key: str) -> Path:
    found = [folder / file] if file else sorted(folder.glob(f"{key}.*")) if key else []
    if not found:
        raise ValueError(f"no file for key {key!r} in {folder}" if key else "neither file nor key is given")
    if not found[0].is_file():
        raise ValueError(f"there is no {found[0]}")
    return found[0]


def _read_rating(row: Mapping[str, str], name: str) -> float | None:
    if not row.get(name):
        return None
    try:
        value = float(row[name])
    except ValueError:
        raise ValueError(f"{name} is {row[name]!r}, not a number") from None
    if not -1.0 <= value <= 1.0:
        raise ValueError(f"{name} is {value:g}, outside [-1, 1]")
    return value


def _utterance_rows(table: Path) -> Iterable[dict[str, str]]:
    with table.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["KEY"].endswith("_u")]


def _find_folder(media: Path, name: str) -> Path:
    """The folder called `name` under `media`, as the corpus is published; `media` itself where there is none."""
    return next((path for path in (media / name, *media.glob(f"*/{name}")) if path.is_dir()), media)


def _known(speaker: str) -> str:
    return "" if speaker.upper().startswith(STRANGER) else speaker


def _scale(rating: str) -> float | None:
    """A rating of 1 to 9 in [-1, 1]."""
    return (float(rating) - 5.0) / 4.0 if rating else None
