"""How surprising a text is in a language: in bits, as if it were compressed.

What counts is how rare each letter is after the one before it, by ``letter_pairs.json``, which
``docs/encodings.py`` makes; how rare a sign or an ideograph is at all; and what does not belong
where it stands: signs within words, capitals after small letters. Characters of ASCII beside each
other, which all code pages have, count nothing.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

# All in bits.
_RARE = 13.0  # a pair that the table does not have, of letters that it has
_FOREIGN = 17.0  # with a letter that the language does not have
_LOST = 30.0  # a byte that means nothing in the code page, or a control character
_SIGN = 8.0
_RARE_SIGN = 15.0
_SAME_LINE = 2.0  # a line or block of a drawing after one that is the same
_OTHER_LINE = 8.0
_LOWER_UPPER = 9.0  # a capital after a small letter
_UPPER_UPPER = 1.5
_FIRST_UPPER = 2.5
_KANA = 6.5
_FREQUENT = 8.5  # an ideograph
_SELDOM = 19.0
_NO_LETTERS = 12.0  # none of the letters for which there is the code page
_PLACES = [  # where a sign does not belong, by the shapes of characters
    (re.compile("(?<=a)[so](?=a)"), 12.0),
    (re.compile("(?<=a)'(?=a)"), 4.0),
    (re.compile("(?<=a)o"), 5.0),
    (re.compile("a(?=i)|i(?=a)"), 6.0),
]

_SIGNS = frozenset(
    "«»„“”‘’‚‹›–—…€£§°·•©®™¡¿ªº\u00a0×½²³±µ№、。，：；！？「」『』（）《》・ー～【】"
)
_OPENING = frozenset("‘„‚£§¿¡•†‡ƒ¤")  # signs that follow no letter


def surprise(text: str, languages: tuple[str, ...], common: bool) -> tuple[float, int]:
    """Measure a text in the language that fits best.

    Parameters
    ----------
    text : str
        The text, with U+FFFD where bytes have no meaning.
    languages : tuple of str
        Those that it may be in.
    common : bool
        Whether a text in which only signs are not ASCII is common in this code page.

    Returns
    -------
    bits : float
        How surprising it is.
    pairs : int
        Pairs of characters of which at least one is not ASCII.
    """
    counts = Counter(zip(" " + text, text + " ", strict=True))
    odd = {pair: count for pair, count in counts.items() if max(pair) > "\x7f"}
    bits = sum(count * _sign_bits(*pair) for pair, count in odd.items())
    letters: Counter[str] = Counter()
    for (first, second), count in odd.items():
        letters[letter(first) + letter(second)] += count
    bits += min(_letter_bits(letters, language) for language in languages)
    shapes = "".join(map(_shape, text))
    bits += sum(cost * len(place.findall(shapes)) for place, cost in _PLACES)
    if not common and not any(second > "\x7f" and second.isalpha() for _, second in odd):
        bits += _NO_LETTERS
    return bits, sum(odd.values())


@lru_cache(maxsize=1 << 16)
def letter(char: str) -> str:
    """A letter as the table has it: small; a space for what is no letter."""
    return char.lower()[0] if _is_letter(char) else " "


def is_ideograph(char: str) -> bool:
    """Whether a character is a Chinese one, or a syllable of Korean or Japanese."""
    return "\u3041" <= char <= "\u9fff" or "\uac00" <= char <= "\ud7a3"


def is_frequent(char: str) -> bool:
    """Whether a character is a frequent one of those of Chinese, Japanese or Korean texts."""
    signs = "\u3000" <= char < "\u3100" or "\uff00" <= char < "\uff66"
    return signs or any(char in frequent for frequent in _table().characters.values())


def _sign_bits(first: str, second: str) -> float:
    """Bits of the second character if it is a sign, and of capitals where they do not belong."""
    if _is_letter(second):
        if not second.isupper():
            return 0.0
        if first.isupper():
            return _UPPER_UPPER
        return _LOWER_UPPER if first.isalpha() else _FIRST_UPPER
    if second <= "\x7f":
        return 0.0
    if second == "\ufffd" or unicodedata.category(second) in ("Cc", "Co", "Cn"):
        return _LOST
    if _is_line(second):
        if first == second:
            return _SAME_LINE
        return _OTHER_LINE if _is_line(first) else _RARE_SIGN
    return _SIGN if second in _SIGNS else _RARE_SIGN


def _letter_bits(pairs: Mapping[str, int], language: str) -> float:
    """Bits of all letters, or ideographs, in a language."""
    if frequent := _table().characters.get(language):
        return sum(
            count * _ideograph_bits(pair[1], frequent)
            for pair, count in pairs.items()
            if pair[1] > "\x7f"
        )
    known, letters = _table().pairs[language]
    bits = 0.0
    for pair, count in pairs.items():
        if not pair.isascii():
            bits += count * known.get(pair, _RARE if letters.issuperset(pair) else _FOREIGN)
    return bits


def _ideograph_bits(char: str, frequent: frozenset[str]) -> float:
    if "\u3040" <= char < "\u3100":
        return _KANA if "の" in frequent else _SELDOM
    return _FREQUENT if char in frequent else _SELDOM


@lru_cache(maxsize=1 << 16)
def _shape(char: str) -> str:
    """An "a" for a letter, "i" for an ideograph, "o" for an opening sign, "s" for another sign."""
    if char in "’·":
        return "'"
    if is_ideograph(char):
        return "i"
    if _is_letter(char):
        return "a"
    if char <= "\x7f":
        return " "
    return "o" if char in _OPENING else "s"


@lru_cache(maxsize=1 << 16)
def _is_letter(char: str) -> bool:
    return unicodedata.category(char)[0] in "LM"


def _is_line(char: str) -> bool:
    return "\u2500" <= char < "\u25a0"


@dataclass(frozen=True)
class _Table:
    """What was learned.

    Attributes
    ----------
    pairs : dict
        Of each language the bits of its frequent pairs of letters, and the letters.
    characters : dict
        Of each language that has them the frequent ideographs.
    """

    pairs: dict[str, tuple[dict[str, float], frozenset[str]]]
    characters: dict[str, frozenset[str]]


@cache
def _table() -> _Table:
    raw = json.loads(Path(__file__).with_name("letter_pairs.json").read_text("utf-8"))
    pairs: dict[str, tuple[dict[str, float], frozenset[str]]] = {}
    for language, levels in raw["pairs"].items():
        known = {
            line[at : at + 2]: float(bits)
            for bits, line in levels.items()
            for at in range(0, len(line), 2)
        }
        ascii_letters = frozenset(" abcdefghijklmnopqrstuvwxyz")
        pairs[language] = known, ascii_letters.union("".join(known))
    return _Table(pairs, {name: frozenset(line) for name, line in raw["characters"].items()})
