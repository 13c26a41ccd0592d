"""Bytes to text: which encoding, and a decoder that works over any cuts of the bytes."""

from __future__ import annotations

import codecs
import io
import logging
import re
from dataclasses import dataclass

_BOMS: list[tuple[bytes, str, str]] = [  # UTF-32 LE begins with the mark of UTF-16 LE
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
]
# Control characters that no text has: not tab, line feed, form feed, backspace, escape.
_CONTROLS = bytes([*range(8), *range(14, 27), *range(28, 32), 127])
_CONTROL_SHARE = 0.05
_ODD_SHARE = 0.02  # of UTF-16 and UTF-32: controls and what cannot be decoded
_FALLBACK = "cp1252"
# Where so few bytes are no valid UTF-8 (stray bytes), a guess at the encoding of the text would be
# no better than to read these bytes as Windows-1252.
_FEW_SHARE = 0.01  # of all bytes
_FEW = 3
_FEW_ALONE = 32  # where most stand alone between letters, as those of Western texts do
_ALONE = 1.5  # stray bytes in a row, on average, up to which they stand alone

_SURROGATE = re.compile("[\ud800-\udfff]")
_STRAY_RUN = re.compile("[\udc80-\udcff]+")
_STRAY_TO_1252 = {
    0xDC00 + byte: bytes([byte]).decode("cp1252", errors="replace") for byte in range(0x80, 0x100)
}


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


class Decoder:
    """Decodes bytes cut anywhere; line ends become ``\\n`` and NULs are dropped.

    Bytes that are not valid UTF-8 are read as Windows-1252.

    Attributes
    ----------
    stray : int
        Bytes that were not valid UTF-8.
    replaced : int
        Characters of another encoding that could not be decoded.
    nuls : int
        NUL characters dropped.
    """

    def __init__(self, encoding: Encoding) -> None:
        self._utf8 = encoding.codec == "utf-8"
        errors = "surrogateescape" if self._utf8 else "replace"
        self._decoder = codecs.getincrementaldecoder(encoding.codec)(errors)
        self._newlines = io.IncrementalNewlineDecoder(None, translate=True)
        self.stray = 0
        self.replaced = 0
        self.nuls = 0

    def decode(self, data: bytes, final: bool = False) -> str:
        """Decode the next bytes.

        Parameters
        ----------
        data : bytes
            What follows the bytes given before; a character may be cut at either end.
        final : bool
            Whether no bytes follow.

        Returns
        -------
        str
            The text that is complete so far; what is incomplete comes with a later call.
        """
        text = self._decoder.decode(data, final)
        if self._utf8:
            if not text.isascii():
                text = self._read_stray(text)
        elif not text.isascii():
            text = _SURROGATE.sub("\ufffd", text)
            self.replaced += text.count("\ufffd")
        if "\0" in text:
            self.nuls += text.count("\0")
            text = text.replace("\0", "")
        return self._newlines.decode(text, final)

    @property
    def pending(self) -> bytes:
        """The bytes at the end that begin a character whose rest has not been given yet."""
        return self._decoder.getstate()[0]

    def drop_pending(self) -> None:
        """Forget the bytes in ``pending``."""
        self._decoder.reset()

    def _read_stray(self, text: str) -> str:
        """Replace the surrogates that stand for stray bytes by what Windows-1252 has for them."""
        stray = len(_SURROGATE.findall(text))
        if stray:
            self.stray += stray
            text = text.translate(_STRAY_TO_1252)
        return text


def is_binary(sample: bytes) -> bool:
    """Tell whether a sample cannot be text, as it has NULs or many control characters.

    A sample with the byte order mark of UTF-16 or UTF-32 is judged by its decoded text.
    """
    for mark, codec, _ in _BOMS:
        if sample.startswith(mark) and codec != "utf-8":
            text = sample[len(mark) :].decode(codec, errors="replace")
            odd = sum(text.count(char) for char in ("\0", "\ufffd", *map(chr, _CONTROLS[1:])))
            return odd > 1 and odd > _ODD_SHARE * len(text)
    if b"\0" in sample:
        return True
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    return controls > 1 and controls > _CONTROL_SHARE * len(sample)


def looks_like_utf16(sample: bytes) -> bool:
    """Tell whether binary data may be UTF-16 without a byte order mark: half its bytes are 0."""
    half = len(sample) // 2
    evens, odds = sample[::2].count(0), sample[1::2].count(0)
    return half > 1 and max(evens, odds) > 0.6 * half and min(evens, odds) < 0.05 * half


def find_encoding(sample: bytes) -> Encoding:
    """Choose the encoding of a text by its beginning.

    Parameters
    ----------
    sample : bytes
        The beginning of the text, which may end inside a character.

    Returns
    -------
    Encoding
        The one of the byte order mark, if there is one. Else UTF-8, if the sample is valid
        UTF-8 but for a few bytes. Else what charset-normalizer takes the sample for.
    """
    for mark, codec, label in _BOMS:
        if sample.startswith(mark):
            return Encoding(codec, label, len(mark))
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    text = decoder.decode(sample)
    stray = len(_SURROGATE.findall(text))
    wide = sum(1 for _ in re.finditer("[^\0-\x7f]", text)) - stray
    runs = len(_STRAY_RUN.findall(text))
    few = stray <= _FEW or (stray <= _FEW_ALONE and stray <= _ALONE * runs)
    if few or stray <= wide or stray <= _FEW_SHARE * len(sample):
        return Encoding("utf-8", "UTF-8")
    return _guess(sample)


def _guess(sample: bytes) -> Encoding:
    """Let charset-normalizer guess; Windows-1252 where it has no better idea."""
    sample = sample[: sample.rfind(b"\n") + 1] or sample  # not to end inside a character
    logging.getLogger("charset_normalizer").setLevel(logging.CRITICAL)
    try:
        from charset_normalizer import from_bytes

        best = from_bytes(sample).best()
        codec = best.encoding if best else _FALLBACK
        codecs.getincrementaldecoder(codec)
    except Exception:
        codec = _FALLBACK
    if codec.startswith("utf"):  # these have a mark, or would have been found without a guess
        codec = _FALLBACK
    if sample.decode(codec, errors="replace") == sample.decode(_FALLBACK, errors="replace"):
        codec = _FALLBACK  # the usual name, where both read the same
    label = "Windows-1252" if codec == _FALLBACK else codec.replace("_", "-")
    return Encoding(codec, label, guessed=True)
