"""The readers of clips: the published layouts, one's own folder, bare repositories; and clips that repeat others."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av", reason="the live extra is not installed")

from tests.agent.capture.films import noise, write_audio
from training.clips.corpora import SHOWS, Clip, read_folder, read_mustard, read_mustard_plus_plus, read_various
from training.clips.repeats import LEAST_CORRELATION, correlate, fingerprint
from training.clips.sources import read_clips
from training.parts import part_of

UTTERANCES = {
    "1_2": {"utterance": "Oh, great.", "speaker": "ANN", "show": "BBT", "sarcasm": True, "context": ["It rains."]},
    "1_3": {"utterance": "Good morning.", "speaker": "PERSON", "show": "BBT", "sarcasm": False, "context": []},
}
RATINGS = (
    "SCENE,KEY,SENTENCE,SPEAKER,SHOW,Sarcasm,Valence,Arousal\n"
    '1_2,1_2_c_00,"It rains.",BEN,BBT,,,\n'
    '1_2,1_2_u,"oh great",ANN,BBT,1,2,7\n'
    '7_7,7_7_u,"Never filmed.",ANN,BBT,0,5,5\n'
)


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"moving")
    return path


def write_tables(folder: Path) -> tuple[Path, Path]:
    (folder / "text").mkdir(parents=True)
    utterances, ratings = folder / "text" / "mustard.json", folder / "text" / "mustard_plus_plus.csv"
    utterances.write_text(json.dumps(UTTERANCES))
    ratings.write_text(RATINGS)
    return utterances, ratings


def test_mustard_is_read_as_it_is_published(tmp_path: Path) -> None:
    path = touch(tmp_path / "mmsd_raw_data" / "utterances_final" / "1_2.mp4")
    touch(tmp_path / "mmsd_raw_data" / "utterances_final" / "9_9.mp4")
    clips = read_mustard(tmp_path, *write_tables(tmp_path / "tables"), tmp_path / "scratch")
    assert clips == [Clip("1_2", "mustard", path, "BBT", "ANN", True, -0.75, 0.5, "Oh, great.", ("It rains.",))]


def test_mustard_without_ratings_has_no_valence(tmp_path: Path) -> None:
    touch(tmp_path / "1_3.mp4")
    utterances, _ = write_tables(tmp_path / "tables")
    (clip,) = read_mustard(tmp_path, utterances, None, tmp_path / "scratch")
    assert (clip.valence, clip.arousal, clip.speaker) == (None, None, "")


def test_mustard_plus_plus_is_read_as_it_is_published(tmp_path: Path) -> None:
    path = touch(tmp_path / "final_utterance_videos" / "1_2_u.mp4")
    _, table = write_tables(tmp_path / "tables")
    clips = read_mustard_plus_plus(tmp_path, table, tmp_path / "scratch")
    assert clips == [Clip("1_2", "mustard++", path, "BBT", "ANN", True, -0.75, 0.5, "oh great", ("It rains.",))]


def test_various_clips_come_out_of_a_bare_repository(tmp_path: Path) -> None:
    git = shutil.which("git")
    assert git is not None
    work, bare = tmp_path / "work", tmp_path / "bare.git"
    touch(work / "clips" / "sarcastic" / "0.mp4")
    touch(work / "clips" / "non-sarcastic" / "1.mp4")
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "clips"]):
        subprocess.run([git, "-C", str(work), *command], check=True)
    subprocess.run([git, "clone", "-q", "--bare", str(work), str(bare)], check=True)
    clips = {clip.key: clip for clip in read_various(bare, tmp_path / "scratch")}
    assert {key: clip.sarcasm for key, clip in clips.items()} == {"sarcastic-0": True, "non-sarcastic-1": False}
    assert clips["sarcastic-0"].path.read_bytes() == b"moving"
    assert {clip.key: clip.sarcasm for clip in read_various(work, tmp_path / "scratch")} == {
        "sarcastic-0": True,
        "non-sarcastic-1": False,
    }


def write_labels(folder: Path, table: str) -> Path:
    touch(folder / "take1.mkv")
    touch(folder / "take2.mp4")
    labels = folder / "labels.csv"
    labels.write_text(table)
    return labels


def test_ones_own_folder_is_read_with_its_labels(tmp_path: Path) -> None:
    labels = write_labels(
        tmp_path / "own",
        "file,sarcasm,valence,arousal,speaker,group,text,context\n"
        'take1.mkv,1,-0.5,,Ann,monday,"Oh, great.",It rains.| Again?\n'
        "take2.mp4,,,,,,,\n",
    )
    first, second = read_folder(tmp_path / "own", labels)
    assert first == Clip(
        "own/take1",
        "own",
        tmp_path / "own" / "take1.mkv",
        "monday",
        "Ann",
        True,
        -0.5,
        None,
        "Oh, great.",
        ("It rains.", "Again?"),
    )
    assert (second.sarcasm, second.show, second.context) == (None, "own", ())


def test_a_clip_may_be_named_by_its_key(tmp_path: Path) -> None:
    labels = write_labels(tmp_path / "own", "key,sarcasm\ntake1,0\n")
    (clip,) = read_folder(tmp_path / "own", labels)
    assert clip.path.name == "take1.mkv"
    assert clip.sarcasm is False


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("sarcasm\n1\n", r"labels\.csv:1: a column named file"),
        ("file,sarcasm\ntake1.mkv,1\ntake2.mp4,yes\n", r"labels\.csv:3: sarcasm is 'yes'"),
        ("file,valence\ntake1.mkv,7\n", r"labels\.csv:2: valence is 7, outside"),
        ("file,arousal\ntake1.mkv,high\n", r"labels\.csv:2: arousal is 'high', not a number"),
        ("file,sarcasm\ntake3.mp4,1\n", r"labels\.csv:2: there is no .*take3\.mp4"),
        ("key,sarcasm\n,1\n", r"labels\.csv:2: neither file nor key"),
        ("key,sarcasm\ntake1,1\ntake1,0\n", r"labels\.csv:3: take1\.mkv was labelled before"),
    ],
)
def test_a_faulty_table_names_its_line(tmp_path: Path, table: str, message: str) -> None:
    labels = write_labels(tmp_path / "own", table)
    with pytest.raises(ValueError, match=message):
        read_folder(tmp_path / "own", labels)


def test_a_folder_without_clips_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no \.mp4 clips"):
        read_various(tmp_path, tmp_path / "scratch")


def speech_like(seed: int, seconds: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Noise whose spectrum changes each tenth of a second, as speech does."""
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(round(seconds * 10)):
        spectrum = np.fft.rfft(rng.normal(size=1600)) * np.exp(rng.normal(0, 1.5, 801).cumsum() * 0.08)
        parts.append(np.fft.irfft(spectrum))
    sound = np.concatenate(parts)
    return np.asarray(0.3 * sound / np.abs(sound).max(), np.float32)


