"""Bytes to text, over any cuts of the bytes."""

from __future__ import annotations

import codecs
import re

from keydiff_cli.documents.encoding import Encoding

_SURROGATE = re.compile("[\ud800-\udfff]")
_STRAY_TO_1252 = {
    0xDC00 + byte: bytes([byte]).decode("cp1252", errors="replace") for byte in range(0x80, 0x100)
}


class Decoder:
    """Decodes bytes cut anywhere; NULs are dropped.

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
        return text

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
