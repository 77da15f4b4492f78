"""What is written for annotators, read by the tools that know the formats: Praat itself, and pympi for ELAN."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as Xml

import parselmouth
import pympi
import pytest
from parselmouth.praat import call

from agent.report import elan, textgrid
from agent.report.tiers import FINDINGS, clean, said
from deadpan.messages import Utterance
from tests.agent.report import spoken

UTTERANCES = [spoken.said('say "great" & <go>', 0.5, 2.0, 0.82, 0), spoken.said("Ähm ja…", 2.5, 3.0, None, 1)]
EVIL = "\x00\x1b[31m" + "a" + "\x0b"


@pytest.fixture
def grid(tmp_path: Path) -> parselmouth.Data:
    textgrid.write(spoken.found(tmp_path, UTTERANCES), tmp_path / "out.TextGrid")
    return parselmouth.read(str(tmp_path / "out.TextGrid"))


@pytest.fixture
def document(tmp_path: Path) -> pympi.Eaf:
    findings = spoken.found(tmp_path, UTTERANCES)
    elan.write(findings, findings.folder / "out.eaf")
    return pympi.Eaf(str(findings.folder / "out.eaf"))


def test_praat_finds_the_tiers_and_the_whole_length(grid: parselmouth.Data) -> None:
    names = [call(grid, "Get tier name", number) for number in range(1, call(grid, "Get number of tiers") + 1)]
    assert names == ["utterance", "word", *FINDINGS]
    assert call(grid, "Get end time") == 10.0


def test_praat_reads_every_utterance_and_word_at_its_time(grid: parselmouth.Data) -> None:
    def labels(tier: int) -> list[tuple[float, float, str]]:
        count = call(grid, "Get number of intervals", tier)
        every = [
            (
                call(grid, "Get start time of interval", tier, number),
                call(grid, "Get end time of interval", tier, number),
                call(grid, "Get label of interval", tier, number),
            )
            for number in range(1, count + 1)
        ]
        assert all(before[1] == after[0] for before, after in pairwise(every))  # nothing is left out
        return [each for each in every if each[2]]

    assert labels(1) == [(0.5, 2.0, 'say "great" & <go>'), (2.5, 3.0, "Ähm ja…")]
    assert [label for _, _, label in labels(2)] == ["say", '"great"', "&", "<go>", "Ähm", "ja…"]
    assert labels(3) == [(0.5, 2.0, "0.82")]
    assert [label for _, _, label in labels(4)] == ["+0.80", "+0.80"]


def test_elan_s_reader_finds_the_tiers_below_their_utterances(document: pympi.Eaf) -> None:
    assert list(document.get_tier_names()) == ["utterance", "word", *FINDINGS]
    assert document.get_annotation_data_for_tier("utterance") == [
        (500, 2000, 'say "great" & <go>'),
        (2500, 3000, "Ähm ja…"),
    ]
    assert [word[2] for word in document.get_annotation_data_for_tier("word")] == [
        *("say", '"great"', "&", "<go>"),
        *("Ähm", "ja…"),
    ]
    assert document.get_parameters_for_tier("word")["PARENT_REF"] == "utterance"
    assert [each[2] for each in document.get_ref_annotation_data_for_tier("sarcasm")] == ["0.82"]
    assert [each[:3] for each in document.get_ref_annotation_data_for_tier("meant")] == [
        (500, 2000, "-0.60"),
        (2500, 3000, "-0.60"),
    ]


def test_elan_s_reader_finds_the_recording_from_where_the_document_is(document: pympi.Eaf) -> None:
    (linked,) = document.get_linked_files()
    assert (linked["RELATIVE_MEDIA_URL"], linked["MIME_TYPE"]) == ("../talk.wav", "audio/x-wav")


def test_every_reference_of_the_document_leads_somewhere(tmp_path: Path) -> None:
    findings = spoken.found(tmp_path, UTTERANCES)
    elan.write(findings, tmp_path / "out.eaf")
    document = Xml.parse(tmp_path / "out.eaf").getroot()  # noqa: S314 - written here
    slots = {slot.get("TIME_SLOT_ID") for slot in document.iter("TIME_SLOT")}
    aligned = list(document.iter("ALIGNABLE_ANNOTATION"))
    assert {each.get(name) for each in aligned for name in ("TIME_SLOT_REF1", "TIME_SLOT_REF2")} == slots
    numbers = [each.get("ANNOTATION_ID") for each in (*aligned, *document.iter("REF_ANNOTATION"))]
    assert len(set(numbers)) == len(numbers)
    assert {each.get("ANNOTATION_REF") for each in document.iter("REF_ANNOTATION")} <= set(numbers)
    kinds = {kind.get("LINGUISTIC_TYPE_ID") for kind in document.iter("LINGUISTIC_TYPE")}
    assert {tier.get("LINGUISTIC_TYPE_REF") for tier in document.iter("TIER")} == kinds


@pytest.mark.parametrize("utterances", [[], [spoken.said(EVIL, 1, 2)], [spoken.said("a b", 1, 1)]])
def test_both_formats_bear_what_can_come(tmp_path: Path, utterances: Sequence[Utterance]) -> None:
    findings = spoken.found(tmp_path, utterances)
    textgrid.write(findings, tmp_path / "out.TextGrid")
    elan.write(findings, tmp_path / "out.eaf")
    assert call(parselmouth.read(str(tmp_path / "out.TextGrid")), "Get number of tiers") == 7
    assert len(pympi.Eaf(str(tmp_path / "out.eaf")).get_annotation_data_for_tier("utterance")) == len(utterances)


def test_what_overlaps_is_cut_and_what_lasts_no_time_is_no_word() -> None:
    first, second = said([spoken.said("a b", 0, 2), spoken.said("c d", 1, 3)])
    assert (first.utterance.end_ms, second.utterance.start_ms) == (2000, 2000)
    assert [(word.start_ms, word.end_ms, word.text) for word in second.words] == [(2000, 3000, "d")]


def test_control_characters_are_no_text() -> None:
    assert clean(EVIL) == "[31ma"
