"""Which plug-ins take part in a session: what the settings say, else what lies beside the recording."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import Config, ModalityConfig
from agent.plug_ins import roster
from agent.plug_ins.declaration import PlugInError
from agent.plug_ins.declaring import Declared
from agent.plug_ins.roster import Plugged, Roster, beside, reading, terms_of
from encoders.samples import Modality
from fusion.term import TOLD, Term, save
from tests.plug_ins import HEART, install

DIM = 2
SIZE = len(TOLD) + DIM


@pytest.fixture(autouse=True)
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A heart is installed, and what it declares known; which were asked for it."""
    asked: list[list[str]] = []

    def declare(names: set[str], *, isolated: bool) -> dict[str, Declared]:
        del isolated
        asked.append(sorted(names))
        return {name: Declared(DIM, 5.0, live=True) for name in names}

    monkeypatch.setattr(roster, "declare_apart", declare)
    install(tmp_path / "site", monkeypatch, HEART, code=None)
    return asked


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    """A recording with what a heart did during it."""
    folder = tmp_path / "talks"
    folder.mkdir()
    for name in ("talk.mp4", "talk.heart.csv", "talk.breath.csv", "other.mp4", "talk.hearts.csv"):
        (folder / name).write_text("")
    return folder / "talk.mp4"


def _of(recording: Path | None, *, live: bool = True, **settings: str) -> tuple[Plugged, ...]:
    modalities = {"heart": ModalityConfig(**settings)} if settings else {}
    return Roster(modalities, isolated=False).of(recording, live=live)


def test_what_lies_beside_a_recording_is_read_without_being_asked_for(talk: Path) -> None:
    file = talk.with_name("talk.heart.csv")
    assert _of(talk) == (Plugged("heart", str(file), DIM, 5.0),)
    assert beside(talk) == [file]


def test_where_nothing_is_to_be_read_there_is_no_plug_in_and_nobody_is_asked(
    talk: Path, plug_in: list[list[str]]
) -> None:
    assert _of(talk.with_name("other.mp4")) == _of(None) == _of(talk, source="none") == ()
    assert plug_in == []


def test_plug_ins_are_asked_once_whatever_the_recordings(talk: Path, plug_in: list[list[str]]) -> None:
    every = Roster({}, isolated=False)
    assert every.of(talk) == every.of(talk)
    assert plug_in == [["heart"]]


def test_the_settings_go_before_what_lies_beside(talk: Path, tmp_path: Path) -> None:
    other = tmp_path / "mine.csv"
    other.write_text("")
    (file,) = _of(talk, source=str(other))
    assert (file.location, file.is_live) == (str(other), False)
    (strap,) = _of(talk, source="tcp://127.0.0.1:5750")
    assert strap.is_live


def test_recordings_are_not_scored_with_what_is_measured_now(talk: Path) -> None:
    (plugged,) = _of(talk, live=False, source="tcp://127.0.0.1:5750")
    assert plugged.location == str(talk.with_name("talk.heart.csv"))


def test_two_files_for_one_modality_are_refused(talk: Path) -> None:
    talk.with_name("talk.heart.edf").write_text("")
    with pytest.raises(PlugInError, match=r"several files beside talk\.mp4 are for heart"):
        _of(talk)


def test_what_was_asked_for_and_is_not_there_is_an_error(talk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PlugInError, match=r"nowhere\.csv: no such file of the modality heart"):
        _of(talk, source="nowhere.csv")
    with pytest.raises(PlugInError, match=r"breath is installed \(there is: heart\)"):
        Roster({"breath": ModalityConfig()}, isolated=False).of(None)
    with pytest.raises(PlugInError, match="called voice"):
        Roster({"voice": ModalityConfig()}, isolated=False).of(None)
    monkeypatch.setattr(roster, "declare_apart", lambda *_, **__: {"heart": Declared(DIM, 5.0, live=False)})
    with pytest.raises(PlugInError, match="reads files only"):
        _of(None, source="tcp://127.0.0.1:5750")


def test_weights_are_those_of_the_modality_and_its_vectors(talk: Path, tmp_path: Path) -> None:
    term = Term(Modality("heart"), "1", (0.0,) * SIZE, (1.0,) * SIZE, (0.5,) * SIZE)
    save(term, tmp_path / "heart.json")
    assert terms_of(_of(talk, weights=str(tmp_path / "heart.json"))) == [term]
    save(Term(Modality("heart"), "1", (0.0,) * 9, (1.0,) * 9, (0.5,) * 9), tmp_path / "wide.json")
    with pytest.raises(PlugInError, match="heart vectors of 6, not heart of 2"):
        _of(talk, weights=str(tmp_path / "wide.json"))
    with pytest.raises(PlugInError, match="cannot be read"):
        _of(talk, weights=str(tmp_path / "none.json"))


def test_the_command_line_says_what_is_read_and_leaves_the_weights() -> None:
    config = Config(modalities={"heart": ModalityConfig("old.csv", "heart.json")})
    assert reading(config, [("heart", "new.csv")]).modalities == {"heart": ModalityConfig("new.csv", "heart.json")}
    assert reading(Config(), []) == Config()
