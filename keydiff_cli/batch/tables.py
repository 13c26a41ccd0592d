"""The tables of ``keydiff batch`` and ``keydiff extract``: their columns, and a pair's row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Protocol

from keydiff_cli.batch.messages import Outcome
from keydiff_cli.errors import UsageError
from keydiff_cli.rows import ERROR, MADE_OF
from keydiff_cli.settings.config import Settings
from keydiff_cli.shapes import Choices, Schema, Shape

DOCUMENT, QUESTION = "document", "question"
_DATA = "data"  # the column of what is no object
# What the data of a document depend on, beside itself, the schema and the question.
_DATA_DEPENDS = (
    *("model", "budget", "block", "policy", "max_tokens", "temperature", "seed", "system"),
    *("kv_type", "ocr", "recall", "second_look"),
)
_TEXT_DEPENDS = (
    *_DATA_DEPENDS,
    *("think", "notes", "length", "format", "each", "cite", "absent"),
)


class Table(Protocol):
    """What a row has, and what it depends on."""

    @property
    def columns(self) -> Sequence[str]:
        """The names of all columns, in their order."""

    @property
    def key(self) -> Sequence[str]:
        """The columns that tell rows apart."""

    def made_of(self, settings: Settings) -> list[Any]:
        """What all rows depend on, beside document and question, as plain data."""

    def cells(self, outcome: Outcome) -> dict[str, Any]:
        """What the row of an answer has beside its key, its error, and what it is made of."""


class Answers:
    """A row for each document and question: the answer, or data in one column."""

    key = (DOCUMENT, QUESTION)

    def __init__(self, shape: Shape | None) -> None:
        self._shape = shape
        answer = ("answer", "supported", "support", "citations")
        self.columns = [
            *self.key,
            *(answer if shape is None else (_DATA,)),
            *("stop_reason", "tokens", "reading_seconds", "seconds", ERROR, MADE_OF),
        ]

    def made_of(self, settings: Settings) -> list[Any]:
        """As of :class:`Table`."""
        return [_as_data(self._shape), _chosen(settings, _TEXT_DEPENDS)]

    def cells(self, outcome: Outcome) -> dict[str, Any]:
        """As of :class:`Table`."""
        if outcome.error is not None:
            return {}
        cells = {
            "answer": outcome.answer,
            _DATA: outcome.data,
            "supported": outcome.supported,
            "support": None if outcome.support is None else round(outcome.support, 4),
            "citations": [
                {
                    "sentence": outcome.answer[each.start : each.stop].strip(),
                    "place": str(each.place),
                }
                for each in outcome.citations
            ],
            "stop_reason": outcome.stop_reason,
            "tokens": outcome.tokens,
            "reading_seconds": round(outcome.reading_seconds, 2),
            "seconds": round(outcome.seconds, 2),
        }
        return {name: value for name, value in cells.items() if name in self.columns}


class Data:
    """A row for each document: the fields of its data, each in a column.

    Raises
    ------
    UsageError
        If a field has the name of another column.
    """

    key = (DOCUMENT,)

    def __init__(self, schema: Schema) -> None:
        own = [DOCUMENT, ERROR, MADE_OF]
        if taken := set(own) & set(schema.names):
            raise UsageError(
                f"the schema has a field '{min(taken)}', as a column of each row is called; "
                "rename it"
            )
        self._schema = schema
        self.columns = [*own, *(schema.names or (_DATA,))]

    def made_of(self, settings: Settings) -> list[Any]:
        """As of :class:`Table`."""
        return [self._schema.schema, _chosen(settings, _DATA_DEPENDS)]

    def cells(self, outcome: Outcome) -> dict[str, Any]:
        """As of :class:`Table`."""
        if outcome.error is not None:
            return {}
        if not self._schema.names:
            return {_DATA: outcome.data}
        return outcome.data if isinstance(outcome.data, dict) else {}


def _as_data(shape: Shape | None) -> Any:
    """What a shape was made from."""
    if isinstance(shape, Schema):
        return shape.schema
    return list(shape.choices) if isinstance(shape, Choices) else None


def _chosen(settings: Settings, names: Sequence[str]) -> dict[str, Any]:
    known = asdict(settings)
    return {name: known[name] for name in names}
