"""Form fields of Word documents whose value is in their properties, and in no text."""

from __future__ import annotations

OFF = ("0", "false", "off")
PROPERTIES = frozenset(
    ("w:checkBox", "w:checked", "w:default", "w:ddList", "w:result", "w:listEntry")
)


class FormField:
    """A box to tick, or a list to choose from.

    Source: ECMA-376, part 1, sections 17.16.7 (checkBox) and 17.16.9 (ddList).

    Attributes
    ----------
    has_text : bool
        Whether the document has the value as text besides, as some programs write it.
    """

    def __init__(self) -> None:
        self.has_text = False
        self._values: dict[str, str] = {}
        self._entries: list[str] = []

    def take(self, name: str, value: str | None) -> None:
        """Take one of its ``PROPERTIES``, with its value if it has one."""
        if name == "w:listEntry":
            self._entries.append(value or "")
        else:
            self._values[name] = "1" if value is None else value

    @property
    def text(self) -> str:
        """What is shown of it: a box, or the entry that is chosen; nothing of other fields."""
        default = self._values.get("w:default", "0")
        if "w:checkBox" in self._values:
            return "☐" if self._values.get("w:checked", default) in OFF else "☒"
        chosen = self._values.get("w:result", default)
        index = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 7 else 0
        return self._entries[index] if index < len(self._entries) else ""
