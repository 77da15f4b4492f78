"""Moonshine's tokens in, words out: pieces of words, of which the first of each word carries a mark."""

from __future__ import annotations

from encoders.speech.recognizer import HeardWord

_WORD_MARK = "▁"


def read_tokens(table: bytes) -> list[bytes]:
    """The wheel's tokenizer file: per token one length byte (two, base 128, from 128 up), then its UTF-8 bytes."""
    tokens: list[bytes] = []
    at = 0
    while at < len(table):
        length = table[at]
        at += 1
        if length >= 128:
            length += table[at] * 128 - 128
            at += 1
        tokens.append(table[at : at + length])
        at += length
    return tokens


def words_of(tokens: list[int], probabilities: list[float], spellings: list[bytes]) -> tuple[HeardWord, ...]:
    """Join sentence pieces to words; a word is as probable as the least probable of them. Bare punctuation joins on.

    Punctuation does not count: a recognizer unsure of a comma may be sure of the word before it.
    """
    words: list[HeardWord] = []
    pieces: list[tuple[int, float]] = []
    mark = _WORD_MARK.encode()
    for token, probability in zip(tokens, probabilities, strict=True):
        if spellings[token].startswith(mark) and pieces:
            _add_word(words, pieces, spellings)
            pieces = []
        pieces.append((token, probability))
    if pieces:
        _add_word(words, pieces, spellings)
    return tuple(words)


def _add_word(words: list[HeardWord], pieces: list[tuple[int, float]], spellings: list[bytes]) -> None:
    text = (
        b"".join(spellings[token] for token, _ in pieces)
        .decode("utf-8", errors="ignore")
        .replace(_WORD_MARK, "")
        .strip()
    )
    tokens = tuple(token for token, _ in pieces)
    odds = [probability for token, probability in pieces if _is_spoken(spellings[token].decode("utf-8", "ignore"))]
    if _is_spoken(text):
        words.append(HeardWord(text, min(odds, default=1.0), tokens=tokens))
    elif words:
        words[-1] = HeardWord(words[-1].text + text, words[-1].probability, tokens=words[-1].tokens + tokens)


def _is_spoken(text: str) -> bool:
    return any(character.isalnum() for character in text)
