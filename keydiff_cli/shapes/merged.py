"""Schemas that all have to be satisfied, as one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from keydiff_cli.shapes.nodes import Node, Nodes
from keydiff_cli.shapes.numbers import Bounds
from keydiff_cli.shapes.refusal import ImpossibleError

TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
_ALL = {*TYPES} - {"integer"}  # which is a number
# Keywords that speak of values of one type; a schema with one is for that type.
_SPEAKS_OF = {
    **dict.fromkeys(
        ("properties", "required", "additionalProperties", "patternProperties", "minProperties"),
        "object",
    ),
    **dict.fromkeys(("items", "prefixItems", "minItems", "maxItems", "contains"), "array"),
    **dict.fromkeys(("pattern", "minLength", "maxLength", "format"), "string"),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), "number"),
}


class Merged:
    """What some schemas, without ``$ref`` and ``allOf``, say together.

    Attributes
    ----------
    nodes : tuple of Node
        The schemas.
    """

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes

    @property
    def at(self) -> str:
        """The place of the first."""
        return self.nodes[0].at if self.nodes else "#"

    def first(self, word: str) -> Node | None:
        """The first schema that has a keyword."""
        return next((node for node in self.nodes if node.get(word) is not None), None)

    def all(self, word: str) -> list[Any]:
        """The values of a keyword."""
        return [node.schema[word] for node in self.nodes if node.get(word) is not None]

    def least(self, word: str) -> int:
        """The most that a lower bound asks for; 0 without one."""
        return int(max(self.all(word), default=0))

    def most(self, word: str) -> int | None:
        """The least that an upper bound allows; None without one."""
        bounds = self.all(word)
        return int(min(bounds)) if bounds else None

    # Types and values -----------------------------------------------------------------------

    @property
    def declared(self) -> set[str]:
        """The types that are allowed."""
        types = set(_ALL)
        for given in self.all("type"):
            named = {given} if isinstance(given, str) else set(given)
            types = {each for one in types for each in _common(one, named)}
        return types

    @property
    def types(self) -> list[str]:
        """The types that values are to have: those allowed, in the order of the schema.

        Where none is named, those that the schema speaks of, if it does.
        """
        types = self.declared
        if not self.all("type"):
            words = [word for node in self.nodes for word in node.schema]
            spoken = dict.fromkeys(_SPEAKS_OF[word] for word in words if word in _SPEAKS_OF)
            return [each for each in spoken if each in types] or [t for t in TYPES if t in types]
        named = [each for given in self.all("type") for each in _listed(given)]
        order = {each: number for number, each in reversed(list(enumerate(named)))}
        return sorted(types, key=lambda each: (order.get(each, len(named)), each))

    @property
    def values(self) -> list[Any] | None:
        """The values that ``const`` or ``enum`` allow, whatever else is said; None without."""
        for node in self.nodes:
            if "const" in node.schema:
                return [node.schema["const"]]
        for given in self.all("enum"):
            return list(given)
        return None

    @property
    def bounds(self) -> Bounds:
        """Between what numbers are to be."""
        lows = [(each, False) for each in self.all("minimum")]
        lows += [(each, True) for each in self.all("exclusiveMinimum")]
        highs = [(-each, False) for each in self.all("maximum")]
        highs += [(-each, True) for each in self.all("exclusiveMaximum")]
        low, above = max(lows, default=(None, False))
        high, below = max(highs, default=(None, False))
        return Bounds(low, None if high is None else -high, above, below)

    # Objects --------------------------------------------------------------------------------

    @property
    def required(self) -> list[str]:
        """The names that an object has in any case."""
        return list(dict.fromkeys(name for names in self.all("required") for name in names))

    @property
    def names(self) -> list[str]:
        """The names of the properties that are spoken of, in the order of the schema."""
        declared = [name for properties in self.all("properties") for name in properties]
        return list(dict.fromkeys([*declared, *self.required]))

    def under(self, name: str) -> Nodes:
        """What a property of this name has to satisfy."""
        found = tuple(sub for node in self.nodes for sub in _of_property(node, name))
        return found or self._unevaluated

    @property
    def others(self) -> Nodes:
        """What properties have to satisfy of which nothing is said."""
        found = [node for node in self.nodes if node.get("additionalProperties") is not None]
        if found:
            return tuple(node.sub("additionalProperties") for node in found)
        return self._unevaluated

    @property
    def _unevaluated(self) -> Nodes:
        found = [node for node in self.nodes if node.get("unevaluatedProperties") is not None]
        return tuple(node.sub("unevaluatedProperties") for node in found)


def _of_property(node: Node, name: str) -> list[Node]:
    found = []
    if name in (node.get("properties") or {}):
        found.append(node.sub("properties", name))
    patterns = node.get("patternProperties") or {}
    found += [node.sub("patternProperties", p) for p in patterns if re.search(p, name)]
    if not found and node.get("additionalProperties") is not None:
        found.append(node.sub("additionalProperties"))
    return found


def _listed(given: str | list[str]) -> list[str]:
    return [given] if isinstance(given, str) else given


def _common(one: str, named: set[str]) -> Iterable[str]:
    """What a type has in common with some."""
    if one in named:
        yield one
    elif (one == "number" and "integer" in named) or (one == "integer" and "number" in named):
        yield "integer"


def same(value: Any) -> str:
    """What is alike of values that are equal in JSON."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True)


def require_types(merged: Merged) -> list[str]:
    """The types of the values; an :class:`ImpossibleError` if there are none."""
    types = merged.types
    if not types:
        raise ImpossibleError(merged.at)
    return types
