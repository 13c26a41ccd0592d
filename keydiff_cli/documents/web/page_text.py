"""The text of a web page, as it is shown."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from keydiff_cli.documents.draft import Draft, one_line
from keydiff_cli.documents.flow import Flow
from keydiff_cli.documents.web.elements import (
    BLOCKS,
    FIELDS,
    HEADINGS,
    NOT_IN_HEADINGS,
    SKIPPED,
    VOID,
)

_MOST_CAUGHT = 1000  # parts of a title, and characters of each
_NOT_SHOWN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_BLANK = re.compile(r"[ \t\r\n\f\xa0]+")
_Attributes = dict[str, str | None]


class PageText(HTMLParser):
    """Takes a page in pieces, and writes its text to a draft.

    Nothing that the page refers to is fetched, and no script is run.

    Parameters
    ----------
    everything
        Also navigation, and what is hidden: for pages that have no other text.
    title
        Whether the title of the page is written.

    Attributes
    ----------
    title : str
        Of the page; empty until it was read.
    has_text : bool
        Whether there was any besides the title.
    """

    def __init__(self, draft: Draft, *, everything: bool = False, title: bool = True) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.has_text = False
        self._draft, self._everything, self._write_title = draft, everything, title
        self._flow = Flow(draft)
        self._waiting: list[str] = []
        self._size = 0
        self._skipped = ""  # the element whose text is not shown
        self._depth = 0  # elements of that name that are open within it
        self._lists: list[int | None] = []  # the next number of those that are open, if numbered
        self._heading = 0
        self._pre = 0
        self._caught: list[str] | None = None  # the text of the title
        self._raised = False  # whether what comes next is

    def add(self, text: str) -> None:
        """Take the next part of the page."""
        self._waiting.append(text)
        self._size += len(text)
        if self._size >= len(self.rawdata):  # what is incomplete is not looked at each time
            self._feed()

    def finish(self) -> None:
        """Take what was left incomplete, and write what is still open."""
        self._feed()
        rest, self.rawdata = self.rawdata, ""
        if rest and not rest.startswith("<") and not self.cdata_elem:
            self.handle_data(rest)
        self._flow.end_tables()

    def _feed(self) -> None:
        text = "".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if self._skipped:
            if not _ends(self._skipped, tag):
                self._depth += tag == self._skipped
                return
            self._skipped = ""
        if tag not in VOID and self._is_skipped(tag, values):
            self._skipped, self._depth = tag, 1
            return
        if tag in BLOCKS or tag in ("tr", "td", "th"):
            self._flow.end_block()
        if tag in NOT_IN_HEADINGS:  # one that was not ended
            self._heading = 0
        self._start(tag, values)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID and tag not in ("p", "div", "span", "li"):  # as browsers have it
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            self._depth -= tag == self._skipped
            if self._depth <= 0 or (self._skipped, tag) == ("option", "select"):
                self._skipped = ""
            return
        if tag == "title" and self._caught is not None:
            self._end_title()
        elif tag in BLOCKS or tag in ("td", "th"):
            self._flow.end_block()
        if tag in ("ul", "ol", "menu", "dir") and self._lists:
            self._lists.pop()
        elif tag in HEADINGS:
            self._heading = 0
        elif tag == "tr":
            self._flow.end_row()
        elif tag == "table":
            self._flow.end_table()
        elif tag == "pre":
            self._pre = max(self._pre - 1, 0)

    def handle_data(self, data: str) -> None:
        if self._caught is not None:
            if len(self._caught) < _MOST_CAUGHT:
                self._caught.append(data[:_MOST_CAUGHT])
        elif not self._skipped:
            self._text(data)

    def _text(self, data: str) -> None:
        if self._pre:
            self._flow.as_it_is()
        else:
            data = _BLANK.sub(" ", data)
            if data.startswith(" ") and self._flow.last_character in ("", " ", "\n"):
                data = data[1:]
        if not data:
            return
        if self._heading:
            self._flow.heading(self._heading)
        self.has_text = self.has_text or not data.isspace()
        self._flow.text(data, raised=self._raised)
        self._raised = False

    def _is_skipped(self, tag: str, values: _Attributes) -> bool:
        if tag in SKIPPED and not (tag == "noscript" and self._everything):
            return True
        if tag == "math" and values.get("alttext"):
            self._text(values["alttext"] or "")
            return True
        if tag == "option":
            return "selected" not in values
        if "headerlink" in (values.get("class") or "") or "katex-html" in (
            values.get("class") or ""
        ):
            return True
        if self._everything or tag in ("html", "body", "main"):
            return False
        if tag == "nav" or values.get("role") == "navigation":
            self._draft.leave_out("navigation")
            return True
        return "hidden" in values or bool(_NOT_SHOWN.search(values.get("style") or ""))

    def _start(self, tag: str, values: _Attributes) -> None:
        if tag in HEADINGS:
            self._heading = HEADINGS[tag]
        elif tag == "title" and not self.title:
            self._caught = []
        elif tag == "br":
            self._flow.line_break()
        elif tag in ("ul", "ol", "menu", "dir"):
            self._lists.append(_whole(values.get("start"), 1) if tag == "ol" else None)
        elif tag == "li":
            self._item()
        elif tag == "dd":
            self._flow.item("", 2)
        elif tag == "pre":
            self._pre += 1
        elif tag == "table":
            self._flow.begin_table()
        elif tag == "tr":
            self._flow.end_row()
        elif tag in ("td", "th"):
            self._flow.begin_cell(
                _whole(values.get("colspan"), 1), _whole(values.get("rowspan"), 1)
            )
        elif tag == "sup":
            self._raised = True
        elif tag == "img":
            self._picture(one_line(values.get("alt") or ""))
        elif tag == "input":
            self._input(values)

    def _item(self) -> None:
        number = self._lists[-1] if self._lists else None
        if number is not None:
            self._lists[-1] = number + 1
        self._flow.item("-" if number is None else f"{number}.", max(len(self._lists), 1))

    def _picture(self, text: str) -> None:
        if len(text) > 2:
            self._text(f"[Picture: {text}]")
        else:
            self._draft.leave_out("pictures")

    def _input(self, values: _Attributes) -> None:
        kind = (values.get("type") or "text").lower()
        if kind in ("checkbox", "radio"):
            self._text("[x] " if "checked" in values else "[ ] ")
        elif kind in FIELDS and (value := one_line(values.get("value") or "")):
            self._text(f" {value} ")

    def _end_title(self) -> None:
        self.title = one_line("".join(self._caught or []))
        self._caught = None
        if self.title and self._write_title:
            self._flow.text(f"Title: {self.title}")
            self._flow.end_block()


def _ends(skipped: str, tag: str) -> bool:
    """Tell whether an element that is not shown ends where another begins."""
    if skipped == "p":
        return tag in BLOCKS
    return skipped == "option" and tag in ("option", "optgroup")


def _whole(text: str | None, default: int) -> int:
    """A number from an attribute, of up to six digits."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else default
