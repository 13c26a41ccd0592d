"""Which code page the bytes of a text are in: the one that makes it least surprising."""

from __future__ import annotations

import re
from dataclasses import dataclass

from keydiff_cli.documents.surprise import surprise

_WESTERN = ("de", "fr", "es", "pt", "it", "nl", "sv", "da", "nb", "fi", "is", "ca")
_CENTRAL = ("pl", "cs", "sk", "hu", "ro", "hr", "sl", "sq")
_CYRILLIC = ("ru", "uk", "be", "bg", "sr", "mk")
_BALTIC = ("lt", "lv", "et")
_SIGNS_ALONE = ("cp1252", "mac_roman")  # of English texts in them only quotes are not ASCII
_LATIN = {*_WESTERN, *_CENTRAL, *_BALTIC, "tr"}
# (codec, what the user is told, bits against it, the languages that are written in it); of two that
# read a text the same the first one is taken.
_PAGES: list[tuple[str, str, float, tuple[str, ...]]] = [
    ("cp1252", "Windows-1252", 0, _WESTERN),
    ("cp1251", "Windows-1251", 2, _CYRILLIC),
    ("cp1250", "Windows-1250", 3, _CENTRAL),
    ("cp1253", "Windows-1253", 2, ("el",)),
    ("cp1254", "Windows-1254", 4, ("tr",)),
    ("cp1255", "Windows-1255", 2, ("he",)),
    ("cp1256", "Windows-1256", 2, ("ar", "fa")),
    ("cp1257", "Windows-1257", 4, _BALTIC),
    ("cp1258", "Windows-1258", 5, ("vi",)),
    ("cp874", "Windows-874", 2, ("th",)),
    ("iso8859_2", "ISO 8859-2", 4, ("pl", "cs", "sk", "hu", "hr", "sl")),
    ("iso8859_5", "ISO 8859-5", 6, _CYRILLIC),
    ("iso8859_6", "ISO 8859-6", 5, ("ar",)),
    ("iso8859_7", "ISO 8859-7", 4, ("el",)),
    ("iso8859_15", "ISO 8859-15", 6, _WESTERN),
    ("iso8859_13", "ISO 8859-13", 7, _BALTIC),
    ("koi8_r", "KOI8-R", 2, ("ru", "bg")),
    ("koi8_u", "KOI8-U", 4, ("uk", "be")),
    ("cp866", "the DOS code page 866", 3, ("ru", "uk", "be", "bg")),
    ("cp855", "the DOS code page 855", 6, _CYRILLIC),
    ("cp850", "the DOS code page 850", 4, _WESTERN),
    ("cp437", "the DOS code page 437", 5, ("de", "fr", "es", "it", "nl", "sv", "fi", "ca")),
    ("cp852", "the DOS code page 852", 5, ("pl", "cs", "sk", "hu", "ro", "hr", "sl")),
    ("cp737", "the DOS code page 737", 5, ("el",)),
    ("cp857", "the DOS code page 857", 6, ("tr",)),
    ("cp775", "the DOS code page 775", 7, _BALTIC),
    ("cp862", "the DOS code page 862", 6, ("he",)),
    ("mac_roman", "Mac Roman", 4, _WESTERN),
    ("mac_latin2", "Mac Central European", 6, ("pl", "cs", "sk", "hu")),
    ("mac_cyrillic", "Mac Cyrillic", 6, _CYRILLIC),
    ("mac_greek", "Mac Greek", 6, ("el",)),
    ("mac_turkish", "Mac Turkish", 7, ("tr",)),
    ("cp932", "Shift JIS", 2, ("ja",)),
    ("euc_jp", "EUC-JP", 3, ("ja",)),
    ("gb18030", "GB 18030", 2, ("zh_CN",)),
    ("big5hkscs", "Big5", 3, ("zh_TW",)),
    ("cp949", "Korean (code page 949)", 2, ("ko",)),
    ("johab", "Korean (Johab)", 6, ("ko",)),
]
LANGUAGES_OF = {codec: languages for codec, _, _, languages in _PAGES}

_LOOKED_AT = 4000  # bytes that are not ASCII, with those around them
_AROUND = re.compile(rb"[\0-\x7f]{0,3}(?:[\x80-\xff]+[\0-\x7f]{0,3})+")


@dataclass(frozen=True)
class CodePage:
    """A guess at the encoding of a text.

    Attributes
    ----------
    codec : str
        The name of the codec in Python.
    label : str
        The name that the user is told.
    bits : float
        How surprising the text is in it, for each pair of characters that are not both ASCII.
    """

    codec: str
    label: str
    bits: float


def best_page(sample: bytes, few: bool = False) -> CodePage:
    """Choose the code page of a text: the one in which it takes the fewest bits.

    Parameters
    ----------
    sample : bytes
        The beginning of the text, which may end inside a character.
    few : bool
        Whether so few of its bytes are not ASCII that it must be in Latin letters: there are so
        many other ones that some of them always make sense.

    Returns
    -------
    CodePage
        Windows-1252 where another one would read the same.
    """
    excerpt = _excerpt(sample)
    readings: list[tuple[float, CodePage]] = []
    for codec, label, against, languages in _PAGES:
        if few and not _LATIN.issuperset(languages):
            continue
        text = excerpt.decode(codec, errors="replace")
        bits, pairs = surprise(text, languages, common=codec in _SIGNS_ALONE)
        readings.append((bits + against, CodePage(codec, label, bits / max(1, pairs))))
    return min(readings, key=lambda reading: reading[0])[1]


def _excerpt(sample: bytes) -> bytes:
    """The bytes that are not ASCII with those around them; all of a short text."""
    if len(sample) <= _LOOKED_AT:
        return sample
    parts: list[bytes] = []
    left = _LOOKED_AT
    for match in _AROUND.finditer(sample):
        parts.append(match.group()[:left])
        left -= len(parts[-1])
        if left <= 0:
            break
    return b"\n".join(parts)
