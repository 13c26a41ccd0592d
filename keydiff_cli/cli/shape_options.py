"""The options that say what shape an answer is to have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from keydiff_cli.errors import UsageError
from keydiff_cli.settings.resolving import Resolved

if TYPE_CHECKING:
    from keydiff_cli.shapes import Schema, Shape

SchemaOption = Annotated[
    str | None,
    typer.Option(
        "--schema",
        metavar="FILE|JSON",
        help="Answer in JSON that is valid by this JSON Schema.",
        show_default=False,
    ),
]
ChoicesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--choices",
        metavar="A,B,...",
        help="Answer with one of these; one that has a comma by an option of its own each, or in "
        "a list in JSON.",
        show_default=False,
    ),
]


def shape_of(schema: str | None, choices: Sequence[str] | None) -> Shape | None:
    """The shape that was asked for; None for a text.

    Raises
    ------
    UsageError
        If there are two, or it cannot be used.
    """
    if schema is not None and choices:
        raise UsageError("--schema and --choices are two shapes of an answer: leave one out")
    if schema is not None:
        return schema_of(schema)
    if not choices:
        return None
    from keydiff_cli.shapes import Choices

    return Choices.parse(choices)


def schema_of(given: str) -> Schema:
    """The shape by a schema, of which llama.cpp can read the grammar.

    Raises
    ------
    UsageError
        If it cannot be used.
    """
    from keydiff_cli.llama import LlamaError, require_grammar
    from keydiff_cli.shapes import Schema

    shape = Schema.load(given)
    try:
        require_grammar(shape.grammar)
    except LlamaError:
        raise UsageError("the schema cannot be used: llama.cpp cannot read its grammar") from None
    return shape


def refuse_citing(resolved: Resolved) -> None:
    """Refuse to cite where the answer is to be data.

    Raises
    ------
    UsageError
        If the command line asks for it.
    """
    if resolved.chosen("cite"):
        raise UsageError("--cite cites the sentences of a text, and data has none: leave it out")
