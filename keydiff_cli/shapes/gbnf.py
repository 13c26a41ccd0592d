"""Rules of a grammar in llama.cpp's notation, GBNF."""

from __future__ import annotations

import json
import re
from typing import Any

_MOST_AT_ONCE = 500  # repetitions that llama.cpp is asked for in one place; it limits them
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_NAME = re.compile(r'"(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\]|([a-z][a-z0-9-]*)')

SPACE = '" "?'
CHARACTER = (  # of a JSON string, as it is written
    '[^"\\\\\\x00-\\x1F\\x7F] | "\\\\" ["\\\\/bfnrt] | "\\\\u00" [01] [0-9a-fA-F]'
)


def literal(text: str) -> str:
    """A text as a terminal of a grammar."""
    return '"' + "".join(_ESCAPES.get(each, each) for each in text) + '"'


def written(value: Any) -> str:
    """A value in JSON, as the grammars have it."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def group(body: str) -> str:
    """A body of a rule, to stand among others."""
    return f"({body})"


class Rules:
    """The rules of a grammar, by their names."""

    def __init__(self) -> None:
        self._bodies: dict[str, str] = {}
        self._names: dict[str, str] = {}  # by their bodies

    def __len__(self) -> int:
        return len(self._bodies)

    def reserve(self) -> str:
        """The name of a rule that is still to be defined."""
        name = f"r{len(self._bodies)}"
        self._bodies[name] = ""
        return name

    def define(self, name: str, body: str) -> None:
        """Say what a rule is."""
        self._bodies[name] = body

    def add(self, body: str) -> str:
        """The name of a rule with this body, the same one for the same body."""
        if body not in self._names:
            self._names[body] = self.reserve()
            self.define(self._names[body], body)
        return self._names[body]

    def repeat(self, item: str, least: int, most: int | None) -> str:
        """An item so many times; ``most`` None for any number.

        Large numbers are put together from rules of some hundreds.
        """
        item = self.add(item)
        if max(least, most or 0) <= _MOST_AT_ONCE:
            return f"{item}{{{least},{'' if most is None else most}}}"
        many = self.add(f"{item}{{{_MOST_AT_ONCE}}}")
        parts = []
        if least:
            times, rest = divmod(least, _MOST_AT_ONCE)
            parts.append(f"{self.repeat(many, times, times)} {item}{{{rest}}}")
        if most is None:
            parts.append(f"{item}*")
        elif most > least:
            times, rest = divmod(most - least, _MOST_AT_ONCE)
            if times == 0:
                parts.append(f"{item}{{0,{rest}}}")
            else:  # fewer whole hundreds and a part of one, or all of them and the rest
                fewer = f"{self.repeat(many, 0, times - 1)} {item}{{0,{_MOST_AT_ONCE - 1}}}"
                parts.append(
                    group(f"{fewer} | {self.repeat(many, times, times)} {item}{{0,{rest}}}")
                )
        return " ".join(parts)

    def text(self, root: str) -> str:
        """The grammar whose start is a rule, with the rules that it needs.

        Raises
        ------
        LookupError
            If one of them is not defined.
        """
        lines, todo, known = [f"root ::= {root}"], [root], {root}
        while todo:
            name = todo.pop()
            body = self._bodies[name]
            if not body:
                raise LookupError(name)
            lines.append(f"{name} ::= {body}")
            for used in _NAME.findall(body):
                if used and used not in known:
                    known.add(used)
                    todo.append(used)
        return "\n".join(lines) + "\n"
