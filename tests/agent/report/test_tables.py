"""Tables of results, read back by what reads tables."""

from __future__ import annotations

import csv
from pathlib import Path

from msgspec.structs import replace
from pyarrow import parquet as reading

from agent.report import parquet, tables
from tests.agent.report.spoken import found, said, ticks

UTTERANCES = [said('Oh, "great"', 0.5, 2.0, 0.82, 3), said("yes", 2.5, 3.0, None, 4)]


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_a_row_for_each_estimate_says_what_it_says(tmp_path: Path) -> None:
    tables.write_estimates_csv(found(tmp_path, [], ticks(3)), tmp_path / "out.csv")
    rows = read_csv(tmp_path / "out.csv")
    assert [(row["seq"], row["end_s"]) for row in rows] == [("0", "0.2"), ("1", "0.4"), ("2", "0.6")]
    told = rows[0]
    assert (told["sarcasm"], told["sarcasm_state"], told["intended"]) == ("0.82", "on", "-0.6")
    assert (told["face_status"], told["face_sarcasm"], told["voice_contribution"]) == ("off", "", "0.1")
    assert (told["gap_text_voice"], told["gap_text_face"]) == ("0.9", "")
    assert told["cues"] == "flat_pitch:+0.1200"


def test_a_row_for_each_utterance_and_each_word(tmp_path: Path) -> None:
    findings = found(tmp_path, UTTERANCES)
    tables.write_utterances_csv(findings, tmp_path / "utterances.csv")
    tables.write_words_csv(findings, tmp_path / "words.csv")
    uttered, words = read_csv(tmp_path / "utterances.csv"), read_csv(tmp_path / "words.csv")
    assert [(row["utterance_id"], row["text"], row["sarcasm"]) for row in uttered] == [
        ("3", 'Oh, "great"', "0.82"),
        ("4", "yes", ""),
    ]
    assert [(row["utterance_id"], row["word"], row["text"], row["sentiment"]) for row in words] == [
        ("3", "0", "Oh,", "0.5"),
        ("3", "1", '"great"', "0.5"),
        ("4", "0", "yes", "0.5"),
    ]


def test_parquet_holds_the_same_rows_typed(tmp_path: Path) -> None:
    findings = found(tmp_path, UTTERANCES, ticks(3))
    for name in ("estimates", "utterances", "words"):
        getattr(tables, f"write_{name}_csv")(findings, tmp_path / f"{name}.csv")
        getattr(parquet, f"write_{name}")(findings, tmp_path / f"{name}.parquet")
        table = reading.read_table(tmp_path / f"{name}.parquet")
        rows = read_csv(tmp_path / f"{name}.csv")
        assert table.column_names == list(rows[0])
        assert [
            {key: "" if cell is None else str(cell) for key, cell in row.items()} for row in table.to_pylist()
        ] == rows
    estimates = reading.read_table(tmp_path / "estimates.parquet")
    assert {str(estimates.schema.field(name).type) for name in ("sarcasm", "start_s")} == {"double"}
    assert estimates["face_sarcasm"].null_count == 3


def test_a_modality_that_nobody_knew_of_has_its_columns(tmp_path: Path) -> None:
    (tick,) = ticks(1)
    modalities = tick.modalities | {"heart": replace(tick.modalities["voice"], sarcasm=0.75)}
    tables.write_estimates_csv(found(tmp_path, [], [replace(tick, modalities=modalities)]), tmp_path / "out.csv")
    (row,) = read_csv(tmp_path / "out.csv")
    assert (row["heart_sarcasm"], row["voice_sarcasm"]) == ("0.75", "0.6")


def test_nothing_found_is_tables_without_rows(tmp_path: Path) -> None:
    findings = found(tmp_path, [])
    for name in ("estimates", "utterances", "words"):
        getattr(tables, f"write_{name}_csv")(findings, tmp_path / f"{name}.csv")
        getattr(parquet, f"write_{name}")(findings, tmp_path / f"{name}.parquet")
        assert len((tmp_path / f"{name}.csv").read_text(encoding="utf-8").splitlines()) == 1
        assert reading.read_table(tmp_path / f"{name}.parquet").num_rows == 0
