"""Both Whisper engines on a tiny checkpoint that knows a few words: weights, decoding, languages and times are real."""

from __future__ import annotations

import itertools
import pickle
import shutil
import sys
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

pytest.importorskip("torch", reason="the whisper extra is not installed")
pytest.importorskip("whisper", reason="the whisper extra is not installed")
pytest.importorskip("faster_whisper", reason="the faster-whisper extra is not installed")

import jiwer
import torch

from encoders.samples import AudioChunk, Transcript
from encoders.speech.agreement import spelling
from encoders.speech.faster_whisper import FasterWhisperRecognizer
from encoders.speech.recognizer import HeardWord, Recognizer
from encoders.speech.stream import SpeechStream
from encoders.speech.whisper import WhisperRecognizer, cheapest_path
from training.whisper import held_out
from training.whisper.export import write_ctranslate2, write_openai
from training.whisper.measure import boundary_errors_s
from training.whisper.utterances import Utterance

WEIGHTS = Path(__file__).parents[2] / "weights"
SECOND = 16_000
ENGINES = ("whisper", "faster-whisper")

# What this checkpoint reaches on its few utterances, with room: training.whisper prints the exact figures.
WORD_ERROR_RATE = 0.20
STREAMED_ERROR_RATE = 0.40
DISAGREEMENT = 0.10
BOUNDARY_S = 0.05
LANGUAGES_RIGHT = 0.9


class Engine(Recognizer, Protocol):
    def detect_language(self, pcm: NDArray[np.float32]) -> tuple[str, float]: ...


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """own.pt and own.en.pt for openai-whisper, own and own.en for CTranslate2."""
    folder = tmp_path_factory.mktemp("whisper")
    for name, english_only in (("own", False), ("own.en", True)):
        write_openai(WEIGHTS / "tiny_whisper.npz", folder / f"{name}.pt", english_only=english_only)
        write_ctranslate2(WEIGHTS / "tiny_whisper.npz", folder / name, english_only=english_only)
    return folder


@pytest.fixture(scope="session")
def utterances() -> list[Utterance]:
    """A few utterances by voices that the checkpoint was never trained on."""
    return held_out.read(WEIGHTS)


def _load(exported: Path, engine: str, language: str | None = "en", name: str = "own") -> Engine:
    if engine == "whisper":
        return WhisperRecognizer(exported / f"{name}.pt", language)
    return FasterWhisperRecognizer(exported / name, language)


@pytest.fixture(scope="session")
def loaded(exported: Path) -> dict[tuple[str, str | None], Engine]:
    return {
        (engine, language): _load(exported, engine, language) for engine in ENGINES for language in ("en", "de", None)
    }


@pytest.fixture(scope="session")
def heard(
    loaded: dict[tuple[str, str | None], Engine], utterances: list[Utterance]
) -> dict[str, list[tuple[HeardWord, ...]]]:
    """What each engine, told the language, hears in every utterance."""
    return {
        engine: [loaded[engine, utterance.language].transcribe(utterance.pcm) for utterance in utterances]
        for engine in ENGINES
    }


def _said(words: tuple[HeardWord, ...]) -> str:
    return " ".join(spelling(word.text) for word in words)


@pytest.mark.parametrize("engine", ENGINES)
def test_held_out_voices_are_understood(
    engine: str, heard: dict[str, list[tuple[HeardWord, ...]]], utterances: list[Utterance]
) -> None:
    said = [" ".join(utterance.words) for utterance in utterances]
    assert jiwer.wer(said, [_said(words) for words in heard[engine]]) <= WORD_ERROR_RATE


