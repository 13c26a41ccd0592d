"""Texts of a grammar in GBNF, as they come by chance."""

from __future__ import annotations

import random
import re
from typing import Any

_PARTS = re.compile(
    r'\s*(?:("(?:[^"\\]|\\.)*")|(\[(?:[^\]\\]|\\.)*\])|([a-z][a-z0-9-]*)|([()|])|([*+?]|\{[\d,]+\}))'
)
_CODE = re.compile(r"\\(?:U([0-9A-F]{8})|x([0-9A-F]{2})|(.))|(.)", re.DOTALL)
_LONG = 6  # repetitions, where any number is allowed


class Texts:
    """Makes texts of a grammar.

    Long ones are ended where the grammar has a shorter way, by taking as few as it can.
    """

    def __init__(self, grammar: str, seed: int = 0) -> None:
        rules = dict(line.split(" ::= ", 1) for line in grammar.splitlines())
        self._rules = {name: _parsed(body) for name, body in rules.items()}
        self._random = random.Random(seed)
        self._least: dict[str, float] = dict.fromkeys(self._rules, float("inf"))
        for _ in self._rules:
            for name, body in self._rules.items():
                self._least[name] = min(self._least[name], 1 + self._depth(body))

    def make(self, deep: int = 12) -> str:
        """A text."""
        return self._make(("rule", "root"), deep)

    def _depth(self, part: Any) -> float:
        kind, *rest = part
        if kind == "rule":
            return self._least[rest[0]]
        if kind == "any":
            return min(map(self._depth, rest[0]))
        if kind == "all":
            return max(map(self._depth, rest[0]), default=0)
        return self._depth(rest[0]) if kind == "times" and rest[1] else 0

    def _make(self, part: Any, deep: int) -> str:
        kind, *rest = part
        if kind == "text":
            return str(rest[0])
        if kind == "set":
            return chr(self._random.choice(rest[0]))
        if kind == "rule":
            return self._make(self._rules[rest[0]], deep - 1)
        if kind == "all":
            return "".join(self._make(each, deep) for each in rest[0])
        if kind == "any":
            least = min(map(self._depth, rest[0]))
            known = [each for each in rest[0] if deep > 0 or self._depth(each) == least]
            return self._make(self._random.choice(known), deep)
        item, low, high = rest
        count = low if deep <= 0 else self._random.randint(low, min(high, low + _LONG))
        return "".join(self._make(item, deep) for _ in range(count))


def _parsed(body: str) -> Any:
    tokens = [match.groups() for match in _PARTS.finditer(body)]
    assert "".join(filter(None, (each for token in tokens for each in token))) == "".join(
        re.sub(r'("(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\])|\s', r"\1", body)
    )
    part, rest = _either(tokens)
    assert not rest, body
    return part


def _either(tokens: list[Any]) -> tuple[Any, list[Any]]:
    found, items = [], []
    while tokens and tokens[0][3] != ")":
        (text, chars, rule, sign, times), *tokens = tokens
        if sign == "|":
            found.append(("all", items))
            items = []
        elif sign == "(":
            inner, tokens = _either(tokens)
            items.append(inner)
            tokens = tokens[1:]
        elif times:
            items[-1] = ("times", items[-1], *_times(times))
        elif text is not None:
            items.append(("text", "".join(map(chr, _codes(text[1:-1])))))
        elif chars is not None:
            items.append(("set", _members(chars[1:-1])))
        else:
            items.append(("rule", rule))
    return ("any", [*found, ("all", items)]), tokens


def _times(times: str) -> tuple[int, int]:
    usual = {"*": (0, 10**6), "+": (1, 10**6), "?": (0, 1)}
    if times in usual:
        return usual[times]
    low, _, high = times[1:-1].partition(",")
    return int(low), int(high) if high else (10**6 if "," in times else int(low))


def _codes(text: str) -> list[int]:
    names = {"n": "\n", "r": "\r", "t": "\t"}
    return [
        int(long or short, 16) if long or short else ord(names.get(sign, sign) if sign else plain)
        for long, short, sign, plain in _CODE.findall(text)
    ]


def _members(text: str) -> list[int]:
    """Some of the characters of a set: the ends of its ranges, and some between."""
    inverted = text.startswith("^")
    found: list[int] = []
    parts = re.findall(
        r"(\\U[0-9A-F]{8}|\\x[0-9A-F]{2}|\\.|[^\\])(?:-(\\U[0-9A-F]{8}|\\x[0-9A-F]{2}|\\.|[^\\]))?",
        text[inverted:],
    )
    for first, last in parts:
        [low] = _codes(first)
        [high] = _codes(last or first)
        found += range(low, high + 1) if inverted or high - low < 100 else [low, low + 1, high]
    if inverted:
        return [each for each in (*range(0x180), 0x4E2D, 0x1F600) if each not in found]
    return found
