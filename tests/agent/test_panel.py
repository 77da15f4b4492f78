"""What the panel says, and how much of it fits."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from agent.panel import Line, Panel, clipped, wide
from deadpan.messages import Estimate, Health, Sarcasm, Sentiment, SpokenWord, Transcript, WorkerHealth
from tests.deadpan.sent import S, estimate, every_type, utterance

HEALTH = next(message for message in every_type() if isinstance(message, Health))
TRANSCRIPT = next(message for message in every_type() if isinstance(message, Transcript))


def _texts(lines: list[Line]) -> list[str]:
    return ["".join(part.text for part in line).rstrip() for line in lines]


def _tick(seq: int, probability: float | None, *, final: bool = False) -> Estimate:
    known = Sarcasm(probability=probability, state="off")
    end_ns = (seq + 1) * S // 5
    return replace(estimate(seq, int(final)), start_ns=0, end_ns=end_ns, sarcasm=known)


def _panel(*messages: object) -> Panel:
    panel = Panel()
    for message in messages:
        panel.take(message)  # type: ignore[arg-type]  # any of them
    return panel


def test_it_says_what_stands_line_by_line() -> None:
    panel = _panel(every_type()[5], estimate(), TRANSCRIPT, replace(HEALTH, reasons=()))
    assert [line.split() for line in _texts(panel.lines(80, 24))] == [
        ["deadpan", "live", "162.0", "s", "130", "ms", "late"],
        ["sarcasm", "▇", "0.82", "on"],
        ["said", "│━━━━━━━━", "+0.80"],
        ["heard", "━━━━━│", "-0.50"],
        ["meant", "━━━━━━│", "-0.60"],
        ["evidence", "-", "face", "off", "●", "voice", "+0.10", "◐", "text", "stale", "0.9", "s"],
        ["cues", "flat", "pitch", "+0.12"],
        ["words", "Oh", "great"],
        ["health", "ok"],
    ]


def test_before_the_first_estimate_it_has_nothing_to_say() -> None:
    assert _panel(TRANSCRIPT, HEALTH).lines(80, 24) == []
    assert _panel(TRANSCRIPT, HEALTH).is_empty


def test_words_that_may_change_look_otherwise_than_those_that_stay_until_the_utterance_is_finished() -> None:
    said = SpokenWord(text="Oh", start_ns=0, end_ns=S, probability=1.0, timing="estimated", sentiment=-0.5, sarcasm=0.7)
    panel = _panel(estimate(), replace(TRANSCRIPT, committed=(said,)))
    words = [part for part in panel.lines(80, 24)[-2] if part.text.strip()]
    assert [(part.text, part.looks) for part in words[1:]] == [
        ("Oh", ("underline", "yellow")),
        ("great", ("dim", "italic")),
    ]
    panel.take(utterance())
    assert _texts(panel.lines(80, 24))[-2] == "words"


def test_of_many_words_the_last_are_shown() -> None:
    words = tuple(replace(TRANSCRIPT.committed[0], text=f"word{n}") for n in range(60))
    line = _texts(_panel(estimate(), replace(TRANSCRIPT, committed=words, tentative=())).lines(60, 24))[-2]
    assert line.startswith("words    … word")
    assert line.endswith("word58 word59")


def test_a_tick_that_is_not_final_is_dim_until_it_is() -> None:
    panel = _panel(_tick(0, 0.9))
    assert ("magenta", "dim") in [part.looks for part in panel.lines(80, 24)[1]]
    panel.take(_tick(0, 0.1, final=True))
    cells = panel.lines(80, 24)[1]
    assert [part.text for part in cells if part.looks == ("magenta",)] == ["▁"]
    assert ("magenta", "dim") not in [part.looks for part in cells]


def test_the_last_minute_is_shown_and_what_was_before_is_gone() -> None:
    panel = _panel(*(_tick(seq, 0.95 if seq < 100 else 0.05, final=True) for seq in range(500)))
    assert "█" not in _texts(panel.lines(80, 24))[1]
    panel.take(replace(_tick(3, None), session="s2"))
    assert "▁" not in _texts(panel.lines(80, 24))[1]


def test_what_is_not_known_is_a_dot_and_what_is_wrong_is_said() -> None:
    nothing = replace(
        estimate(),
        sarcasm=Sarcasm(probability=None, state="unknown"),
        sentiment=Sentiment(literal=None, delivered=None, intended=None),
        cues=(),
        recording=True,
    )
    lines = _texts(_panel(nothing, HEALTH).lines(80, 24))
    assert lines[0].endswith("[recording]")
    assert [line.split() for line in lines[1:5]] == [
        ["sarcasm", "·", "unknown"],
        ["said", "│", "·"],
        ["heard", "│", "·"],
        ["meant", "│", "·"],
    ]
    assert lines[-1] == "health   ▲ face is failed: no model"


def test_while_the_camera_s_picture_is_shown_it_says_so_even_in_one_line() -> None:
    told = [
        replace(HEALTH, end_ns=second * S, workers={"camera": WorkerHealth(state="running", counters={name: count})})
        for second, (name, count) in enumerate([("pictures_shown", 0), ("pictures_shown", 15)])
    ]
    panel = _panel(estimate(), *told)
    assert _texts(panel.lines(80, 24))[0].endswith("[picture shown]")
    assert _texts(panel.lines(100, 5))[0].endswith("[picture shown]")


@pytest.mark.parametrize("columns", [1, 9, 20, 39, 79, 200])
@pytest.mark.parametrize("rows", [1, 11, 12, 50])
def test_whatever_the_terminal_s_size_nothing_is_wider_or_higher(columns: int, rows: int) -> None:
    wide_words = tuple(replace(TRANSCRIPT.committed[0], text="很好的天气") for _ in range(30))
    lines = _panel(estimate(), replace(TRANSCRIPT, committed=wide_words), HEALTH).lines(columns, rows)
    assert len(lines) == (1 if rows < 12 else 9)
    assert all(sum(wide(part.text) for part in line) <= columns for line in lines)


def test_a_wide_letter_is_not_cut_in_two() -> None:
    (line,) = [_panel(estimate()).lines(80, 24)[0]]
    assert sum(wide(part.text) for part in clipped(line, 10)) == 10
    assert (wide("好"), wide("e\u0301")) == (2, 1)


def test_a_cue_that_does_not_fit_is_left_out_whole() -> None:
    told = estimate()
    cues = tuple(replace(told.cues[0], effect=effect) for effect in (0.12, 0.08, -0.05))
    panel = _panel(replace(told, cues=cues))
    assert "cues     flat pitch +0.12, flat pitch +0.08, flat pitch -0.05" in _texts(panel.lines(61, 24))
    assert "cues     flat pitch +0.12, flat pitch +0.08" in _texts(panel.lines(59, 24))
    assert "cues     flat pitch +0.12" in _texts(panel.lines(40, 24))