def test_the_engines_agree(heard: dict[str, list[tuple[HeardWord, ...]]]) -> None:
    ours, theirs = (heard[engine] for engine in ENGINES)
    assert jiwer.wer([_said(words) for words in ours], [_said(words) for words in theirs]) <= DISAGREEMENT
    pairs = [
        pair
        for one, other in zip(ours, theirs, strict=True)
        if _said(one) == _said(other)
        for pair in zip(one, other, strict=True)
    ]
    apart_s = [
        abs(one.interval.start_ns - other.interval.start_ns) / 1e9
        for one, other in pairs
        if one.interval and other.interval
    ]
    assert len(apart_s) == len(pairs) >= 15
    assert np.median(apart_s) <= 0.02
    assert np.median([abs(one.probability - other.probability) for one, other in pairs]) <= 0.05
    assert all(one.tokens == other.tokens for one, other in pairs)


@pytest.mark.parametrize("engine", ENGINES)
def test_words_carry_times_near_the_true_ones_in_order_inside_the_audio(
    engine: str, heard: dict[str, list[tuple[HeardWord, ...]]], utterances: list[Utterance]
) -> None:
    errors_s: list[float] = []
    for words, utterance in zip(heard[engine], utterances, strict=True):
        edges = [edge for word in words if word.interval for edge in (word.interval.start_ns, word.interval.end_ns)]
        assert len(edges) == 2 * len(words)
        assert edges == sorted(edges)
        assert all(0 <= edge <= len(utterance.pcm) * 1_000_000_000 // SECOND for edge in edges)
        assert all(0 < word.probability <= 1 for word in words)
        if _said(words) == " ".join(utterance.words):
            errors_s += boundary_errors_s(words, utterance)
    assert len(errors_s) >= 20
    assert np.median(errors_s) <= BOUNDARY_S


@pytest.mark.parametrize("engine", ENGINES)
def test_a_full_stop_joins_the_word_before_it(engine: str, heard: dict[str, list[tuple[HeardWord, ...]]]) -> None:
    ended = [words for words in heard[engine] if words and words[-1].text.endswith(".")]
    assert len(ended) >= len(heard[engine]) // 2
    for words in ended:
        assert len(words[-1].tokens) >= 2
        assert not any("." in word.text or word.text != word.text.strip() for word in words[:-1])


@pytest.mark.parametrize("engine", ENGINES)
def test_the_language_is_detected(
    engine: str, loaded: dict[tuple[str, str | None], Engine], utterances: list[Utterance]
) -> None:
    found = [loaded[engine, None].detect_language(utterance.pcm) for utterance in utterances]
    right = [language == utterance.language for (language, _), utterance in zip(found, utterances, strict=True)]
    assert {utterance.language for utterance in utterances} == {"en", "de"}
    assert np.mean(right) >= LANGUAGES_RIGHT
    assert all(0 < probability <= 1 for _, probability in found)


@pytest.mark.parametrize("engine", ENGINES)
def test_without_a_language_each_utterance_is_read_in_its_own(
    engine: str, loaded: dict[tuple[str, str | None], Engine], utterances: list[Utterance]
) -> None:
    for utterance in (next(one for one in utterances if one.language == language) for language in ("en", "de")):
        assert loaded[engine, None].detect_language(utterance.pcm)[0] == utterance.language
        told = loaded[engine, utterance.language].transcribe(utterance.pcm)
        assert loaded[engine, None].transcribe(utterance.pcm) == told != ()


@pytest.mark.parametrize("engine", ENGINES)
def test_an_english_only_checkpoint_hears_english_whatever_the_language(
    engine: str, exported: Path, utterances: list[Utterance]
) -> None:
    recognizer = _load(exported, engine, "de", "own.en")
    english = [utterance for utterance in utterances if utterance.language == "en"]
    said = [" ".join(utterance.words) for utterance in english]
    assert jiwer.wer(said, [_said(recognizer.transcribe(one.pcm)) for one in english]) <= WORD_ERROR_RATE
    assert recognizer.detect_language(english[0].pcm) == ("en", 1.0)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("level", [0.0, 1e-4, 3e-3, 0.05])
@pytest.mark.parametrize("length_s", [0.4, 3.0])
def test_silence_and_noise_have_no_words(
    engine: str, level: float, length_s: float, loaded: dict[tuple[str, str | None], Engine]
) -> None:
    noise = np.random.default_rng(0).standard_normal(int(length_s * SECOND)).astype(np.float32)
    assert loaded[engine, "en"].transcribe(noise * np.float32(level)) == ()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("length", [0, 1, 199, 1599])
def test_less_than_a_tenth_of_a_second_has_no_words(
    engine: str, length: int, loaded: dict[tuple[str, str | None], Engine], utterances: list[Utterance]
) -> None:
    assert loaded[engine, "en"].transcribe(utterances[0].pcm[SECOND : SECOND + length]) == ()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_tenth_of_a_second_of_speech_is_read_without_a_fault(
    engine: str, loaded: dict[tuple[str, str | None], Engine], utterances: list[Utterance]
) -> None:
    assert len(loaded[engine, "en"].transcribe(utterances[0].pcm[SECOND : SECOND + 1600])) <= 2


@pytest.mark.parametrize("engine", ENGINES)
def test_thirty_seconds_are_heard_and_more_are_refused(
    engine: str, loaded: dict[tuple[str, str | None], Engine], utterances: list[Utterance]
) -> None:
    pcm = np.zeros(30 * SECOND, np.float32)
    pcm[: len(utterances[0].pcm)] = utterances[0].pcm
    assert loaded[engine, "en"].transcribe(pcm) != ()
    with pytest.raises(ValueError, match="at most 30 s"):
        loaded[engine, "en"].transcribe(np.zeros(30 * SECOND + 1, np.float32))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_samples_give_the_same_words(
    engine: str, loaded: dict[tuple[str, str | None], Engine], exported: Path, utterances: list[Utterance]
) -> None:
    once = [loaded[engine, "en"].transcribe(utterance.pcm) for utterance in utterances[:3]]
    loaded[engine, "de"].transcribe(utterances[-1].pcm)
    again = _load(exported, engine)
    assert [again.transcribe(utterance.pcm, once[0]) for utterance in utterances[:3]] == once


def _listen(recognizer: Recognizer, pcm: NDArray[np.float32]) -> list[Transcript]:
    stream = SpeechStream(recognizer)
    transcripts: list[Transcript] = []
    for first in range(0, len(pcm), 1600):
        part = pcm[first : first + 1600]
        transcripts += stream.push(AudioChunk(first // 1600, first * 1_000_000_000 // SECOND, SECOND, part))
    return transcripts + stream.flush()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stream_of_speech_comes_out_with_measured_words(
    engine: str, loaded: dict[tuple[str, str | None], Engine], utterances: list[Utterance]
) -> None:
    silence = np.zeros(SECOND, np.float32)
    english = [utterance for utterance in utterances if utterance.language == "en"][:3]
    pcm = np.concatenate([part for utterance in english for part in (silence, utterance.pcm)] + [silence])
    finals = [transcript for transcript in _listen(loaded[engine, "en"], pcm) if transcript.final]
    words = [word for transcript in finals for word in transcript.words]
    assert {word.timing for word in words} == {"measured"}
    said = [word for utterance in english for word in utterance.words]
    assert jiwer.wer(" ".join(said), " ".join(spelling(word.text) for word in words)) <= STREAMED_ERROR_RATE
    for transcript in finals:
        assert all(
            transcript.interval.start_ns <= word.interval.start_ns <= word.interval.end_ns <= transcript.interval.end_ns
            for word in transcript.words
        )


def test_a_missing_checkpoint_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"base\.pt does not exist; run: deadpan models pull whisper:base\.en"):
        WhisperRecognizer(tmp_path / "base.pt")


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", "cut"], ids=["empty", "foreign", "cut short"])
def test_a_damaged_checkpoint_says_how_to_get_another(content: bytes | str, exported: Path, tmp_path: Path) -> None:
    whole = (exported / "own.pt").read_bytes()
    (tmp_path / "base.pt").write_bytes(content if isinstance(content, bytes) else whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"base\.pt is not an openai-whisper checkpoint, or is damaged; run: deadpan"):
        WhisperRecognizer(tmp_path / "base.pt")


@pytest.mark.parametrize("kept", [{"weights": 1}, {"dims": {"n_mels": 80}, "model_state_dict": {}}, [1, 2]])
def test_a_file_of_something_else_is_no_checkpoint(kept: object, tmp_path: Path) -> None:
    torch.save(kept, tmp_path / "base.pt")
    with pytest.raises(ValueError, match="is not an openai-whisper checkpoint"):
        WhisperRecognizer(tmp_path / "base.pt")


class _Harmful:
    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (Path(sys.argv[0]).parent / "executed",)


def test_nothing_in_a_checkpoint_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "program")])
    with (tmp_path / "base.pt").open("wb") as file:
        pickle.dump({"dims": {}, "model_state_dict": _Harmful()}, file, protocol=2)
    with pytest.raises(ValueError, match="is not an openai-whisper checkpoint"):
        WhisperRecognizer(tmp_path / "base.pt")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("part", ["model.bin", "config.json", "tokenizer.json"])
