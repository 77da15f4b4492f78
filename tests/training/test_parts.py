"""Which shows are held out together."""

from __future__ import annotations

import pytest

from training.parts import Part, part_of


@pytest.mark.parametrize(
    ("show", "part"),
    [
        ("FRIENDS", Part.FRIENDS),
        ("BBT", Part.BBT),
        ("GOLDENGIRLS", Part.OTHERS),
        ("SARCASMOHOLICS", Part.OTHERS),
        ("SV", Part.OTHERS),
        ("", None),
        ("GRID", None),
    ],
)
def test_every_show_of_the_sarcasm_corpora_has_its_part_and_nothing_else_has_one(show: str, part: Part | None) -> None:
    assert part_of(show) is part
