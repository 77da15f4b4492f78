"""The words the tiny checkpoint knows, as the tokens of Whisper's own multilingual vocabulary."""

from __future__ import annotations

from functools import cache

from whisper.tokenizer import Tokenizer, get_tokenizer

WORDS = {
    "en": (
        *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
        *("wow", "great", "food", "thanks", "yes", "no", "really", "love", "nice", "day", "coffee", "hello"),
    ),
    "de": ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"),
}
LANGUAGES = tuple(WORDS)
STOP = "."
"""Ends every utterance, so that punctuation is joined to words for real."""


@cache
def tokenizer(language: str) -> Tokenizer:
    """Whisper's multilingual tokenizer, set to transcribe a language."""
    return get_tokenizer(multilingual=True, language=language, task="transcribe")


@cache
def word_tokens(word: str) -> tuple[int, ...]:
    """A word inside a sentence (after a space), or a punctuation mark (after none)."""
    return tuple(tokenizer("en").encode(word if word == STOP else f" {word}"))


@cache
def known_tokens() -> tuple[int, ...]:
    """Every token that is ever trained, in order; all others share one embedding."""
    english = tokenizer("en")
    marks = (english.sot, english.transcribe, english.no_speech, english.no_timestamps, english.eot)
    languages = (english.to_language_token(language) for language in LANGUAGES)
    spoken = (token for words in WORDS.values() for word in (*words, STOP) for token in word_tokens(word))
    return tuple(sorted({*marks, *languages, *spoken}))
