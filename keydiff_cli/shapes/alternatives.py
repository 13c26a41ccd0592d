"""Whether alternatives of a schema can be satisfied at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keydiff_cli.shapes.merged import Merged, same
from keydiff_cli.shapes.refusal import ImpossibleError

if TYPE_CHECKING:
    from keydiff_cli.shapes.grammar import Maker

_DEEP = 3  # properties within properties that are looked at


def excludes(made: Merged, other: Merged, maker: Maker, deep: int = _DEEP) -> bool:
    """Whether no value that the grammar of a schema makes satisfies another one.

    That this is so may not be seen.
    """
    if made.values is not None and other.values is not None:
        return not {same(each) for each in made.values} & {same(each) for each in other.values}
    kinds, allowed = _kinds(made), _kinds(other, declared=True)
    if "number" in allowed:
        allowed = allowed | {"integer"}
    if "integer" in allowed:
        allowed = allowed | {"number"}  # some of which are whole
    if not kinds & allowed:
        return True
    return kinds == {"object"} and deep > 0 and _objects_exclude(made, other, maker, deep)


def _kinds(merged: Merged, *, declared: bool = False) -> set[str]:
    if merged.values is not None:
        return {_kind(each) for each in merged.values}
    return merged.declared if declared else set(merged.types)


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    names = {dict: "object", list: "array", str: "string", int: "integer", float: "number"}
    return names.get(type(value), "null")


def _objects_exclude(made: Merged, other: Merged, maker: Maker, deep: int) -> bool:
    branches = any(made.first(word) is not None for word in ("anyOf", "oneOf"))
    closed = bool(made.names) and not branches  # all names that it can have are known
    if closed and not set(other.required) <= set(made.names):
        return True
    for name in made.required:
        try:
            theirs = maker.merged(other.under(name))
        except ImpossibleError:
            return True
        if excludes(maker.merged(made.under(name)), theirs, maker, deep - 1):
            return True
    return False