def test_a_folder_that_lacks_a_part_is_named_and_nothing_is_downloaded(
    part: str, exported: Path, tmp_path: Path
) -> None:
    shutil.copytree(exported / "own", tmp_path / "base")
    (tmp_path / "base" / part).unlink()
    with pytest.raises(FileNotFoundError, match=rf"holds no {part}: is it a faster-whisper \(CTranslate2\) model\?"):
        FasterWhisperRecognizer(tmp_path / "base")


@pytest.mark.parametrize("part", ["model.bin", "config.json", "tokenizer.json", "vocabulary.json"])
def test_a_damaged_folder_says_how_to_get_another(part: str, exported: Path, tmp_path: Path) -> None:
    shutil.copytree(exported / "own", tmp_path / "base")
    whole = (tmp_path / "base" / part).read_bytes()
    (tmp_path / "base" / part).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"is not a faster-whisper .* or is damaged.*; run: deadpan models pull"):
        FasterWhisperRecognizer(tmp_path / "base")


@pytest.mark.parametrize("engine", ENGINES)
def test_an_unknown_language_is_refused(engine: str, exported: Path) -> None:
    with pytest.raises(ValueError, match="knows no language 'klingon'; give a code such as en or de"):
        _load(exported, engine, "klingon")


@pytest.mark.parametrize(
    ("module", "package", "extra"),
    [
        ("encoders.speech.whisper", "whisper", "whisper"),
        ("encoders.speech.faster_whisper", "faster_whisper", "faster-whisper"),
    ],
)
def test_a_missing_package_says_what_to_install(
    module: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"not installed; run: pip install 'deadpan\[{extra}\]'"):
        __import__(module)


@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 1000))
@settings(max_examples=30)
def test_no_path_is_cheaper_than_the_cheapest(rows: int, columns: int, seed: int) -> None:
    costs = np.random.default_rng(seed).integers(-3, 4, (rows, columns)).astype(float)
    path = cheapest_path(torch.from_numpy(costs))
    steps = np.diff(path, axis=1)
    assert path[:, 0].tolist() == [0, 0]
    assert path[:, -1].tolist() == [rows - 1, columns - 1]
    assert {tuple(step) for step in steps.T.tolist()} <= {(0, 1), (1, 0), (1, 1)}
    assert costs[path[0], path[1]].sum() == pytest.approx(_least(costs))


def _least(costs: NDArray[np.float64]) -> float:
    """By trying every path."""
    rows, columns = costs.shape
    if rows == columns == 1:
        return float(costs[0, 0])
    before = [
        _least(costs[: rows - down, : columns - across])
        for down, across in itertools.product((0, 1), repeat=2)
        if (down or across) and rows > down and columns > across
    ]
    return float(costs[-1, -1]) + min(before)
