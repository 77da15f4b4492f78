"""Tables of hand-made scores, and the page that holds them."""

from __future__ import annotations

from pathlib import Path

from bench.speech.errors import Errors
from bench.speech.report import engine_table, write_page
from bench.speech.revisions import Delay, Edits
from bench.speech.scores import Score

SCORE = Score(
    corpus="read",
    name="one",
    audio_s=10.0,
    reference="",
    final="",
    settled="",
    bare="",
    final_errors=Errors(1, 0, 0, 10),
    settled_errors=Errors(2, 0, 0, 10),
    bare_errors=Errors(0, 0, 12, 10),
    words=10,
    early_words=5,
    contradicted=1,
    edits=Edits(20, 10),
    suppressed={},
    first_word=(Delay(0.2, 0.25),),
    commit=(),
    ending=(Delay(0.0, 0.1),),
    speech_end=(Delay(0.4, 0.5),),
    cut_in_two=(True, False, False, False),
    word_times=((0.02, -0.04),),
    timing="estimated",
    compute_s=2.0,
    cpu_s=1.0,
    bare_s=0.5,
)


def test_every_measure_has_its_row() -> None:
    rows = dict(line.strip("| ").split(" | ", 1) for line in engine_table("moonshine", [SCORE]) if "---" not in line)
    assert rows["committed text − bare engine, points"] == "≤ +2 | -100.0 (-100.0 to -100.0)"
    assert rows["recordings above 1: final / bare"] == "0 | 0 / 1"
    assert rows["edit overhead"] == "≤ 0.2 | 0.50"
    assert rows["words committed before the final text"].endswith("50%")
    assert rows["of those, contradicted by the final text"].endswith("20.0%")
    assert rows["end of speech → final text, ms"] == "350 / 500 | 500 / 500 (400 / 400)"
    assert rows["utterances cut in two, of 100"].endswith("25.0")
    assert rows["word ends, error, ms"].endswith("40, p90 40, bias -40 (1 words, estimated)")
    assert rows["computing, s per s of audio: stream / bare"].endswith("0.200 / 0.050")
    assert rows["end of a word → committed, ms"].endswith("–")


def test_the_page_keeps_what_is_around_its_figures(tmp_path: Path) -> None:
    page = tmp_path / "speech.md"
    write_page(["old"], page)
    page.write_text(page.read_text() + "\nWhat it means.\n")
    write_page(["new"], page)
    assert page.read_text().splitlines() == [
        "# Speech",
        "",
        "<!-- bench-speech:begin -->",
        "new",
        "<!-- bench-speech:end -->",
        "",
        "What it means.",
    ]
