"""The parts of a JSON Schema, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from keydiff_cli.shapes.refusal import ImpossibleError, RefusedError

_NO_PART = object()
_REMARKS = {"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"}
_REMARKS |= {"$comment", "$defs", "definitions", "$id", "$anchor"}


@dataclass(frozen=True, eq=False)
class Node:
    """A schema, or what of it is still to be looked at, and its place: a JSON pointer."""

    schema: Any
    at: str

    @cached_property
    def key(self) -> tuple[str, ...]:
        """What tells it from other nodes of the same schema."""
        return (self.at, *sorted(self.schema)) if isinstance(self.schema, dict) else (self.at,)

    def get(self, word: str) -> Any:
        """The value of a keyword; None without one."""
        return self.schema.get(word) if isinstance(self.schema, dict) else None

    def sub(self, *path: str | int) -> Node:
        """The schema under a keyword."""
        value, at = self.schema, self.at
        for step in path:
            value, at = value[step], f"{at}/{_escaped(str(step))}"
        return Node(value, at)

    def subs(self, word: str) -> list[Node]:
        """The schemas in the list under a keyword."""
        return [self.sub(word, number) for number in range(len(self.get(word) or ()))]

    def without(self, *words: str) -> Node:
        """The same, without some keywords."""
        return Node({k: v for k, v in self.schema.items() if k not in words}, self.at)


Nodes = tuple[Node, ...]
"""Schemas that all have to be satisfied."""


class Source:
    """A whole schema, in which references are looked up."""

    def __init__(self, schema: Any) -> None:
        self.root = Node(schema, "#")

    def flat(self, nodes: Iterable[Node]) -> Nodes:
        """The same, with what ``$ref`` and ``allOf`` stand for in place of these.

        Raises
        ------
        ImpossibleError
            If one of them is false.
        RefusedError
            If a reference leads out of the schema, to nothing, or to where it comes from.
        """
        found: dict[tuple[str, ...], Node] = {}
        for node in nodes:
            for each in self._flattened(node, ()):
                found.setdefault(each.key, each)
        return tuple(found.values())

    def _flattened(self, node: Node, within: tuple[str, ...]) -> Iterator[Node]:
        """A schema without references and ``allOf``, and the schemas that these lead to."""
        if node.schema is False:
            raise ImpossibleError(node.at)
        if node.at in within:
            raise RefusedError(node.at, "it refers to itself")
        if node.schema is True:
            return
        rest, within = node.without("$ref", "allOf"), (*within, node.at)
        more = [self._resolve(node)] if "$ref" in node.schema else []
        more += node.subs("allOf")
        if "$ref" in node.schema and len(more) == 1 and set(rest.schema) <= _REMARKS:
            yield from self._flattened(more[0], within)  # which stands in its place
            yield rest
            return
        yield rest
        for each in more:
            yield from self._flattened(each, within)

    def _resolve(self, node: Node) -> Node:
        ref, at = node.schema["$ref"], f"{node.at}/$ref"
        document, _, fragment = ref.partition("#")
        if document and document != self.root.get("$id"):
            raise RefusedError(at, f"'{ref}' is in another document")
        if fragment and not fragment.startswith("/"):
            found = next(_anchored(self.root, fragment), None)
        else:
            found = self._under(fragment)
        if found is None or not isinstance(found.schema, (dict, bool)):
            raise RefusedError(at, f"'{ref}' is not there")
        return found

    def _under(self, pointer: str) -> Node | None:
        node = self.root
        for step in unquote(pointer).split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            value: Any = _NO_PART
            if isinstance(node.schema, dict):
                value = node.schema.get(step, _NO_PART)
            elif isinstance(node.schema, list) and step.isdigit() and int(step) < len(node.schema):
                value = node.schema[int(step)]
            if value is _NO_PART:
                return None
            node = Node(value, f"{node.at}/{_escaped(step)}")
            if isinstance(value, dict) and "$id" in value:
                raise RefusedError(f"{node.at}/$id", "references within it lead elsewhere")
        return node


def _anchored(node: Node, anchor: str) -> Iterator[Node]:
    """The schemas under a node that have an anchor."""
    if isinstance(node.schema, dict):
        if node.schema.get("$anchor") == anchor:
            yield node
        steps: Iterable[str | int] = node.schema
    else:
        steps = range(len(node.schema)) if isinstance(node.schema, list) else ()
    for step in steps:
        yield from _anchored(node.sub(step), anchor)


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
