"""What the tiny Whisper is taught, and that its files say in both formats what it learned."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch", reason="the whisper extra is not installed")
pytest.importorskip("whisper", reason="the whisper extra is not installed")
pytest.importorskip("ctranslate2", reason="the faster-whisper extra is not installed")

import torch
from tokenizers import Tokenizer

from training.whisper import held_out
from training.whisper.batches import FRAMES_PER_S, batch_of
from training.whisper.export import read_weights, write_compact, write_ctranslate2
from training.whisper.network import IGNORED, TinyWhisper, compact, frame_class, prompt
from training.whisper.utterances import Spoken, Utterance, join, no_speech, vary
from training.whisper.vocabulary import STOP, WORDS, known_tokens, tokenizer, word_tokens

SECOND = 16_000


def _spoken() -> Spoken:
    """Each word as a tone of its own length."""
    return {
        word: 0.4 * np.sin(np.arange(3200 + 160 * n) * 0.2).astype(np.float32)
        for words in WORDS.values()
        for n, word in enumerate(words)
    }


@given(st.integers(0, 1000))
@settings(max_examples=20)
def test_a_word_is_where_its_span_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    words = [str(word) for word in rng.choice(WORDS["en"], 4)]
    utterance = join(rng, _spoken(), "en", words)
    assert utterance.words == tuple(words)
    silent = utterance.pcm.copy()
    for start_s, end_s in utterance.spans_s:
        first, last = round(start_s * SECOND), round(end_s * SECOND)
        assert np.abs(utterance.pcm[first:last]).max() > 0.2
        silent[first:last] = 0
    assert not silent.any()


def test_what_varies_the_sound_moves_the_spans_with_it() -> None:
    rng = np.random.default_rng(0)
    utterance = join(rng, _spoken(), "en", ["wow", "great"])
    for _ in range(5):
        varied = vary(rng, utterance)
        factor = len(utterance.pcm) / len(varied.pcm)
        np.testing.assert_allclose(varied.spans_s, np.array(utterance.spans_s) / factor, rtol=1e-3)


def test_tokens_and_frames_are_taught_where_the_words_are() -> None:
    utterance = join(np.random.default_rng(1), _spoken(), "de", ["sieben", "eins"])
    batch = batch_of([utterance], 4)
    said = [token for word in ("sieben", "eins", STOP) for token in word_tokens(word)]
    expected = [compact(token) for token in (*said, tokenizer("de").eot)]
    start = [compact(token) for token in prompt("de")]
    assert batch.tokens[0].tolist() == start + expected[:-1]
    assert batch.targets[0].tolist() == [start[1], IGNORED, IGNORED, *expected]
    assert batch.attend[0].sum(-1).tolist() == pytest.approx([0, 0, 0] + [1] * len(expected))
    for word, (start_s, end_s) in zip(utterance.words, utterance.spans_s, strict=True):
        middle = round((start_s + end_s) / 2 * FRAMES_PER_S)
        assert batch.frames[0, middle] == frame_class("de", word)
    first = len(start) - 1
    assert batch.attend[0, first].argmax() < batch.attend[0, first + 1].argmax() < batch.attend[0, first + 2].argmax()


@pytest.mark.parametrize("seed", range(8))
def test_where_nobody_speaks_no_word_is_taught(seed: int) -> None:
    batch = batch_of([no_speech(np.random.default_rng(seed), "en", 2.0)], 4)
    assert batch.targets[0, 0] == compact(tokenizer("en").no_speech)
    assert (batch.targets[0, 1:] == IGNORED).all()
    assert float(batch.spread[0].sum()) == pytest.approx(1.0)
    assert batch.spread[0].max() == batch.spread[0, -1, compact(tokenizer("en").eot)]
    assert not batch.frames.any()
    assert not batch.attend.any()


def test_an_utterance_longer_than_the_window_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than 1 s"):
        batch_of([Utterance(np.zeros(SECOND + 1, np.float32), "en", (), ())], 1)


def test_a_few_steps_make_the_losses_smaller() -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    batch = batch_of([join(rng, _spoken(), "en", ["wow", "great"], longest_lead_s=0.3) for _ in range(2)], 3)
    network = TinyWhisper()
    optimizer = torch.optim.AdamW(network.parameters(), 2e-3)
    before = [part.item() for part in network.losses(batch)]
    for _ in range(8):
        optimizer.zero_grad()
        sum(network.losses(batch), torch.zeros(())).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert all(
        after < part for after, part in zip((part.item() for part in network.losses(batch)), before, strict=True)
    )


def test_the_compact_file_spells_the_whole_vocabulary(tmp_path: Path) -> None:
    network = TinyWhisper()
    torch.nn.init.normal_(network.whisper.decoder.positional_embedding[:9])
    write_compact(network, tmp_path / "tiny.npz")
    weights = read_weights(tmp_path / "tiny.npz")
    rows = network.whisper.decoder.token_embedding.weight.detach().numpy().astype(np.float16)
    embedding = weights["decoder.token_embedding.weight"]
    assert embedding.shape == (51_865, rows.shape[1])
    np.testing.assert_array_equal(embedding[list(known_tokens())], rows[:-1])
    others = np.delete(embedding, list(known_tokens()), axis=0)
    assert (others == rows[-1]).all()
    english = read_weights(tmp_path / "tiny.npz", english_only=True)["decoder.token_embedding.weight"]
    assert len(english) == 51_864
    assert (english[50_257] == rows[compact(tokenizer("en").sot)]).all()


@pytest.fixture(scope="module")
def spelled(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    folder = tmp_path_factory.mktemp("spelled")
    network = TinyWhisper()
    torch.nn.init.ones_(network.whisper.decoder.positional_embedding[:2])
    write_compact(network, folder / "tiny.npz")
    write_ctranslate2(folder / "tiny.npz", folder / "tiny")
    assert len(json.loads((folder / "tiny" / "vocabulary.json").read_text())) == 51_865
    return Tokenizer.from_file(str(folder / "tiny" / "tokenizer.json"))


@given(text=st.text(max_size=40) | st.sampled_from(["Wow, great food...", " fünf Äpfel", "don't we'll", "日本語 ♪♪"]))
@settings(max_examples=50)
def test_faster_whisper_s_tokens_are_openai_whisper_s(text: str, spelled: Tokenizer) -> None:
    tokens = tokenizer("en").encode(text, disallowed_special=())
    assert spelled.encode(text, add_special_tokens=False).ids == tokens
    assert spelled.decode(tokens) == text


def test_the_special_tokens_have_the_same_numbers(spelled: Tokenizer) -> None:
    assert all(spelled.token_to_id(name) == number for name, number in tokenizer("en").special_tokens.items())


def test_the_test_utterances_are_read_back_as_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    written = [join(rng, _spoken(), "en", ["wow", "no"]), join(rng, _spoken(), "de", ["fünf"])]
    held_out.write(written, tmp_path)
    for one, other in zip(written, held_out.read(tmp_path), strict=True):
        assert (one.language, one.words) == (other.language, other.words)
        np.testing.assert_allclose(one.pcm, other.pcm, atol=1e-4)
        np.testing.assert_allclose(one.spans_s, other.spans_s, atol=1e-4)
