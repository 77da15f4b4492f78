"""The set of modalities is open: a plug-in's name is one of them everywhere, and stays it however it travels."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import msgspec
import pytest

from encoders.samples import Modality

HEART = Modality("heart")


def test_a_plug_in_s_name_is_a_modality_equal_to_every_other_of_its_name() -> None:
    assert HEART == Modality("heart") == "heart" == HEART.value == str(HEART)
    assert {HEART: 1}[Modality("heart")] == {HEART: 1, Modality.FACE: 2}[HEART] == 1
    assert Modality("breath") != HEART
    assert sorted([HEART, Modality.VOICE, Modality.FACE]) == [Modality.FACE, HEART, Modality.VOICE]


def test_the_three_built_in_stay_who_they_are() -> None:
    assert [*Modality] == [Modality.FACE, Modality.VOICE, Modality.TEXT]
    assert Modality("text") is Modality.TEXT


def test_it_travels_as_its_name() -> None:
    assert pickle.loads(pickle.dumps(HEART)) == copy.deepcopy(HEART) == HEART  # noqa: S301 - our own bytes
    for codec in (msgspec.json, msgspec.msgpack):
        told = codec.encode({HEART: 0.5, Modality.FACE: 0.25})
        assert codec.decode(told) == {"heart": 0.5, "face": 0.25}
        assert codec.decode(told, type=dict[Modality, float]) == {HEART: 0.5, Modality.FACE: 0.25}


@pytest.mark.parametrize("name", ["", "Heart", "heart rate", "1st", "h" * 33, "hjärta", "heart\n", 3, None])
def test_what_is_no_name_is_none(name: Any) -> None:
    with pytest.raises(ValueError, match="not a valid Modality"):
        Modality(name)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(name, Modality)
