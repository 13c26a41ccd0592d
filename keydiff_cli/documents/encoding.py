"""Which encoding the bytes of a text are in, if they are a text."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from keydiff_cli.documents.code_pages import best_page
from keydiff_cli.documents.surprise import is_frequent

_BOMS: list[tuple[bytes, str, str]] = [  # UTF-32 LE begins with the mark of UTF-16 LE
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
]
# Encodings of seven bits, by how they begin another character set: codec, label.
_SEVEN_BITS: list[tuple[re.Pattern[bytes], str, str]] = [
    (re.compile(rb"\x1b\$(?:[@B]|\(D)[!-~]{2}"), "iso2022_jp_ext", "ISO-2022-JP"),
    (re.compile(rb"\x1b\$\)C[\s\S]*?\x0e[!-~]{2}"), "iso2022_kr", "ISO-2022-KR"),
    (re.compile(rb"(?:~\{(?:[!-w][!-~])+~\}[\s\S]*?){2}"), "hz", "HZ"),
]
# Control characters that no text has: not tab, line feed, form feed, backspace, escape.
_CONTROLS = bytes([*range(8), *range(14, 27), *range(28, 32), 127])
_CONTROL_SHARE = 0.05
# A file with NULs is a text if the rest of it is one without doubt.
_CONTROL_SHARE_BESIDE_NULS = 0.002
_STRAY_SHARE_BESIDE_NULS = 0.05
_ODD_SHARE = 0.02  # of UTF-16 and UTF-32: controls and what cannot be decoded
_KNOWN_SHARE = 0.6  # of UTF-16 without a mark: characters that belong to one text
_FALLBACK = "cp1252"
# Where so few bytes are no valid UTF-8 (stray bytes), they are read as Windows-1252 unless another
# code page makes plain sense of them.
_FEW_SHARE = 0.01  # of all bytes
_FEW = 3
_FEW_ALONE = 32  # where most stand alone between letters, as those of Western texts do
_ALONE = 1.5  # stray bytes in a row, on average, up to which they stand alone
_PLAIN_SENSE = 7.0  # bits for a pair of characters, up to which text beside NULs is no chance
_SENSE = 10.0  # bits for a pair of characters, up to which a code page makes sense

_SURROGATE = re.compile("[\ud800-\udfff]")
_STRAY_RUN = re.compile("[\udc80-\udcff]+")
_IN_WORD = re.compile("(?<=[A-Za-z])[\udc80-\udcff]+|[\udc80-\udcff]+(?=[A-Za-z])")


@dataclass(frozen=True)
class Encoding:
    """How the bytes of a text are to be read.

    Attributes
    ----------
    codec : str
        The name of the codec in Python.
    label : str
        The name that the user is told.
    mark : int
        Length in bytes of the byte order mark to drop.
    guessed : bool
        Whether the encoding was guessed from the bytes.
    """

    codec: str
    label: str
    mark: int = 0
    guessed: bool = False


def find_encoding(sample: bytes) -> Encoding | None:
    """Choose the encoding of a text by its beginning.

    Parameters
    ----------
    sample : bytes
        The beginning of the text, which may end inside a character.

    Returns
    -------
    Encoding or None
        The one of the byte order mark, if there is one. Else UTF-8, if the sample is valid UTF-8
        but for a few bytes. Else the one in which it makes most sense. None if it is no text.
    """
    for mark, codec, label in _BOMS:
        if sample.startswith(mark):
            odd = codec != "utf-8" and _odd_share(sample[len(mark) :].decode(codec, "replace"))
            return None if odd > _ODD_SHARE else Encoding(codec, label, len(mark))
    if unmarked := _unmarked(sample):
        return unmarked
    rest = sample.replace(b"\0", b"")
    for begins, codec, label in _SEVEN_BITS:
        if begins.search(rest) and rest.isascii() and _decodes(rest, codec):
            return Encoding(codec, label)
    nuls = len(rest) < len(sample)
    if not rest or _control_share(rest) > (_CONTROL_SHARE_BESIDE_NULS if nuls else _CONTROL_SHARE):
        return None
    return _eight_bits(rest, nuls)


def _eight_bits(sample: bytes, nuls: bool) -> Encoding | None:
    """Choose between UTF-8 and the code pages; None if there were NULs, and the rest is no text."""
    utf8 = Encoding("utf-8", "UTF-8")
    text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(sample)
    stray = len(_SURROGATE.findall(text))
    if not stray:
        return utf8
    wide = sum(1 for _ in re.finditer("[^\0-\x7f]", text)) - stray
    runs = len(_STRAY_RUN.findall(text))
    few = stray <= _FEW or (stray <= _FEW_ALONE and stray <= _ALONE * runs)
    few = few or stray <= _FEW_SHARE * len(sample)
    alone = stray <= _FEW and not _IN_WORD.search(text)  # no letters, as far as one knows
    if stray <= wide or alone:
        return utf8
    page = best_page(sample, few=stray <= _FEW)
    if nuls and stray > _STRAY_SHARE_BESIDE_NULS * len(sample) and page.bits > _PLAIN_SENSE:
        return None
    if few and (page.codec == _FALLBACK or page.bits > _SENSE):
        return utf8
    return Encoding(page.codec, page.label, guessed=True)


def _control_share(sample: bytes) -> float:
    """The share of control characters; 0 for a single one."""
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    return controls / len(sample) if controls > 1 else 0.0


def _odd_share(text: str) -> float:
    """The share of control characters and of what could not be decoded; 0 for a single one."""
    odd = sum(text.count(char) for char in ("\0", "\ufffd", *map(chr, _CONTROLS[1:])))
    return odd / len(text) if odd > 1 else 0.0


def _decodes(sample: bytes, codec: str) -> bool:
    """Whether a sample, which may end inside a character, has no errors in an encoding."""
    try:
        codecs.getincrementaldecoder(codec)().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _unmarked(sample: bytes) -> Encoding | None:
    """UTF-16 or UTF-32 without a mark, if what would be binary data else is a text in it."""
    if not (b"\0" in sample or _control_share(sample) > _ODD_SHARE):
        return None
    for _, codec, label in _BOMS[:-1]:
        if _known_share(sample, codec) > _KNOWN_SHARE:
            return Encoding(codec, f"{label} without a byte order mark", guessed=True)
    return None


def _known_share(sample: bytes, codec: str) -> float:
    """The share of characters that are ASCII, of one alphabet, or frequent ideographs.

    In bytes of another encoding it is far below one half.
    """
    counts = Counter(codecs.getincrementaldecoder(codec)("replace").decode(sample))
    total = counts.total()
    if total < 2:
        return 0.0
    odd = sum(counts[char] for char in ("\0", "\ufffd", *map(chr, _CONTROLS[1:])))
    if odd > max(1, _ODD_SHARE * total):
        return 0.0
    known = 0
    alphabets: Counter[int] = Counter()
    for char, count in counts.items():
        if " " <= char <= "~" or char in "\t\r\n" or is_frequent(char):
            known += count
        elif char < "\u1100" and unicodedata.category(char)[0] in "LM":
            alphabets[ord(char) >> 8] += count
    return (known + max(alphabets.values(), default=0)) / total
