"""Sets of characters of a regular expression, as JSON has them within a string."""

from __future__ import annotations

from dataclasses import dataclass

from keydiff_cli.shapes.gbnf import group, literal

Ranges = tuple[tuple[int, int], ...]  # first and last character of each, by their numbers

_LAST = 0x10FFFF
_UNWRITTEN = ((0, 0x1F), (0x7F, 0x7F), (0xD800, 0xDFFF))  # beside those that have an escape
_ESCAPED = {0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0C: "\\f", 0x0D: "\\r"}
_QUOTED = {0x22: '\\"', 0x5C: "\\\\"}
_DIGITS = ((0x30, 0x39),)
_WORD = (*_DIGITS, (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE = ((0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20))
_SPACES = (  # all that Unicode knows
    *((0x09, 0x0D), (0x1C, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680)),
    *((0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000)),
)


@dataclass(frozen=True)
class Characters:
    """Some characters: those of ranges.

    Which characters ``\\d`` and the like stand for differs between languages; these are some that
    they stand for in all of them.
    """

    ranges: Ranges

    @classmethod
    def of(cls, text: str) -> Characters:
        """The characters of a text."""
        return cls(tuple((ord(each), ord(each)) for each in text))

    def __or__(self, others: Characters) -> Characters:
        return Characters(self.ranges + others.ranges)

    def __invert__(self) -> Characters:
        """All others that can be written."""
        found, start = [], 0
        for first, last in sorted(self.ranges + _UNWRITTEN):
            if start < first:
                found.append((start, first - 1))
            start = max(start, last + 1)
        if start <= _LAST:
            found.append((start, _LAST))
        return Characters(tuple(found))

    @property
    def grammar(self) -> str:
        """One of them, as JSON has it within a string; empty if none can be written."""
        escaped = {**_ESCAPED, **_QUOTED}
        others = [literal(escaped[each]) for each in escaped if self._has(each)]
        plain = ~(~self | Characters.of('"\\'))
        if plain.ranges:
            others.insert(0, "[" + "".join(map(_range, plain.ranges)) + "]")
        return others[0] if len(others) == 1 else group(" | ".join(others)) if others else ""

    def _has(self, character: int) -> bool:
        return any(first <= character <= last for first, last in self.ranges)


def _range(ends: tuple[int, int]) -> str:
    first, last = (f"\\U{each:08X}" for each in ends)
    return first if first == last else f"{first}-{last}"


DIGIT, WORD, SPACE = Characters(_DIGITS), Characters(_WORD), Characters(_SPACE)
ANY = ~Characters.of("\n")
BEYOND_ASCII = Characters(((0x80, _LAST),))
NO_DIGIT, NO_WORD = ~(DIGIT | BEYOND_ASCII), ~(WORD | BEYOND_ASCII)
NO_SPACE = ~Characters(_SPACES)
