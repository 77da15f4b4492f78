"""Captions of utterances: what stands on the screen, from when to when, and what is hinted at."""

from __future__ import annotations

import re
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.report.captions import broken, captions, hint, write_srt, write_vtt
from agent.report.products import Write
from tests.agent.report.spoken import found, said
from tests.deadpan.sent import S

LONG = "well I have to say that this is by far the most wonderful queue that I have ever had the honour to stand in"


def test_a_long_utterance_is_several_captions_of_two_lines_timed_by_their_words() -> None:
    utterance = said(LONG, 1, 12)
    cut = list(captions(iter([utterance]), hints=True))
    assert [len(caption.lines) for caption in cut] == [2, 1]
    assert " ".join(line for caption in cut for line in caption.lines) == LONG
    assert all(len(line) <= 42 for caption in cut for line in caption.lines)
    first_of_second = len(" ".join(cut[0].lines).split())
    assert cut[1].start_ns == cut[0].end_ns == utterance.words[first_of_second].start_ns
    assert (cut[0].start_ns, cut[1].end_ns) == (1 * S, 12 * S)


def test_two_lines_are_about_as_long_as_one_another() -> None:
    (caption,) = captions(iter([said("The store is open until six in the evening.", 0, 3)]), hints=True)
    assert caption.lines == ("The store is open until", "six in the evening.")


def test_a_short_caption_stays_for_a_second_unless_the_next_one_comes() -> None:
    three = [said("Oh.", 1, 1.2), said("No.", 1.5, 1.7), said("Yes.", 5, 5.1)]
    times = [(each.start_ns, each.end_ns) for each in captions(iter(three), hints=True)]
    assert times == [(1 * S, 1_500_000_000), (1_500_000_000, 2_500_000_000), (5 * S, 6 * S)]


@pytest.mark.parametrize(
    ("probability", "hinted"),
    [
        (None, ""),
        (0.59, ""),
        (0.6, "(perhaps not meant literally)"),
        (0.79, "(perhaps not meant literally)"),
        (0.8, "(probably not meant literally)"),
    ],
)
def test_the_hint_is_as_sure_as_the_probability(probability: float | None, hinted: str) -> None:
    assert hint(said("Oh great", 0, 1, probability)) == hinted


def test_every_caption_of_what_was_perhaps_not_meant_says_so_unless_hints_are_off() -> None:
    utterance = said(LONG, 1, 12, 0.9)
    assert {each.hint for each in captions(iter([utterance]), hints=True)} == {"(probably not meant literally)"}
    assert {each.hint for each in captions(iter([utterance]), hints=False)} == {""}


def test_webvtt_marks_its_hints_and_escapes_what_it_would_read_as_markup(tmp_path: Path) -> None:
    utterances = [said("bread & <butter> --> now", 0.5, 3725.25, 0.7)]
    write_vtt(found(tmp_path, utterances), tmp_path / "out.vtt")
    blocks = (tmp_path / "out.vtt").read_text(encoding="utf-8").split("\n\n")
    assert blocks[0] == "WEBVTT"
    assert "::cue(.hint)" in blocks[2]
    assert blocks[-1].splitlines() == [
        "00:00:00.500 --> 01:02:05.250",
        "bread &amp; &lt;butter&gt; --&gt; now",
        "<c.hint>(perhaps not meant literally)</c>",
    ]
    assert "-->" not in "".join(blocks[1:-1])  # it would be read as a cue's times


def test_subrip_counts_its_captions(tmp_path: Path) -> None:
    write_srt(found(tmp_path, [said("Oh great", 0, 2, 0.7), said("Really", 3, 4)]), tmp_path / "out.srt")
    assert (tmp_path / "out.srt").read_text(encoding="utf-8") == (
        "1\n00:00:00,000 --> 00:00:02,000\nOh great\n<i>(perhaps not meant literally)</i>\n\n"
        "2\n00:00:03,000 --> 00:00:04,000\nReally\n\n"
    )


@pytest.mark.parametrize(("write", "name"), [(write_vtt, "out.vtt"), (write_srt, "out.srt")])
def test_a_player_reads_both(tmp_path: Path, write: Write, name: str) -> None:
    """FFmpeg's readers of both formats."""
    utterances = [said("bread & <butter>", 0.5, 2), said(LONG, 3, 14, 0.7)]
    write(found(tmp_path, utterances), tmp_path / name)
    with av.open(str(tmp_path / name)) as file:
        packets = [packet for packet in file.demux() if packet.size]
        step = packets[0].time_base
        assert step is not None
        times_s = [
            (float(begin * step), float((begin + (packet.duration or 0)) * step))
            for packet in packets
            if (begin := packet.pts) is not None
        ]
        texts = [bytes(packet).decode() for packet in packets]
    assert len(times_s) == 3
    assert (times_s[0], times_s[2][1]) == ((0.5, 2), 14)
    assert times_s[1][1] == times_s[2][0]
    assert "bread" in texts[0]
    assert all("not meant literally" in text for text in texts[1:])


def test_nothing_said_is_a_file_without_captions(tmp_path: Path) -> None:
    write_vtt(found(tmp_path, []), tmp_path / "out.vtt")
    write_srt(found(tmp_path, []), tmp_path / "out.srt")
    assert not re.search("-->", (tmp_path / "out.vtt").read_text(encoding="utf-8"))
    assert (tmp_path / "out.srt").read_text(encoding="utf-8") == ""


@given(st.lists(st.text("abcdefgh", min_size=1, max_size=60), max_size=40))
def test_lines_keep_all_words_in_order_and_are_short_unless_a_word_is_longer(words: list[str]) -> None:
    lines = broken(words)
    assert [word for line in lines for word in line] == words
    assert all(len(line) == 1 or len(" ".join(line)) <= 42 for line in lines)
