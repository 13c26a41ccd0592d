"""A schema in few words, for a model: names, what is wanted under them, and of what kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from keydiff_cli.shapes.gbnf import written
from keydiff_cli.shapes.merged import Merged
from keydiff_cli.shapes.nodes import Nodes, Source
from keydiff_cli.shapes.refusal import ImpossibleError

_DEEP = 5  # levels that are shown
_MOST_VALUES = 20
_LONGEST = 2000  # characters with what is said of each part; a longer one goes without
_KINDS = {
    **{"object": "{...}", "array": "[...]", "string": "text", "number": "number"},
    **{"integer": "whole number", "boolean": "true or false", "null": "null"},
}
_FORMATS = {
    **{"date": "date as YYYY-MM-DD", "time": "time as HH:MM:SSZ"},
    **{"date-time": "date and time as YYYY-MM-DDTHH:MM:SSZ", "email": "mail address"},
    **{"uri": "web address"},
}


def describe(source: Source) -> str:
    """What JSON by a schema looks like."""
    full = _Describing(source, remarks=True).of((source.root,), _DEEP)
    if len(full) <= _LONGEST:
        return full
    return _Describing(source, remarks=False).of((source.root,), _DEEP)[:_LONGEST]


def words_of(schema: Any) -> str:
    """The words by which what a schema asks for is looked for: names, and what is said of them."""
    return " ".join(dict.fromkeys(_words(schema)))


class _Describing:
    def __init__(self, source: Source, *, remarks: bool) -> None:
        self._source = source
        self._remarks = remarks

    def of(self, nodes: Nodes, deep: int) -> str:
        """What values that satisfy some schemas look like."""
        merged = Merged(self._source.flat(nodes))
        remark = " ".join(str((merged.all("description") or [""])[-1]).split())
        return self._form(merged, deep) + (f" ({remark})" if remark and self._remarks else "")

    def _form(self, merged: Merged, deep: int) -> str:
        if (values := merged.values) is not None:
            shown = " or ".join(map(written, values[:_MOST_VALUES]))
            return f"{shown} or ..." if len(values) > _MOST_VALUES else shown
        for word in ("anyOf", "oneOf"):
            if (node := merged.first(word)) is not None and deep > 0:
                rest = tuple(n.without(word) if n is node else n for n in merged.nodes)
                return _either(self._possible((*rest, sub), deep - 1) for sub in node.subs(word))
        return _either(self._of_kind(kind, merged, deep) for kind in merged.types)

    def _of_kind(self, kind: str, merged: Merged, deep: int) -> str:
        if kind == "object" and deep > 0 and merged.names:
            required = set(merged.required)
            shown = []
            for name in merged.names:
                if form := self._possible(merged.under(name), deep - 1):
                    left_out = "" if name in required else " (or left out)"
                    shown.append(f"{written(name)}: {form}{left_out}")
            return "{" + ", ".join(shown) + "}"
        if kind == "array" and deep > 0 and (item := merged.first("items")) is not None:
            return f"[{self._possible((item.sub('items'),), deep - 1)}, ...]"
        if kind == "string":
            return next((_FORMATS[f] for f in merged.all("format") if f in _FORMATS), "text")
        return _KINDS[kind]

    def _possible(self, nodes: Nodes, deep: int) -> str:
        try:
            return self.of(nodes, deep)
        except ImpossibleError:
            return ""


def _either(forms: Iterator[str]) -> str:
    return " or ".join(dict.fromkeys(form for form in forms if form))


def _words(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for each in schema:
            yield from _words(each)
    if not isinstance(schema, dict):
        return
    for word, value in schema.items():
        if word in ("title", "description") and isinstance(value, str):
            yield from value.split()
        elif word == "properties" and isinstance(value, dict):
            for name, part in value.items():
                yield from re.findall(r"[A-Z]?[^\W_A-Z]+|[A-Z]+", name)
                yield from _words(part)
        else:
            yield from _words(value)
