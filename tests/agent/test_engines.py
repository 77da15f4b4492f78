"""Which engine is taken, on machines that have this and that."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.config import Config, SpeechConfig
from agent.engines import Choice, choose, installed, settle
from agent.weights.catalogue import Family, entry
from agent.weights.engine import EngineError
from agent.weights.store import Store
from tests.agent.weights.kept import PARTS, install_engines, keep, small


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models")


def _having(*families: Family) -> Callable[[Family], bool]:
    return lambda family: family in families


BOTH = _having("whisper", "faster-whisper")


def _chosen(store: Store, engine: str = "auto", language: str = "en", has: Callable[[Family], bool] = BOTH) -> str:
    return choose(SpeechConfig(engine=engine, language=language), store, has).title


def _keep(store: Store, *keys: str) -> None:
    for key in keys:
        keep(store, small(key))


def test_with_nothing_on_disk_auto_is_moonshine(store: Store) -> None:
    assert choose(SpeechConfig(), store, BOTH) == Choice("moonshine", "moonshine")


@pytest.mark.parametrize(
    ("kept", "has", "title"),
    [
        (("whisper:tiny.en", "faster-whisper:tiny.en"), BOTH, "faster-whisper tiny.en"),
        (("whisper:tiny.en", "faster-whisper:tiny.en"), _having("whisper"), "whisper tiny.en"),
        (("whisper:tiny.en", "faster-whisper:tiny.en"), _having(), "moonshine"),
        (("whisper:base.en", "faster-whisper:tiny"), BOTH, "faster-whisper tiny"),
        (("whisper:base.en",), BOTH, "whisper base.en"),
        (("whisper:base.en",), _having("faster-whisper"), "moonshine"),
    ],
)
def test_auto_takes_a_whisper_that_is_installed_and_on_disk_faster_whisper_first(
    store: Store, kept: tuple[str, ...], has: Callable[[Family], bool], title: str
) -> None:
    _keep(store, *kept)
    assert _chosen(store, has=has) == title


@pytest.mark.parametrize("engine", ["auto", "faster-whisper"])
def test_the_models_of_an_engine_are_taken_in_a_fixed_order(store: Store, engine: str) -> None:
    for name in ("tiny", "small", "base", "tiny.en", "distil-small.en", "small.en", "base.en"):
        _keep(store, f"faster-whisper:{name}")
        assert _chosen(store, engine) == f"faster-whisper {name}"


@pytest.mark.parametrize("language", ["de", "auto"])
def test_for_other_languages_a_multilingual_model_is_taken(store: Store, language: str) -> None:
    _keep(store, "whisper:base.en", "whisper:tiny")
    assert _chosen(store, language=language) == _chosen(store, "whisper", language) == "whisper tiny"


def test_a_language_to_be_detected_may_well_be_english(store: Store) -> None:
    assert _chosen(store, language="auto") == "moonshine"
    _keep(store, "whisper:base.en")
    assert _chosen(store, language="auto") == "whisper base.en"


def test_what_is_chosen_is_what_the_engine_loads_and_choosing_again_changes_nothing(store: Store) -> None:
    _keep(store, "whisper:tiny.en", "faster-whisper:tiny.en")
    for engine, path in (("whisper", "whisper/tiny.en/tiny.en.pt"), ("faster-whisper", "faster-whisper/tiny.en")):
        choice = choose(SpeechConfig(engine=engine), store, BOTH)
        assert choice == Choice(f"{engine}:{store.folder / path}", f"{engine} tiny.en")
        assert choose(SpeechConfig(engine=choice.engine), store, BOTH) == choice


def test_a_model_is_taken_by_name(store: Store) -> None:
    _keep(store, "whisper:base.en", "whisper:tiny.en")
    assert _chosen(store, "whisper:tiny.en") == "whisper tiny.en"


def test_moonshine_is_taken_by_name_whatever_is_on_disk(store: Store) -> None:
    _keep(store, "faster-whisper:base.en")
    assert _chosen(store, "moonshine") == "moonshine"


def test_a_model_that_is_damaged_or_on_its_way_is_not_taken(store: Store) -> None:
    _keep(store, "whisper:base.en", "faster-whisper:base.en")
    (store.loadable(entry("faster-whisper:base.en")) / "model.bin").write_bytes(b"short")
    store.staging(entry("faster-whisper:tiny.en")).mkdir()
    assert _chosen(store) == "whisper base.en"


def test_a_folder_or_a_checkpoint_from_elsewhere_needs_no_store(store: Store, tmp_path: Path) -> None:
    for name, content in PARTS.items():
        (tmp_path / name).write_bytes(content)
    assert choose(SpeechConfig(engine=f"faster-whisper:{tmp_path}"), store, BOTH) == Choice(
        f"faster-whisper:{tmp_path}", f"faster-whisper {tmp_path}"
    )
    (tmp_path / "mine.pt").write_bytes(b"weights")
    assert _chosen(store, f"whisper:{tmp_path}/mine.pt", "de") == f"whisper {tmp_path}/mine.pt"


@pytest.mark.parametrize(
    ("engine", "language", "said"),
    [
        (
            "whisper",
            "en",
            "no whisper model for speech.language en is on this machine; run: deadpan models pull whisper:base.en",
        ),
        ("faster-whisper", "de", "run: deadpan models pull faster-whisper:base"),
        (
            "whisper:small.en",
            "en",
            "whisper:small.en is not on this machine; run: deadpan models pull whisper:small.en",
        ),
        (
            "faster-whisper:tiny.en",
            "en",
            "(its pull was not finished); run: deadpan models pull faster-whisper:tiny.en",
        ),
        (
            "whisper:base.en",
            "de",
            "whisper:base.en understands English only, and speech.language is de; use whisper:base",
        ),
        ("moonshine", "de", "moonshine understands English only, and speech.language is de"),
        ("auto", "de", "run: deadpan models pull faster-whisper:base"),
        ("whisper:/none/x.pt", "en", "/none/x.pt is no file; whisper loads a checkpoint"),
        ("faster-whisper:/none", "en", "/none is no folder; faster-whisper loads one with config.json, model.bin"),
        ("faster-whisper:/", "en", "/ holds no config.json, model.bin, tokenizer.json"),
    ],
)
def test_what_is_not_there_is_said_with_what_to_do(store: Store, engine: str, language: str, said: str) -> None:
    store.staging(entry("faster-whisper:tiny.en")).mkdir(parents=True)
    with pytest.raises(EngineError) as refused:
        _chosen(store, engine, language)
    assert said in str(refused.value)


@pytest.mark.parametrize("engine", ["whisper", "whisper:base.en", "whisper:/some/x.pt"])
def test_an_engine_that_is_not_installed_is_said_with_what_to_install(store: Store, engine: str) -> None:
    with pytest.raises(EngineError, match=r"whisper engine is not installed; run: .*pip install 'deadpan\[whisper\]'"):
        _chosen(store, engine, has=_having("faster-whisper"))


def test_a_lone_module_of_the_same_name_is_not_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "whisper.py").write_text("raise RuntimeError('a database, not speech')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "whisper", raising=False)  # another test may have used the engine
    assert not installed("whisper")


def test_settling_puts_the_choice_into_the_settings_and_says_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEADPAN_MODELS", str(store.folder))
    install_engines(monkeypatch)
    assert settle(Config()) == (Config(speech=SpeechConfig(engine="moonshine")), "")
    _keep(store, "faster-whisper:base.en")
    settled, told = settle(Config(speech=SpeechConfig(step_s=1.0)))
    assert settled.speech == SpeechConfig(engine=f"faster-whisper:{store.folder}/faster-whisper/base.en", step_s=1.0)
    assert told == "Speech: faster-whisper base.en"


def test_a_damaged_model_is_not_passed_over_in_silence(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEADPAN_MODELS", str(store.folder))
    install_engines(monkeypatch)
    store.loadable(keep(store, small("whisper:tiny.en"))).write_bytes(b"short")
    assert settle(Config()) == (
        Config(speech=SpeechConfig(engine="moonshine")),
        "whisper:tiny.en is not used: tiny.en.pt has 5 bytes, not 7000; run: deadpan models pull whisper:tiny.en",
    )
    assert settle(Config(speech=SpeechConfig(engine="moonshine")))[1] == ""
