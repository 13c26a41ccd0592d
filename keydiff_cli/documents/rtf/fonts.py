"""The encodings that RTF knows by numbers."""

from __future__ import annotations

from keydiff_cli.documents.web.charset import known_codec

_CHARSETS = {
    **{77: "mac_roman", 128: "cp932", 129: "cp949", 130: "cp1361", 134: "gb18030", 136: "cp950"},
    **{161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257"},
    **{204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850"},
}
_PAGES = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850", "ansi": "cp1252"}


def charset_codec(number: int) -> str:
    """The codec of a font by its character set; empty where it is that of the document."""
    return _CHARSETS.get(number, "")


def page_codec(word: str, number: int | None) -> str:
    """The codec of a document by the word that says it, such as ``ansicpg`` with its number."""
    if word != "ansicpg":
        return _PAGES[word]
    return known_codec(f"cp{number}") or {10000: "mac_roman", 65001: "utf-8"}.get(
        number or 0, "cp1252"
    )
