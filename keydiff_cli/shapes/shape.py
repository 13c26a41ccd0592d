"""The shape that an answer is to have: JSON by a schema, or one of some choices."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keydiff_cli.errors import AnswerError, UsageError
from keydiff_cli.shapes.described import describe, words_of
from keydiff_cli.shapes.gbnf import SPACE, Rules, literal
from keydiff_cli.shapes.grammar import grammar_of
from keydiff_cli.shapes.merged import Merged
from keydiff_cli.shapes.nodes import Nodes, Source
from keydiff_cli.system.files import told_by

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_LONGEST_REASON = 200  # characters
_MOST_LISTED = 12  # of one text
_TOLD = "Answer in JSON of this form, and nothing else: "


@dataclass(frozen=True)
class Shape:
    """What an answer is to be.

    Attributes
    ----------
    grammar
        Of all texts that it may be, in GBNF.
    told
        What the model is told of it, behind the question.
    words
        What is looked for in the documents, beside the question.
    """

    grammar: str
    told: str
    words: str

    def asked(self, question: str) -> str:
        """A question, and what the model is told of the shape of its answer."""
        return f"{question}\n\n{self.told}"

    def value(self, text: str) -> Any:
        """The data that an answer is.

        Raises
        ------
        AnswerError
            If it is not of this shape.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Choices(Shape):
    """One of some texts.

    Attributes
    ----------
    choices
        These texts.
    """

    choices: tuple[str, ...]

    @classmethod
    def of(cls, choices: Sequence[str]) -> Choices:
        """The shape of an answer that is one of ``choices``.

        Raises
        ------
        UsageError
            If there are less than two, or one of them is empty or has several lines.
        """
        known = tuple(dict.fromkeys(each.strip() for each in choices))
        if len(known) < 2:
            raise UsageError("there are no two choices; name them as in: yes,no")
        if not all(known) or any(len(each.splitlines()) > 1 for each in known):
            raise UsageError("a choice is a text in one line, and not empty")
        rules = Rules()
        grammar = rules.text(rules.add(" | ".join(map(literal, known))))
        shown = "; ".join(known)
        told = f"Answer with one of these, as it is written here, and nothing else: {shown}"
        return cls(grammar, told, " ".join(known), known)

    @classmethod
    def parse(cls, given: Sequence[str]) -> Choices:
        """The same of what a command line has: ``a,b``, or each by itself, or a list in JSON."""
        if len(given) > 1:
            return cls.of(given)
        [text] = given
        if text.lstrip().startswith("["):
            listed = _parsed(text, "the choices")
            if not all(isinstance(each, str) for each in listed):
                raise UsageError("the choices are no list of texts")
            return cls.of(listed)
        return cls.of(text.split(","))

    def value(self, text: str) -> str:
        if text not in self.choices:
            raise AnswerError(f"the answer is none of the choices: {text[:_LONGEST_REASON]!r}")
        return text


@dataclass(frozen=True)
class Schema(Shape):
    """JSON that is valid by a schema (JSON Schema, draft 2020-12).

    Attributes
    ----------
    schema
        The schema.
    names
        Of the properties that the answer may have as an object, in their order; none if it may be
        no object.
    """

    schema: Any
    names: tuple[str, ...]

    @classmethod
    def of(cls, schema: Any) -> Schema:
        """The shape of answers by a schema.

        Raises
        ------
        UsageError
            If it is no schema, or has something that no grammar is made for, whose place it says.
        """
        if isinstance(schema, dict):
            schema = {word: value for word, value in schema.items() if word != "$schema"}
        validator = _validator(schema)
        source = Source(schema)

        def valid(value: Any, nodes: Nodes) -> bool:
            return all(validator.evolve(schema=node.schema).is_valid(value) for node in nodes)

        grammar = grammar_of(source, valid)
        told = f"{_TOLD}{describe(source)}"
        return cls(grammar, told, words_of(schema), schema, tuple(_names(source)))

    @classmethod
    def load(cls, given: str) -> Schema:
        """The same of a file, or of JSON itself.

        Raises
        ------
        UsageError
            As :meth:`of`; or if there is no such file, or it has no JSON.
        """
        text, what = given, "the schema"
        if not given.lstrip().startswith("{"):
            what = given
            try:
                text = Path(given).read_text(encoding="utf-8-sig")
            except (OSError, ValueError) as error:
                raise UsageError(f"the schema {given} cannot be read: {told_by(error)}") from None
        return cls.of(_parsed(text, what))

    def value(self, text: str) -> Any:
        try:
            found = json.loads(text)
        except ValueError as error:
            raise AnswerError(f"the answer is no JSON: {error}") from None
        for wrong in self._validator.iter_errors(found):
            message = wrong.message[:_LONGEST_REASON]
            raise AnswerError(f"the answer is not valid by the schema: {message}")
        return found

    @property
    def listed(self) -> Shape:
        """Lists of such data, of all that a text has."""
        start, _, rules = self.grammar.partition("\n")
        item = start.removeprefix("root ::= ")
        more = f'("," {SPACE} {item}){{0,{_MOST_LISTED - 1}}}'
        grammar = f'root ::= "[" ({item} {more})? "]"\n{rules}'
        form = self.told.removeprefix(_TOLD)
        told = f"Answer with all that the text has, as a list in JSON, [] for none: [{form}, ...]"
        return _Listed(grammar, told, self.words, self)

    @cached_property
    def _validator(self) -> Validator:
        return _validator(self.schema)


@dataclass(frozen=True)
class _Listed(Shape):
    """Lists of data by a schema."""

    of: Schema

    def value(self, text: str) -> list[Any]:
        try:
            found = json.loads(text)
        except ValueError as error:
            raise AnswerError(f"the answer is no JSON: {error}") from None
        if not isinstance(found, list):
            raise AnswerError("the answer is no list")
        return [self.of.value(json.dumps(each)) for each in found]


def _parsed(text: str, what: str) -> Any:
    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is no number")

    try:
        value = json.loads(text, parse_constant=refuse)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{what} is no JSON: {error}") from None
    return value


def _validator(schema: Any) -> Validator:
    """What tells whether values are valid by a schema; one that was checked itself."""
    from jsonschema import Draft202012Validator, exceptions  # which takes time to load
    from referencing import Registry

    try:
        Draft202012Validator.check_schema(schema)
    except exceptions.SchemaError as error:
        at = "".join(f"/{step}" for step in error.absolute_path)
        message = " ".join(error.message.split())[:_LONGEST_REASON]
        raise UsageError(f"the schema is none of draft 2020-12: #{at}: {message}") from None
    return Draft202012Validator(schema, registry=Registry())


def _names(source: Source) -> list[str]:
    """The names of all properties that a value may have as an object."""
    found: dict[str, None] = {}
    todo: list[Nodes] = [(source.root,)]
    seen = set()
    while todo:
        merged = Merged(source.flat(todo.pop(0)))
        found |= dict.fromkeys(merged.names if "object" in merged.declared else ())
        for node in merged.nodes:
            for sub in (*node.subs("anyOf"), *node.subs("oneOf")):
                if sub.key not in seen and sub.schema is not False:
                    seen.add(sub.key)
                    todo.append((sub,))
    return list(found)
