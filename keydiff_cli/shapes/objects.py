"""Objects of a JSON Schema, as a grammar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keydiff_cli.shapes.gbnf import CHARACTER, SPACE, literal, written
from keydiff_cli.shapes.merged import Merged
from keydiff_cli.shapes.nodes import Node, Nodes
from keydiff_cli.shapes.patterns import PatternError, pattern_grammar
from keydiff_cli.shapes.refusal import ImpossibleError, RefusedError

if TYPE_CHECKING:
    from keydiff_cli.shapes.grammar import Maker

_COLON = f'":" {SPACE}'
_COMMA = f'"," {SPACE}'


def object_body(merged: Merged, maker: Maker) -> str:
    """The body of the rule of objects.

    It has the properties that are named, in their order; where none is, any that are allowed.

    Raises
    ------
    ImpossibleError
        If a required property cannot be there.
    RefusedError
        If a keyword has no grammar.
    """
    _require_known(merged)
    required = set(merged.required)
    properties: dict[str, str] = {}  # their rules
    for name in merged.names:
        try:
            value = maker.rule(merged.under(name))
        except ImpossibleError:
            if name in required:
                raise
            continue
        properties[name] = maker.rules.add(f"{literal(written(name))} {_COLON} {value}")
    if not merged.names:
        return _open_body(merged, maker)
    if not properties:
        _require_count(merged, 0, 0, 0)
        return '"{}"'
    least = _require_count(merged, len(required), len(properties), len(required) or 1)
    return f'"{{" {_named(properties, required, maker, empty=least == 0)} "}}"'


def _named(properties: dict[str, str], required: set[str], maker: Maker, *, empty: bool) -> str:
    """The properties in their order, with commas between those that are there.

    A rule for each is what may follow when something is before it, or nothing.
    """
    names = list(properties)
    after = first = ""
    for name in reversed(names):
        pair = properties[name]
        follows = f"{_COMMA} {pair} {after}".strip()
        begins = f"{pair} {after}".strip()
        if name in required:
            after, first = maker.rules.add(follows), maker.rules.add(begins)
        else:
            after = maker.rules.add(f"{follows} | {after}" if after else f"({follows})?")
            first = maker.rules.add(f"{begins} | {first}") if first else maker.rules.add(begins)
    return first if required or not empty else f"({first})?"


def _open_body(merged: Merged, maker: Maker) -> str:
    """Any properties: those of a pattern if there is one, or whatever is allowed."""
    patterned = [node for node in merged.nodes if node.get("patternProperties")]
    key, values = f'"\\"" {maker.rules.repeat(CHARACTER, 0, None)} "\\""', merged.others
    if patterned:
        node = patterned[0]
        at = f"{node.at}/patternProperties"
        if len(patterned) > 1 or len(node.schema["patternProperties"]) > 1:
            raise RefusedError(at, "names of two patterns have no grammar")
        [pattern] = node.schema["patternProperties"]
        try:
            key = f'"\\"" {pattern_grammar(pattern, maker.rules)} "\\""'
        except PatternError as error:
            raise RefusedError(f"{at}: {pattern}", str(error)) from None
        values = (*_others_beside(merged, node), node.sub("patternProperties", pattern))
    least, most = merged.least("minProperties"), merged.most("maxProperties")
    if least > 1:
        raise _refused(merged, "minProperties", "names may come twice, so it has no grammar")
    try:
        pair = f"{key} {_COLON} {maker.rule(values)}" if most != 0 else ""
    except ImpossibleError:
        pair = ""
    if not pair:
        if least:
            raise ImpossibleError(merged.at)
        return '"{}"'
    more = maker.rules.repeat(f"{_COMMA} {pair}", 0, None if most is None else most - 1)
    some = f"{pair} {more}"
    return f'"{{" {some} "}}"' if least else f'"{{" ({some})? "}}"'


def _others_beside(merged: Merged, node: Node) -> Nodes:
    """What a property has to satisfy by the schemas beside the one with a pattern."""
    others = [each for each in merged.nodes if each is not node]
    return tuple(
        each.sub("additionalProperties")
        for each in others
        if each.get("additionalProperties") is not None
    )


def _require_count(merged: Merged, fewest: int, all_of_them: int, reachable: int) -> int:
    """How many properties there have to be, if the grammar sees to it."""
    least, most = merged.least("minProperties"), merged.most("maxProperties")
    if least > reachable:
        raise _refused(merged, "minProperties", "so many properties of several have no grammar")
    if most is not None and most < all_of_them:
        if most < fewest:
            raise ImpossibleError(merged.at)
        raise _refused(merged, "maxProperties", "so few properties of several have no grammar")
    return max(least, fewest)


def _require_known(merged: Merged) -> None:
    required = set(merged.required)
    for node in merged.nodes:
        needed = node.get("dependentRequired") or {}
        if not required.issuperset(name for names in needed.values() for name in names):
            raise RefusedError(f"{node.at}/dependentRequired", "this keyword has no grammar")
        if node.get("propertyNames") not in (None, True, {}, {"type": "string"}):
            raise RefusedError(f"{node.at}/propertyNames", "this keyword has no grammar")


def _refused(merged: Merged, word: str, why: str) -> RefusedError:
    node = merged.first(word)
    return RefusedError(f"{node.at if node else merged.at}/{word}", why)
