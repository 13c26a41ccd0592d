"""A JSON Schema as a grammar, all of whose texts are valid by it.

Not all that is valid has to be in the grammar: an object has the properties that its schema names,
in that order, a text no more blanks than one behind a comma or colon, a number no exponent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keydiff_cli.shapes.alternatives import excludes
from keydiff_cli.shapes.gbnf import Rules, literal, written
from keydiff_cli.shapes.lists import list_body
from keydiff_cli.shapes.merged import Merged, require_types
from keydiff_cli.shapes.nodes import Node, Nodes, Source
from keydiff_cli.shapes.numbers import decimals, whole_numbers
from keydiff_cli.shapes.objects import object_body
from keydiff_cli.shapes.refusal import ImpossibleError, RefusedError
from keydiff_cli.shapes.strings import string_body

_MOST_RULES = 20_000
_NEVER = (
    *("not", "if", "then", "else", "dependentSchemas", "dependencies"),
    *("$dynamicRef", "$recursiveRef", "extends", "disallow"),
)
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")

Valid = Callable[[Any, Nodes], bool]
"""Whether a value satisfies some schemas."""


def grammar_of(source: Source, valid: Valid) -> str:
    """The grammar of a schema, in GBNF.

    Raises
    ------
    RefusedError
        If the schema has something that no grammar is made for, with its place; or if nothing
        satisfies it.
    """
    maker = Maker(source, valid)
    try:
        return maker.rules.text(maker.rule((source.root,)))
    except LookupError:
        raise RefusedError("#", "no value satisfies it") from None
    except RecursionError:
        raise RefusedError("#", "its parts are within each other too deep") from None


class Maker:
    """Makes the rules of the parts of a schema, one for each.

    Attributes
    ----------
    rules : Rules
        Those made so far.
    """

    def __init__(self, source: Source, valid: Valid) -> None:
        self.rules = Rules()
        self._source = source
        self._valid = valid
        self._names: dict[frozenset[tuple[str, ...]], str] = {}
        self._impossible: set[frozenset[tuple[str, ...]]] = set()
        self._open: list[frozenset[tuple[str, ...]]] = []  # alternatives that are being made

    def rule(self, nodes: Nodes, *, branched: bool = False) -> str:
        """The name of the rule of the values that satisfy some schemas.

        Parameters
        ----------
        branched
            Whether all but the last are of one schema, of which the last is an alternative.

        Raises
        ------
        ImpossibleError
            If none does.
        RefusedError
            As :func:`grammar_of`.
        """
        flat = self._source.flat(nodes)
        _require_seen(flat[1:] if branched or len(nodes) == 1 else flat)
        key = frozenset(node.key for node in flat)
        if key in self._open:
            raise RefusedError(Merged(flat).at, "it refers to itself")
        if key in self._impossible:
            raise ImpossibleError(Merged(flat).at)
        if key not in self._names:
            if len(self.rules) > _MOST_RULES:
                raise RefusedError("#", "it has too many combinations of its parts")
            self._names[key] = name = self.rules.reserve()
            try:
                self.rules.define(name, self._body(flat, key))
            except ImpossibleError:
                self._impossible.add(key)
                raise
        return self._names[key]

    def merged(self, nodes: Nodes) -> Merged:
        """Some schemas as one."""
        return Merged(self._source.flat(nodes))

    def _body(self, flat: Nodes, key: frozenset[tuple[str, ...]]) -> str:
        merged = Merged(flat)
        if (values := merged.values) is not None:
            found = [literal(written(each)) for each in values if self._valid(each, flat)]
            if not found:
                raise ImpossibleError(merged.at)
            return " | ".join(dict.fromkeys(found))
        for word in _NEVER:
            if (node := merged.first(word)) is not None:
                raise RefusedError(f"{node.at}/{word}", "this keyword has no grammar")
        for word in ("oneOf", "anyOf"):
            if (node := merged.first(word)) is not None:
                self._open.append(key)
                try:
                    return self._either(flat, node, word)
                finally:
                    self._open.pop()
        before, self._open = self._open, []
        try:
            return self._of_types(merged)
        finally:
            self._open = before

    def _either(self, flat: Nodes, node: Node, word: str) -> str:
        """The alternatives of a keyword."""
        rest = tuple(each.without(word) if each is node else each for each in flat)
        found: dict[str, tuple[Node, Merged]] = {}
        for branch in node.subs(word):
            try:
                name = self.rule((*rest, branch), branched=True)
            except ImpossibleError:
                continue
            merged = self.merged((*rest, branch))
            for other, before in found.values() if word == "oneOf" else ():
                apart = excludes(merged, before, self) and excludes(before, merged, self)
                if not apart:
                    raise RefusedError(
                        f"{node.at}/oneOf",
                        f"{other.at} and {branch.at} may be satisfied at once; write anyOf",
                    )
            found[name] = branch, merged
        if not found:
            raise ImpossibleError(f"{node.at}/{word}")
        return " | ".join(found)

    def _of_types(self, merged: Merged) -> str:
        found, impossible = [], None
        for kind in require_types(merged):
            try:
                found.append(self._of_type(kind, merged))
            except ImpossibleError as error:
                impossible = error
        if impossible is not None and not found:
            raise impossible
        return " | ".join(found)

    def _of_type(self, kind: str, merged: Merged) -> str:
        match kind:
            case "null":
                return '"null"'
            case "boolean":
                return '"true" | "false"'
            case "string":
                return string_body(merged, self.rules)
            case "array":
                return list_body(merged, self)
            case "object":
                return object_body(merged, self)
        return _number_body(merged, whole=kind == "integer")


def _require_seen(nodes: Nodes) -> None:
    """Refuse what speaks of properties that others have left, where these others do not show."""
    for node in nodes:
        if node.get("unevaluatedProperties") not in (None, True):
            raise RefusedError(
                f"{node.at}/unevaluatedProperties", "beside other schemas it has no grammar"
            )


def _number_body(merged: Merged, *, whole: bool) -> str:
    bounds = merged.bounds
    for node in merged.nodes:
        step = node.get("multipleOf")
        if step is not None and (step != 1 or not whole):
            raise RefusedError(f"{node.at}/multipleOf", "this keyword has no grammar")
    for word in () if whole else _BOUNDS:
        if any(bound % 1 for bound in merged.all(word)):
            node = merged.first(word) or merged.nodes[0]
            raise RefusedError(f"{node.at}/{word}", "a bound that is no whole number, of numbers")
    found = whole_numbers(bounds)
    if not whole:
        found += decimals(bounds)
    if not found:
        raise ImpossibleError(merged.at)
    return " | ".join(found)
