"""Which recognizer is loaded for which engine."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from agent.config import SpeechConfig
from agent.processes.models import Models
from agent.weights.engine import EngineError
from agent.weights.store import Store
from encoders.speech.moonshine import MoonshineRecognizer
from tests.agent.weights.kept import PARTS, install_engines, keep, small
from tests.threads import assert_no_more_threads_than, threads


class Loaded:
    """A recognizer that remembers what it was loaded from."""

    def __init__(self, path: Path, language: str | None) -> None:
        self.path, self.language = path, language


class Unloadable:
    """A recognizer whose weights are not what they should be."""

    def __init__(self, path: Path, _language: str | None) -> None:
        raise ValueError(f"{path} is damaged; do this")


def _stand_in(monkeypatch: pytest.MonkeyPatch, kind: type) -> None:
    """Put a recognizer in place of both Whisper engines, which would load PyTorch and CTranslate2."""
    for module, name in (("whisper", "WhisperRecognizer"), ("faster_whisper", "FasterWhisperRecognizer")):
        stand_in = ModuleType(f"encoders.speech.{module}")
        setattr(stand_in, name, kind)
        monkeypatch.setitem(sys.modules, f"encoders.speech.{module}", stand_in)


def test_the_embedded_engine_needs_nothing() -> None:
    assert isinstance(Models(SpeechConfig(engine="moonshine")).recognizer, MoonshineRecognizer)
    assert isinstance(Models().recognizer, MoonshineRecognizer)  # in these tests there is nothing else on disk


@pytest.mark.parametrize("family", ["whisper", "faster-whisper"])
@pytest.mark.parametrize(("language", "code"), [("en", "en"), ("de", "de"), ("auto", None)])
def test_a_resolved_engine_is_loaded_from_its_path_in_its_language(
    monkeypatch: pytest.MonkeyPatch, family: str, language: str, code: str | None
) -> None:
    _stand_in(monkeypatch, Loaded)
    loaded = Models(SpeechConfig(engine=f"{family}:/somewhere/model", language=language)).recognizer
    assert isinstance(loaded, Loaded)
    assert (loaded.path, loaded.language) == (Path("/somewhere/model"), code)


def test_an_engine_that_nobody_resolved_is_resolved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _stand_in(monkeypatch, Loaded)
    monkeypatch.setenv("DEADPAN_MODELS", str(tmp_path))
    install_engines(monkeypatch)
    kept = keep(Store(tmp_path), small("faster-whisper:tiny.en"))
    loaded = Models().recognizer
    assert isinstance(loaded, Loaded)
    assert loaded.path == Store(tmp_path).loadable(kept)


def test_weights_that_cannot_be_loaded_are_no_programming_error(monkeypatch: pytest.MonkeyPatch) -> None:
    _stand_in(monkeypatch, Unloadable)
    with pytest.raises(EngineError, match=r"^/somewhere/base\.pt is damaged; do this$"):
        _ = Models(SpeechConfig(engine="whisper:/somewhere/base.pt")).recognizer


def test_a_package_that_is_missing_is_no_programming_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "encoders.speech.whisper", None)
    with pytest.raises(EngineError, match=r"encoders\.speech\.whisper"):
        _ = Models(SpeechConfig(engine="whisper:/somewhere/base.pt")).recognizer


def test_models_serve_the_engine_and_language_they_were_made_for() -> None:
    models = Models(SpeechConfig(engine="moonshine", step_s=0.5))
    assert models.serve(SpeechConfig(engine="moonshine", step_s=1.0))
    assert not models.serve(SpeechConfig(engine="whisper:/x.pt"))
    assert not models.serve(SpeechConfig(engine="moonshine", language="auto"))


@pytest.mark.parametrize("family", ["whisper", "faster-whisper"])
def test_the_real_engines_refuse_what_is_no_model_in_words(tmp_path: Path, family: str) -> None:
    pytest.importorskip({"whisper": "whisper", "faster-whisper": "faster_whisper"}[family])
    for name, content in PARTS.items():
        (tmp_path / name).write_bytes(content)
    path = tmp_path / "model.bin" if family == "whisper" else tmp_path
    with pytest.raises(EngineError, match=str(tmp_path)):
        _ = Models(SpeechConfig(engine=f"{family}:{path}")).recognizer


def test_streams_side_by_side_share_all_but_what_follows_a_face() -> None:
    models = Models()
    one, other = models.beside(), models.beside().beside()
    assert one.text is other.text is models.text
    assert one.prosody is other.prosody is models.prosody
    assert one.fusion is other.fusion is models.fusion
    assert one.face is not other.face
    assert one.serve(SpeechConfig())
    one.close()
    other.close()


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="they are native, and only Linux shows them")
def test_what_follows_a_face_leaves_no_thread_behind_and_is_loaded_anew() -> None:
    models = Models()
    models.close()
    before = threads()
    first = models.face
    assert threads() > before
    models.close()
    models.close()
    assert_no_more_threads_than(before)
    assert models.face is not first
    models.close()


def test_streams_side_by_side_ask_the_recognizer_by_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    at_work, most, let = [0], [0], threading.Event()

    class Recognizer(Loaded):
        def transcribe(self, pcm: object, guess: object = None) -> tuple[object, ...]:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
            assert let.wait(60)
            at_work[0] -= 1
            return (pcm, guess)

    _stand_in(monkeypatch, Recognizer)
    models = Models(SpeechConfig(engine="whisper:/somewhere/model"))
    silence = np.zeros(4, np.float32)
    asking = [threading.Thread(target=models.beside().recognizer.transcribe, args=(silence,)) for _ in range(4)]
    for thread in asking:
        thread.start()
    let.set()
    for thread in asking:
        thread.join()
    assert most == [1]
