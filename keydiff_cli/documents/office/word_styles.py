"""The styles of Word that make a paragraph a heading or number it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from keydiff_cli.documents.xml_events import END, START
from keydiff_cli.documents.zipped import Archive

_HEADING = re.compile(r"heading (\d)")
_MOST_BASES = 20  # styles that a style may be based on, one on the other


@dataclass
class Style:
    """What a style says of its paragraphs.

    Attributes
    ----------
    level
        Of the heading, 1 to 9; 0 for what is no heading, None where the style it is based on says.
    number
        The identifier of the numbering; None where the style it is based on says.
    depth
        The level in the numbering, counted from 0.
    """

    base: str = ""
    level: int | None = None
    number: str | None = None
    depth: int = 0


class Styles:
    """The paragraph styles of a document."""

    def __init__(self, archive: Archive, part: str) -> None:
        self._styles: dict[str, Style] = {}
        current: Style | None = None
        for event in archive.events(part):
            value = event.attributes.get("w:val", "")
            if event.what == END and event.name == "w:style":
                current = None
            elif event.what != START:
                continue
            elif event.name == "w:style":
                current = self._styles.setdefault(event.attributes.get("w:styleId", ""), Style())
            elif current:
                _set(current, event.name, value)

    def of(self, identifier: str) -> Style:
        """A style, with what it takes from those it is based on."""
        found = Style(level=None)
        for _ in range(_MOST_BASES):
            style = self._styles.get(identifier)
            if style is None:
                break
            if found.level is None:
                found.level = style.level
            if found.number is None and style.number is not None:
                found.number, found.depth = style.number, style.depth
            identifier = style.base
        return found


def _set(style: Style, name: str, value: str) -> None:
    if name == "w:basedOn":
        style.base = value
    elif name == "w:name":
        heading = _HEADING.match(value.lower())
        if heading or value.lower() == "title":
            style.level = int(heading[1]) if heading else 1
    elif name == "w:outlineLvl" and value.isdecimal():
        style.level = int(value) + 1 if int(value) < 9 else 0
    elif name == "w:numId":
        style.number = value
    elif name == "w:ilvl" and value.isdecimal():
        style.depth = int(value)
