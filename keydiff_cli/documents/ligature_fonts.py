"""Fonts of a PDF's page whose ligatures PDFium loses.

PDFium draws a font that is not in the PDF with another one, and forgets a glyph that this one lacks
if it is drawn on its own. Such are the ligatures ff, ffi and ffl, where the encoding names them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypdf import PageObject

_LIGATURES = {"/ff", "/ffi", "/ffl"}
_SIMPLE = ("/Type1", "/TrueType", "/MMType1")


class LigatureFonts:
    """Looks at each font once."""

    def __init__(self) -> None:
        self._known: dict[int, bool] = {}

    def are_on(self, page: PageObject) -> bool:
        """Tell whether a page has such a font.

        Raises
        ------
        Exception
            Of any kind that pypdf raises, if the fonts are damaged or there are none.
        """
        resources: Any = page["/Resources"]
        fonts: Any = resources["/Font"]
        return any(self._loses(fonts.raw_get(name)) for name in fonts)

    def _loses(self, font: Any) -> bool:
        number = getattr(font, "idnum", None)
        if number is None:
            return _loses(font)
        if number not in self._known:
            self._known[number] = _loses(font.get_object())
        return self._known[number]


def _loses(font: Any) -> bool:
    """Tell whether a font is not in the PDF and names ligatures."""
    if font.get("/Subtype") not in _SIMPLE or "/Encoding" not in font:
        return False
    if "/FontDescriptor" in font and any(
        key.startswith("/FontFile") for key in font["/FontDescriptor"]
    ):
        return False
    encoding = font["/Encoding"]
    if not isinstance(encoding, dict) or "/Differences" not in encoding:
        return False
    return any(name in _LIGATURES for name in encoding["/Differences"])
