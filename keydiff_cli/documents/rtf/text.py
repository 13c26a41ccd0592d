"""The text of RTF, word by word."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from keydiff_cli.documents.draft import Draft, one_line
from keydiff_cli.documents.flow import Flow
from keydiff_cli.documents.rtf.fonts import charset_codec, page_codec
from keydiff_cli.documents.rtf.tokens import Token
from keydiff_cli.documents.rtf.words import CHARACTERS, SKIPPED, STARRED

_DEEPEST = 2000  # groups that are open, one in the other
_LONGEST = 16 << 20  # characters of a note, header or footer
_ASIDE = {"footnote": "Footnote", "annotation": "Comment", "atnauthor": ""}
_MARGINS = {
    **dict.fromkeys(("header", "headerl", "headerr", "headerf"), "Header"),
    **dict.fromkeys(("footer", "footerl", "footerr", "footerf"), "Footer"),
}
_HEADING = re.compile(r"heading (\d)")


@dataclass(frozen=True)
class _Group:
    """What holds in a group, and ends with it."""

    kind: str = ""  # fonttbl, stylesheet, an aside or a margin; empty for the body
    skipped: bool = False
    hidden: str = ""  # what its text is left out as
    codec: str = ""
    unicode_skip: int = 1
    raised: bool = False


class RichText:
    """Takes the words of a rich text one after the other, and writes its text to a draft.

    Raises
    ------
    ValueError
        Where it is taken: if groups are nested too deep, or a note has no end.
    """

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._flow = Flow(draft)
        self._group = _Group()
        self._groups: list[_Group] = []
        self._codec = "cp1252"
        self._fonts: dict[int, str] = {}
        self._font = 0  # whose entry is being read
        self._levels: dict[int, int] = {}  # of the headings, by the number of their style
        self._style = 0
        self._bytes = b""
        self._to_skip = 0  # characters that stand for one that was given as a number
        self._surrogate = ""
        self._starred = self._begins = False
        self._in_table = self._table = self._cell = False
        self._level = 0
        self._aside: list[str] = []
        self._size = 0  # characters in it
        self._count = 0  # of footnotes
        self._author = ""
        self._margins: set[str] = set()

    def take(self, token: Token) -> None:
        """Take the next word."""
        if token.word == "" and token.data:
            self._take_bytes(token.data)
            return
        self._flush()
        if token.word == "{":
            if len(self._groups) >= _DEEPEST:
                raise ValueError(f"its groups are nested more than {_DEEPEST:,} deep")
            self._groups.append(self._group)
            self._begins = True
            self._to_skip = 0
            return
        if token.word == "}":
            self._end_group()
            return
        if token.word == "*":
            self._starred = self._begins
            return
        if self._to_skip and not self._group.skipped:
            self._to_skip -= 1
        else:
            self._word(token.word, token.number)
        self._starred = self._begins = False

    def end(self) -> None:
        """Write what is still open."""
        self._flush()
        self._end_paragraph()
        self._flow.end_tables()

    def _end_group(self) -> None:
        kind = self._group.kind
        self._group = self._groups.pop() if self._groups else _Group()
        self._starred = self._begins = False
        self._to_skip = 0
        if kind and kind != self._group.kind and (kind in _ASIDE or kind in _MARGINS):
            self._end_aside(kind)

    def _end_aside(self, kind: str) -> None:
        text = one_line("".join(self._aside))
        self._aside.clear()
        if kind == "atnauthor":
            self._author = text
        elif kind in _MARGINS:
            line = f"[{_MARGINS[kind]}: {text}]"
            if text.strip("0123456789 ") and line not in self._margins:
                self._margins.add(line)
                self._flow.after(line)
        elif text and kind == "footnote":
            self._count += 1
            self._flow.text(f"[{self._count}]")
            self._flow.after(f"[Footnote {self._count}: {text}]")
        elif text:
            by = f" by {self._author}" if self._author else ""
            self._flow.after(f"[Comment{by}: {text}]")
            self._author = ""

    def _word(self, word: str, number: int | None) -> None:
        if self._begins and self._begin_group(word):
            return
        if self._group.skipped:
            return
        kind = self._group.kind
        if word == "u" and number is not None:
            self._unicode(number)
        elif word == "uc":
            self._group = replace(self._group, unicode_skip=max(0, min(number or 0, 10)))
        elif word in ("ansi", "mac", "pc", "pca", "ansicpg"):
            self._codec = page_codec(word, number)
        elif word == "f":
            self._font = number or 0
            self._group = replace(self._group, codec=self._fonts.get(self._font, ""))
        elif word == "fcharset" and kind == "fonttbl":
            self._fonts[self._font] = charset_codec(number or 0)
        elif word in ("s", "outlinelevel"):
            self._heading(word, number or 0)
        elif word in CHARACTERS:
            self._text(CHARACTERS[word])
        elif word in ("v", "deleted"):
            hidden = "hidden passages" if word == "v" else "deleted passages"
            self._group = replace(self._group, hidden="" if number == 0 else hidden)
        elif word in ("super", "nosupersub", "sub"):
            self._group = replace(self._group, raised=word == "super" and number != 0)
        elif word == "plain":
            self._group = replace(self._group, hidden="", codec="", raised=False)
        elif kind:
            if word in ("par", "line", "cell", "sect"):
                self._text(" ")
        else:
            self._layout(word)

    def _begin_group(self, word: str) -> bool:
        """See what a group is by its first word; whether that was all of the word."""
        if self._group.skipped:
            return False
        if word in ("fonttbl", "stylesheet"):
            self._group = replace(self._group, kind=word)
        elif word in _ASIDE or word in _MARGINS:
            self._aside, self._size = [], 0
            self._group = replace(self._group, kind=word, hidden="")
        elif word in SKIPPED or (self._starred and word not in STARRED):
            self._group = replace(self._group, skipped=True)
            if what := SKIPPED.get(word):
                self._draft.leave_out(what)
        else:
            return False
        return True

    def _heading(self, word: str, number: int) -> None:
        level = number + 1 if number < 9 else 0
        if self._group.kind == "stylesheet":
            if word == "s":
                self._style = number
            else:
                self._levels[self._style] = level
        elif not self._group.kind:
            self._level = self._levels.get(number, 0) if word == "s" else level

    def _layout(self, word: str) -> None:
        if word == "par" or word == "sect" or word == "page":
            self._end_paragraph()
        elif word == "line":
            self._flow.line_break()
        elif word == "pard":
            self._in_table, self._level = False, 0
        elif word == "intbl":
            self._in_table = True
        elif word in ("cell", "nestcell"):
            self._begin_cell()
            self._end_paragraph()
            self._cell = False
        elif word in ("row", "nestrow"):
            self._flow.end_row()
            self._cell = False

    def _begin_cell(self) -> None:
        if not self._table:
            self._flow.begin_table()
            self._table = True
        if not self._cell:
            self._flow.begin_cell()
            self._cell = True

    def _end_paragraph(self) -> None:
        if self._level and not self._table:
            self._flow.heading(self._level)
        self._flow.end_block()

    def _unicode(self, number: int) -> None:
        self._to_skip = self._group.unicode_skip
        char = chr(number % 0x10000)
        if "\ud800" <= char < "\udc00":
            self._surrogate = char
            return
        if self._surrogate and "\udc00" <= char < "\ue000":
            pair = (self._surrogate + char).encode("utf-16-le", "surrogatepass")
            char = pair.decode("utf-16-le")
        self._surrogate = ""
        self._text(char)

    def _take_bytes(self, data: bytes) -> None:
        self._starred = self._begins = False
        if self._group.skipped:
            return
        skip = min(self._to_skip, len(data))
        self._to_skip -= skip
        self._bytes += data[skip:]
        if len(self._bytes) > 1 << 16:
            self._flush()

    def _flush(self) -> None:
        if self._bytes:
            data, self._bytes = self._bytes, b""
            self._text(data.decode(self._group.codec or self._codec, "replace"))

    def _text(self, text: str) -> None:
        kind = self._group.kind
        if self._group.hidden and not kind:
            if text.strip():
                self._draft.leave_out(self._group.hidden)
        elif kind == "stylesheet":
            if heading := _HEADING.match(text.lower()):
                self._levels[self._style] = int(heading[1])
        elif kind in _ASIDE or kind in _MARGINS:
            self._size += len(text)
            if self._size > _LONGEST:
                raise ValueError(f"a note in it has more than {_LONGEST:,} characters")
            self._aside.append(text)
        elif not kind:
            self._body_text(text)

    def _body_text(self, text: str) -> None:
        if self._in_table:
            self._begin_cell()
        elif self._table and text.strip():
            self._flow.end_table()
            self._table = self._cell = False
        self._flow.text(text, raised=self._group.raised)
