"""What the corpus readers say, and that no line leaks from the test show into training."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.text.corpora import (
    FRIENDS,
    Line,
    Polarity,
    normalise,
    read_goemotions,
    read_meld,
    read_mustard,
    read_mustard_plus_plus,
    read_sst2,
    split_by_scene,
    without,
)

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "text"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the corpora are not part of the repository (../shared/data)")


def test_lines_that_differ_in_marks_alone_are_equal() -> None:
    assert normalise("Oh, it’s GREAT!") == normalise("oh its great")


def test_without_drops_utterances_and_context_turns_alike() -> None:
    held_out = [Line("Could it be any later?", ("You're early.",))]
    lines = [Line("could it be any later"), Line("YOU'RE EARLY!"), Line("Something else.")]
    assert without(lines, held_out) == [lines[2]]


def test_lines_of_one_scene_stay_on_one_side() -> None:
    lines = [Line(f"answer {i}", (f"a turn shared by pair {i // 2}",)) for i in range(200)]
    rest, held = split_by_scene(lines, 0.3, seed=1)
    assert len(rest) + len(held) == 200
    assert 30 < len(held) < 90
    assert not {line.context for line in rest} & {line.context for line in held}


def test_a_line_keeps_its_side_when_others_are_added() -> None:
    lines = [Line(f"a line of its own number {i}") for i in range(100)]
    _, held = split_by_scene(lines, 0.3, seed=1)
    _, held_of_more = split_by_scene([*lines, *(Line(f"another of number {i}") for i in range(50))], 0.3, seed=1)
    assert set(held) <= set(held_of_more)


@needs_data
def test_mustard_has_the_published_counts() -> None:
    lines = read_mustard(DATA)
    assert (len(lines), sum(bool(line.sarcastic) for line in lines)) == (690, 345)
    assert sum(line.show == FRIENDS for line in lines) == 356
    assert max(len(line.context) for line in lines) == 2


@needs_data
def test_mustard_plus_plus_lines_come_with_the_turns_before_them() -> None:
    lines = read_mustard_plus_plus(DATA)
    assert (len(lines), sum(bool(line.sarcastic) for line in lines)) == (1202, 601)
    line = next(line for line in lines if line.text.startswith("And of those few months"))
    assert line.context == ("How long have you been involved with him?", "A few months.")


@needs_data
def test_goemotions_keeps_lines_of_one_clear_polarity() -> None:
    lines = read_goemotions(DATA, "dev")
    assert Line("I've never been this sad in my life!", polarity=Polarity.NEGATIVE) in lines
    assert not any(line.text.startswith("You know the answer man") for line in lines)  # neutral and positive at once


@needs_data
def test_sst2_is_written_the_ordinary_way() -> None:
    lines = read_sst2(DATA, "test")
    assert len(lines) == 872
    assert lines[0] == Line("it's a charming and often affecting journey.", polarity=Polarity.POSITIVE, two_way=True)


@needs_data
def test_meld_test_has_three_polarities() -> None:
    lines = read_meld(DATA, "test")
    assert len(lines) == 2610
    assert {line.polarity for line in lines} == set(Polarity)


@needs_data
def test_a_meld_line_comes_with_the_turns_of_its_own_dialogue() -> None:
    lines = read_meld(DATA, "test")
    assert lines[0].context == ()
    assert lines[2].context == (lines[0].text, lines[1].text)


@needs_data
def test_no_sitcom_line_teaches_sentiment_and_no_friends_line_sarcasm() -> None:
    pytest.importorskip("safetensors", reason="the training extra is not installed")
    from training.parts import Part
    from training.text.folds import fold_without
    from training.text.recipe import read_corpora

    corpora = read_corpora(DATA)
    sitcoms = corpora.mustard + corpora.mustard_plus_plus
    spoken = {normalise(text) for line in sitcoms for text in (line.text, *line.context)}
    meld = {normalise(line.text) for split in ("train", "dev", "test") for line in read_meld(DATA, split)}
    assert len(corpora.sentiment) > 80_000
    assert not (spoken | meld) & {normalise(line.text) for line in corpora.sentiment}
    fold = fold_without(corpora, Part.FRIENDS)
    friends = {normalise(t) for line in sitcoms if line.show == FRIENDS for t in (line.text, *line.context)}
    assert not friends & {normalise(line.text) for line in fold.learnt + fold.validation}


@needs_data
def test_validation_scenes_are_not_trained_on() -> None:
    pytest.importorskip("safetensors", reason="the training extra is not installed")
    from training.parts import Part
    from training.text.folds import fold_without
    from training.text.recipe import read_corpora

    fold = fold_without(read_corpora(DATA), Part.FRIENDS)
    trained = {normalise(turn) for line in fold.learnt for turn in (line.text, *line.context)}
    held = {normalise(turn) for line in fold.validation for turn in (line.text, *line.context)}
    assert not [turn for turn in trained & held if turn.count(" ") >= 3]
