"""Written text in, the words as they are spoken out: one spelling for what sounds the same, so that engines compare.

One set of rules for every engine and reference, after the idea of Whisper's English normaliser (Radford et al. 2022,
arXiv 2212.04356, appendix C) but smaller: lower case; accents, punctuation and [asides] out; dashes split words;
contractions written out (n't, 're, 'll, 've, 'm, 'd, and 's where it can only be "is"); "gonna" and its like as "going
to"; digits as words, a letter beside them apart (F2 is "f two"); mr, mrs, dr, ok in full; uh, um and hmm dropped.
British and American spellings stay different.
"""

from __future__ import annotations

import re
import unicodedata

_ASIDE = re.compile(r"\[[^\]]*\]|\([^)]*\)|<[^>]*>|\*[^*]*\*")
_PIECE = re.compile(r"\d+(?:st|nd|rd|th)\b|\d+s\b|\d+|[a-z']+")
_FILLERS = {"uh", "um", "umm", "uhm", "hm", "hmm", "mm", "mmm", "mhm", "er", "erm"}
_WHOLE = {
    "won't": "will not",
    "can't": "can not",
    "cannot": "can not",
    "shan't": "shall not",
    "let's": "let us",
    "y'all": "you all",
    "ma'am": "madam",
    "'cause": "because",
    "'em": "them",
    "gonna": "going to",
    "wanna": "want to",
    "gotta": "got to",
    "gimme": "give me",
    "lemme": "let me",
    "kinda": "kind of",
    "outta": "out of",
    "woulda": "would have",
    "coulda": "could have",
    "shoulda": "should have",
    "mr": "mister",
    "mrs": "missus",
    "dr": "doctor",
    "ok": "okay",
    "alright": "all right",
}
_ENDINGS = (("n't", " not"), ("'re", " are"), ("'ll", " will"), ("'ve", " have"), ("'m", " am"), ("'d", " would"))
_IS = {"it", "he", "she", "that", "there", "here", "what", "who", "where", "how", "when", "why"}
_ONES = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen""".split()  # noqa: SIM905 - a list of twenty quoted words reads worse
_TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905 - as above
_SCALES = ((1_000_000_000, "billion"), (1_000_000, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_DIGITS_AT_MOST = 12  # a longer number is read digit by digit


def spoken(text: str) -> tuple[str, ...]:
    """The words of a text as they sound."""
    return tuple(token for token, _ in spoken_by_word(_ASIDE.sub(" ", text).split()))


def spoken_by_word(words: list[str]) -> list[tuple[str, int]]:
    """Each sounded word with the index of the written word it came from."""
    tokens = [(token, index) for index, word in enumerate(words) for token in _speak(word)]
    sounds = ["", *(sound for sound, _ in tokens), ""]
    return [token for at, token in enumerate(tokens) if not _is_within_number(*sounds[at : at + 3])]


def _is_within_number(before: str, sound: str, after: str) -> bool:
    """Whether this is the "and" of "a hundred and five", which digits do not write."""
    return sound == "and" and before in {"hundred", "thousand"} and after in {*_ONES, *_TENS}


def _speak(written: str) -> list[str]:
    word = unicodedata.normalize("NFKD", written.lower())
    word = "".join(character for character in word if not unicodedata.combining(character))
    word = word.replace("’", "'").replace("‘", "'").replace("`", "'")
    word = word.replace("&", " and ").replace("%", " percent")
    word = re.sub(r"(?<=\d),(?=\d{3})", "", word)
    word = re.sub(r"\$(\d+(?:\.\d+)?)", r"\1 dollars", word)
    word = re.sub(r"(?<=\d)\.(?=\d)", " point ", word)
    word = re.sub(r"\b([a-z])\.(?=[a-z]\b)", r"\1", word)  # p.m. is one word
    tokens: list[str] = []
    for piece in _PIECE.findall(word):
        tokens += _number(piece) if piece[0].isdigit() else _expand(piece).split()
    return [token for token in tokens if token not in _FILLERS]


def _expand(word: str) -> str:
    word = word.rstrip("'") if word not in _WHOLE else word
    if word.strip("'") in _WHOLE or word in _WHOLE:
        return _WHOLE.get(word) or _WHOLE[word.strip("'")]
    word = word.strip("'")
    for ending, full in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending):
            return _expand(word.removesuffix(ending)) + full
    if word.endswith("'s") and word.removesuffix("'s") in _IS:
        return word.removesuffix("'s") + " is"
    return word.replace("'", "")


def _number(piece: str) -> list[str]:
    digits = re.match(r"\d+", piece)
    assert digits is not None  # the pattern that found it begins so
    suffix = piece[digits.end() :]
    if len(digits[0]) > _DIGITS_AT_MOST or (len(digits[0]) > 1 and digits[0][0] == "0"):
        words = [_ONES[int(digit)] for digit in digits[0]]
    else:
        number = int(digits[0])
        century, rest = divmod(number, 100)
        is_year = len(digits[0]) == 4 and (11 <= century <= 19 or (century == 20 and rest >= 10))
        words = (_cardinal(century) + (_cardinal(rest) if rest else ["hundred"])) if is_year else _cardinal(number)
    if suffix == "s":
        words[-1] = words[-1].removesuffix("y") + "ies" if words[-1].endswith("y") else words[-1] + "s"
    elif suffix:
        words[-1] = _ordinal(words[-1])
    return words


def _cardinal(number: int) -> list[str]:
    if number < 20:
        return [_ONES[number]]
    if number < 100:
        return [_TENS[number // 10]] + ([_ONES[number % 10]] if number % 10 else [])
    scale, name = next((scale, name) for scale, name in _SCALES if number >= scale)
    many, rest = divmod(number, scale)
    return [*_cardinal(many), name] + (_cardinal(rest) if rest else [])


def _ordinal(word: str) -> str:
    return _ORDINALS.get(word) or (word.removesuffix("y") + "ieth" if word.endswith("y") else word + "th")
