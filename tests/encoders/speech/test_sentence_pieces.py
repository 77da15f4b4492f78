from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from encoders.speech.moonshine import embedded_folder
from encoders.speech.recognizer import HeardWord
from encoders.speech.sentence_pieces import read_tokens, words_of


def test_the_embedded_tokens_are_the_model_s() -> None:
    tokens = read_tokens((embedded_folder() / "tokenizer.bin").read_bytes())
    assert len(tokens) == 32_768
    assert tokens[2] == b"</s>"
    assert "▁the".encode() in tokens


@given(st.lists(st.binary(max_size=300)))
def test_a_token_table_is_read_back_whatever_its_tokens_lengths(tokens: list[bytes]) -> None:
    table = b""
    for token in tokens:
        length = len(token)
        table += bytes([length] if length < 128 else [128 + length % 128, length // 128]) + token
    assert read_tokens(table) == tokens


def _spell(pieces: list[bytes], probabilities: list[float]) -> tuple[HeardWord, ...]:
    return words_of(list(range(len(pieces))), probabilities, pieces)


def test_pieces_join_to_words_as_probable_as_their_least_probable_piece() -> None:
    words = _spell(["▁won".encode(), b"der", b"ful", "▁day".encode()], [0.9, 0.5, 0.8, 0.7])
    assert [(word.text, word.probability) for word in words] == [("wonderful", 0.5), ("day", 0.7)]


def test_punctuation_belongs_to_the_word_before_it_and_does_not_make_it_less_probable() -> None:
    words = _spell(["▁great".encode(), b",", "▁thanks".encode(), "▁".encode(), b"!"], [0.9, 0.1, 0.8, 0.2, 0.1])
    assert [(word.text, word.probability) for word in words] == [("great,", 0.9), ("thanks!", 0.8)]


def test_punctuation_alone_is_no_word() -> None:
    assert _spell(["▁...".encode(), "▁♪".encode()], [0.9, 0.9]) == ()


def test_a_letter_spelled_in_bytes_of_two_tokens_is_put_together() -> None:
    first, second = "é".encode()[:1], "é".encode()[1:]
    assert [word.text for word in _spell(["▁caf".encode(), first, second], [0.9, 0.9, 0.9])] == ["café"]


def test_a_word_keeps_the_tokens_it_was_spelled_with() -> None:
    words = _spell(["▁great".encode(), b",", "▁thanks".encode()], [0.9, 0.1, 0.8])
    assert [word.tokens for word in words] == [(0, 1), (2,)]
