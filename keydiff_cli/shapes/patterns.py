"""Regular expressions as grammars of what JSON has within a string."""

from __future__ import annotations

import re
from collections.abc import Callable

from keydiff_cli.shapes.characters import (
    ANY,
    BEYOND_ASCII,
    DIGIT,
    NO_DIGIT,
    NO_SPACE,
    NO_WORD,
    SPACE,
    WORD,
    Characters,
)
from keydiff_cli.shapes.gbnf import Rules, group

_CLASSES = {"d": DIGIT, "D": NO_DIGIT, "w": WORD, "W": NO_WORD, "s": SPACE, "S": NO_SPACE}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}
_TIMES = re.compile(r"\{(\d*)(,?)(\d*)\}")
_CODE = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})")
_GROUP = re.compile(r"\(\?(?::|P<\w+>)")


class PatternError(ValueError):
    """A regular expression has something that has no grammar."""


def pattern_grammar(pattern: str, rules: Rules) -> str:
    """The grammar of strings in which a pattern is found, without their quotes.

    Raises
    ------
    PatternError
        If there is none; its message says why.
    """
    try:
        re.compile(pattern)
    except re.error as error:
        raise PatternError(f"it is no regular expression: {error}") from None
    parser = _Parser(pattern, rules)
    body = parser.alternatives(top=True)
    if parser.at < len(pattern):
        raise PatternError("its brackets do not match")
    return group(body)


class _Parser:
    """Reads a regular expression from left to right."""

    def __init__(self, pattern: str, rules: Rules) -> None:
        self._pattern = pattern
        self._rules = rules
        self.at = 0

    def alternatives(self, *, top: bool = False) -> str:
        found = [self._sequence(top=top)]
        while self._take("|"):
            found.append(self._sequence(top=top))
        return " | ".join(found)

    def _sequence(self, *, top: bool) -> str:
        anything = f"{ANY.grammar}*"
        parts = [] if not top or self._take("^") else [anything]
        ended = False
        while self._next not in ("", "|", ")"):
            if ended or self._next == "^":
                raise PatternError("'^' and '$' are within it")
            if top and self._take("$"):
                ended = True
                continue
            parts.append(self._repeated(self._item()))
        if top and not ended:
            parts.append(anything)
        return " ".join(parts) or '""'

    def _item(self) -> str:
        if self._take("("):
            return self._group()
        if self._take("["):
            return self._written(self._set())
        if self._take("."):
            return self._written(ANY)
        if self._take("\\"):
            return self._written(self._escaped())
        if self._next in "*+?$":
            raise PatternError(f"'{self._next}' has no meaning here")
        return self._written(Characters.of(self._read()))

    def _group(self) -> str:
        if self._next == "?":
            start = _GROUP.match(self._pattern, self.at - 1)
            if start is None:
                raise PatternError("'(?' looks around, or changes how it is read")
            self.at = start.end()
        body = self.alternatives()
        if not self._take(")"):
            raise PatternError("its brackets do not match")
        return group(body)

    def _repeated(self, item: str) -> str:
        """An item with the times behind it, also those that are as few as possible."""
        for sign in "*+?":
            if self._take(sign):
                self._take("?")
                self._refuse(lambda: self._next in ("+", "*", "{"), "it is repeated twice")
                return f"{self._rules.add(item)}{sign}"
        times = _TIMES.match(self._pattern, self.at)
        if times is None or not (times[1] or times[3]):
            return item
        self.at = times.end()
        self._take("?")
        least, most = int(times[1] or 0), int(times[3]) if times[3] else None
        return self._rules.repeat(item, least, most if times[2] else least)

    def _set(self) -> Characters:
        inverted, found, begin = self._take("^"), Characters(()), self.at
        while self.at == begin or self._next != "]":
            start = self._member()
            if self._next == "-" and self._pattern[self.at + 1 : self.at + 2] != "]":
                self._read()
                (low, _), (high, _) = start.ranges[0], self._member().ranges[0]
                start = Characters(((low, high),))
            found |= start
        if inverted and re.search(r"\\[dDwWsS]", self._pattern[begin : self.at]):
            found |= BEYOND_ASCII  # where languages differ in what these stand for
        self._read()
        return ~found if inverted else found

    def _member(self) -> Characters:
        return self._escaped() if self._take("\\") else Characters.of(self._read())

    def _escaped(self) -> Characters:
        if code := _CODE.match(self._pattern, self.at):
            self.at = code.end()
            return Characters.of(chr(int(code[1] or code[2], 16)))
        sign = self._read()
        if sign in _CLASSES:
            return _CLASSES[sign]
        if sign in _CONTROLS:
            return Characters.of(_CONTROLS[sign])
        self._refuse(lambda: sign.isalnum(), f"'\\{sign}' has no grammar")
        return Characters.of(sign)

    def _written(self, characters: Characters) -> str:
        grammar = characters.grammar
        self._refuse(lambda: not grammar, "it needs a character that JSON cannot write plainly")
        return grammar

    @staticmethod
    def _refuse(wrong: Callable[[], bool], why: str) -> None:
        if wrong():
            raise PatternError(why)

    @property
    def _next(self) -> str:
        return self._pattern[self.at : self.at + 1]

    def _take(self, sign: str) -> bool:
        taken = self._next == sign
        self.at += taken
        return taken

    def _read(self) -> str:
        sign = self._next
        self.at += 1
        return sign
