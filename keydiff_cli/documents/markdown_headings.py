"""The headings of Markdown, and what tells it from other texts."""

from __future__ import annotations

import re
from collections.abc import Iterable

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(\S.*?)(?:[ \t]+#+)?[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_UNDERLINE = re.compile(r" {0,3}(=+|-{3,})[ \t]*$")
_SIGNS = re.compile(
    r"^ {0,3}(?:[-*+]|\d{1,3}[.)])[ ]+\S|^ {0,3}(?:```|~~~)|\]\([^)\s]+\)|\*\*\S[^*\n]*\*\*"
    r"|^\|.*\|$|^>[ ]|`[^`\n]+`",
    re.MULTILINE,
)
_PROGRAM = re.compile(
    r"^#!|^import \w|^from \S+ import |^def \w+\(|^class \w+ ?[:({]|^export \w|^set -|^(?:fi|done)$"
    r"|^#include|[;{}]$|^[ \t]*[\w.]+ ?= ?\S|^[ \t]*(?:return|raise)\b|^[ \t]*\w+\(.*\)?$"
    r"|^[ \t]*(?:def|class|if|elif|else|for|while|with|try|except)\b.*:$"
    r"|^[ \t]*[a-z_][\w.-]*:(?: \S+)?$",
    re.MULTILINE,
)
# What is no text of a page: programs in fences, and comments.
_ASIDE = re.compile(
    r"^ {0,3}(```|~~~).*?(?:^ {0,3}\1|\Z)|<!--.{0,2000}?-->", re.MULTILINE | re.DOTALL
)
LONGEST = 1000  # characters of a line that may be a heading
_WINDOW = 64 * 1024  # characters that are looked at


def is_markdown(text: str) -> bool:
    """Tell whether a text is Markdown: it has headings that stand alone, and other signs of it.

    A program or a configuration with comments is none, which begin with "#", too.
    """
    text = text[:_WINDOW]
    lines = text.split("\n")
    found = headings(lines)
    alone = [
        line for line, _, _ in found if not "".join(lines[max(line - 2, 0) : line - 1]).strip()
    ]
    if not found or len(alone) < 0.7 * len(found):
        return False
    first = next((index for index, line in enumerate(lines, start=1) if line.strip()), 0)
    signs = len(_SIGNS.findall(text))
    begins = found[0][0] == first and len(found) > 1
    return (signs > 0 or begins) and 2 * len(_PROGRAM.findall(_ASIDE.sub("", text))) <= signs


class Headings:
    """Finds headings among lines that are given one after the other; those in programs are none.

    Source: CommonMark 0.31.2, sections 4.2, 4.3 and 4.5; an underlined heading has one line.
    """

    def __init__(self) -> None:
        self._number = 0  # of lines so far
        self._end = ""  # of what holds no headings: a program, or settings at the beginning
        self._paragraph = 0  # lines of the paragraph so far
        self._last = ""

    def take(self, line: str) -> tuple[int, str, int] | None:
        """Take the next line: the number of the line, the title and the level of a heading."""
        self._number += 1
        if self._end:
            if line.strip() and not line.strip().strip(self._end[0]) and self._end in line:
                self._end = ""
            return None
        if self._number == 1 and line.rstrip() == "---":
            self._end = "---"
        elif mark := _FENCE.match(line):
            self._end, self._paragraph = mark[1], 0
        elif len(line) > LONGEST or not line.strip() or line.startswith(("    ", "\t")):
            self._paragraph = 0
        elif heading := _HEADING.match(line):
            self._paragraph = 0
            return self._number, heading[2].strip(), len(heading[1])
        elif self._paragraph == 1 and (under := _UNDERLINE.match(line)):
            self._paragraph = 0
            return self._number - 1, self._last, 1 if under[1][0] == "=" else 2
        else:
            self._paragraph, self._last = self._paragraph + 1, line.strip()
        return None


def headings(lines: Iterable[str]) -> list[tuple[int, str, int]]:
    """The headings among lines: the number of the line, counted from 1, the title, the level."""
    finder = Headings()
    return [heading for line in lines if (heading := finder.take(line))]
