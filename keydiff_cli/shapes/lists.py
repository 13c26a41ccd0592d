"""Arrays of a JSON Schema, as a grammar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keydiff_cli.shapes.gbnf import SPACE, group
from keydiff_cli.shapes.merged import Merged
from keydiff_cli.shapes.nodes import Nodes
from keydiff_cli.shapes.refusal import ImpossibleError, RefusedError

if TYPE_CHECKING:
    from keydiff_cli.shapes.grammar import Maker


def list_body(merged: Merged, maker: Maker) -> str:
    """The body of the rule of arrays.

    Raises
    ------
    RefusedError
        If a keyword has no grammar.
    """
    least, most = merged.least("minItems"), merged.most("maxItems")
    for word, harmless in (("unevaluatedItems", True), ("uniqueItems", False), ("contains", None)):
        node = merged.first(word)
        if node is not None and node.schema[word] is not harmless:
            raise RefusedError(f"{node.at}/{word}", "this keyword has no grammar")
    items = _first_items(merged, maker)
    if most is not None and most < least:
        raise ImpossibleError(merged.at)
    first = items[:most]
    try:
        more = maker.rule(_item(merged, len(first))) if most is None or most > len(first) else ""
    except ImpossibleError:
        more = ""
    if not more and least > len(first):
        raise ImpossibleError(merged.at)
    comma = f'"," {SPACE}'
    tail = ""  # of the items after the first ones
    if more:
        left = max(least - len(first), 0), None if most is None else most - len(first)
        if first:
            tail = maker.rules.repeat(f"{comma} {more}", *left)
        else:
            after = max(left[0] - 1, 0), None if left[1] is None else left[1] - 1
            tail = f"{more} {maker.rules.repeat(f'{comma} {more}', *after)}"
            tail = tail if least else f"({tail})?"
    for number in range(len(first), 0, -1):
        before = f"{comma} " if number > 1 else ""
        tail = f"{before}{first[number - 1]} {tail}".strip()
        if number > least:
            tail = f"{group(tail)}?"
    return f'"[" {tail} "]"'


def _first_items(merged: Merged, maker: Maker) -> list[str]:
    """The rules of the items that ``prefixItems`` speaks of, as far as there can be any."""
    count = max((len(given) for given in merged.all("prefixItems")), default=0)
    found = []
    for number in range(count):
        try:
            found.append(maker.rule(_item(merged, number)))
        except ImpossibleError:
            break
    return found


def _item(merged: Merged, number: int) -> Nodes:
    """What the item of a number has to satisfy."""
    found = []
    for node in merged.nodes:
        if number < len(node.get("prefixItems") or ()):
            found.append(node.sub("prefixItems", number))
        elif node.get("items") is not None:
            found.append(node.sub("items"))
    return tuple(found)
