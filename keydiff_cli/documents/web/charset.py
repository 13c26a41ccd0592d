"""The encoding of a web page: as its bytes or the page itself say, or else a guess."""

from __future__ import annotations

import codecs
import re

from keydiff_cli.documents.encoding import Encoding, find_encoding

_DECLARED = re.compile(
    rb"""<meta\s[^>]{0,300}?charset\s*=\s*["']?\s*([\w:.-]{1,40})"""
    rb"""|^\s*<\?xml\s[^>]{0,100}?encoding\s*=\s*["']([\w:.-]{1,40})""",
    re.IGNORECASE,
)
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_WINDOW = 16 * 1024  # bytes in which a declaration is looked for
# What browsers read under a name; source: the Encoding Standard of the WHATWG, section 4.2.
_AS_BROWSERS = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "tis-620": "cp874",
    "utf-16": "utf-8",  # a page whose declaration can be read is in no UTF-16
    "utf-16-le": "utf-8",
    "utf-16-be": "utf-8",
}


def page_encoding(sample: bytes, declared: str = "") -> Encoding:
    """Choose the encoding of a page.

    Parameters
    ----------
    sample
        The beginning of the page.
    declared
        What was said of it from outside, such as in the header of a mail; may be empty.
    """
    if not sample.startswith(_MARKS):
        if match := _DECLARED.search(sample, 0, _WINDOW):
            declared = declared or (match[1] or match[2]).decode("ascii", "replace")
        if codec := known_codec(declared):
            return Encoding(codec, declared)
    return any_encoding(sample)


def any_encoding(sample: bytes) -> Encoding:
    """The encoding of bytes that are a text, whatever they look like."""
    return find_encoding(sample) or Encoding("utf-8", "UTF-8")


def known_codec(name: str) -> str:
    """The codec that browsers use for a name; empty where there is none."""
    try:
        info = codecs.lookup(name.strip())
        codecs.getincrementaldecoder(info.name)
    except (LookupError, ValueError):
        return ""
    if not getattr(info, "_is_text_encoding", True) or info.name in ("idna", "punycode", "utf-7"):
        return ""
    return _AS_BROWSERS.get(info.name, info.name)
