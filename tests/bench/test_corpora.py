"""Folders of recordings: what their words and times are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.speech.corpora import AlignedWord, grid_sentences, own_folder, read_alignment, read_speech


def test_a_folder_of_ones_own_pairs_sounds_with_words(tmp_path: Path) -> None:
    for name in ("a.wav", "a.txt", "b.MP3", "b.txt", "lonely.wav", "words.txt"):
        (tmp_path / name).write_text("hello there")
    (tmp_path / "a.json").write_text(json.dumps({"w": [{"t": "hello", "b": 0.1, "d": 0.3}]}))
    first, second = own_folder(tmp_path)
    assert (first.name, first.corpus, first.text) == ("a", tmp_path.name, "hello there")
    assert first.aligned == (AlignedWord("hello", 0.1, 0.4),)
    assert (second.name, second.aligned) == ("b", ())


def test_a_folder_without_a_pair_says_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"NAME\.txt"):
        own_folder(tmp_path)


def test_an_alignment_keeps_words_and_leaves_out_silence_and_variants(tmp_path: Path) -> None:
    words = [{"t": "<sil>", "b": 0, "d": 0.2}, {"t": "and(2)", "b": 0.2, "d": 0.1}, {"t": "[NOISE]", "b": 1, "d": 1}]
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"w": words}))
    assert [word.text for word in read_alignment(path)] == ["and"]


def test_a_grid_sentence_is_spelled_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "av").mkdir()
    for name in ("bbaf2n.mpg", "lrwpzs.mpg", "other.mpg"):
        (tmp_path / "av" / name).touch()
    assert [one.text for one in grid_sentences(tmp_path)] == ["bin blue at f two now", "lay red with p zero soon"]


def test_without_the_shared_recordings_there_is_no_read_speech(tmp_path: Path) -> None:
    assert list(read_speech(tmp_path)) == []
