"""What the styles of OpenDocument say: titles, lists with numbers, what is hidden."""

from __future__ import annotations

from dataclasses import dataclass, field

from keydiff_cli.documents.xml_events import END, START, Event

_MOST_BASES = 20  # styles that a style may be based on, one on the other


@dataclass
class _Numbers:
    """How a level of a list is numbered; without a format its items have bullets."""

    format: str = ""
    prefix: str = ""
    suffix: str = ""
    start: int = 1


@dataclass
class OdfStyles:
    """The styles that came by so far.

    Attributes
    ----------
    hidden
        The names of those that hide a table or a slide.
    raised
        The names of those that raise text above the line.
    """

    hidden: set[str] = field(default_factory=set)
    raised: set[str] = field(default_factory=set)
    _bases: dict[str, str] = field(default_factory=dict)
    _lists: dict[str, dict[int, _Numbers]] = field(default_factory=dict)
    _current: str = ""

    def take(self, event: Event) -> None:
        """Take an element of the styles; others are passed over."""
        name, values = event.name, event.attributes
        if event.what == END and name in ("style:style", "text:list-style"):
            self._current = ""
        if event.what != START:
            return
        if name in ("style:style", "text:list-style"):
            self._current = values.get("style:name", "")
            if base := values.get("style:parent-style-name"):
                self._bases[self._current] = base
        elif self._current and name == "style:table-properties":
            if values.get("table:display") == "false":
                self.hidden.add(self._current)
        elif self._current and name == "style:text-properties":
            if values.get("style:text-position", "").startswith("super"):
                self.raised.add(self._current)
        elif self._current and name == "style:drawing-page-properties":
            if values.get("presentation:visibility") == "hidden":
                self.hidden.add(self._current)
        elif self._current and name == "text:list-level-style-number":
            level, start = values.get("text:level", "1"), values.get("text:start-value", "1")
            if level.isdecimal() and start.isdecimal():
                self._lists.setdefault(self._current, {})[int(level)] = _Numbers(
                    values.get("style:num-format", ""),
                    values.get("style:num-prefix", ""),
                    values.get("style:num-suffix", ""),
                    int(start),
                )

    def is_title(self, style: str) -> bool:
        """Tell whether a paragraph of a style is the title of the document."""
        for _ in range(_MOST_BASES):
            if style == "Title":
                return True
            style = self._bases.get(style, "")
        return False

    def mark(self, style: str, level: int, index: int) -> str:
        """What stands before an item of a list, the index counted from 0."""
        numbers = self._lists.get(style, {}).get(level)
        if numbers is None or not numbers.format:
            return "-"
        count = numbers.start + index
        if numbers.format in ("a", "A") and 0 < count <= 26:
            shown = chr(ord(numbers.format) + count - 1)
        else:
            shown = str(count)
        return f"{numbers.prefix}{shown}{numbers.suffix}"