def test_a_clip_inside_another_is_found_whatever_its_gain_and_shift() -> None:
    whole, other = speech_like(0, 6.0), speech_like(1, 6.0)
    part = 0.3 * whole[20_123:60_000] + 0.002 * speech_like(2, 6.0)[: 60_000 - 20_123]
    best = correlate([fingerprint(sound) for sound in (whole, other, part.astype(np.float32))])
    assert best[0, 2] > LEAST_CORRELATION > max(best[0, 1], best[1, 2])


def test_a_various_clip_that_repeats_a_mustard_clip_is_left_out(tmp_path: Path) -> None:
    sound = speech_like(0, 4.0)
    write_tables(tmp_path / "data")
    for name, pcm in (
        ("mustard/1_2", sound),
        ("various/sarcastic-0", 0.5 * sound[8000:]),
        ("various/non-sarcastic-1", speech_like(1, 4.0)),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_audio(tmp_path / f"{name}.mp4", np.asarray(pcm, np.float64)[:, None], 16_000, codec="aac")
    clips = read_clips([tmp_path / "mustard", tmp_path / "various"], data=tmp_path / "data", cache=tmp_path / "cache")
    assert [clip.key for clip in clips] == ["1_2", "non-sarcastic-1"]


def test_sound_too_short_to_compare_repeats_nothing() -> None:
    short = fingerprint(noise(0.1)[:, 0].astype(np.float32))
    assert not correlate([short, fingerprint(speech_like(0, 3.0))]).any()


def test_a_various_clip_of_a_known_show_says_so(tmp_path: Path) -> None:
    with SHOWS.open(newline="", encoding="utf-8") as table:
        named = next(csv.DictReader(table))
    touch(tmp_path / f"{named['key']}.mp4")
    touch(tmp_path / "non-sarcastic-9999.mp4")
    shows = {clip.key: clip.show for clip in read_various(tmp_path, tmp_path / "scratch")}
    assert shows == {named["key"]: named["show"], "non-sarcastic-9999": "VARIOUS"}
    assert part_of(named["show"]) is not None
