"""Signatures of commands, made for Typer from tables of options."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields
from inspect import Parameter
from typing import Any, get_type_hints

Command = Callable[..., None]


def with_options(*names: str, **defaults: Any) -> Callable[[Command], Command]:
    """Give a command options of a table, so that it need not spell them out.

    The type of the command's last parameter is the table: a dataclass with a field for every
    option, which says in its annotation what Typer is to know of it. The command gets an object
    of that class with what was given. Its other parameters come first, as Typer has them.

    Parameters
    ----------
    names
        The options that the command has, in the order of its help. The fields of all others keep
        their defaults.
    defaults
        Defaults of options that differ from those of the table.
    """

    def decorate(command: Command) -> Command:
        *own, table = inspect.signature(command, eval_str=True).parameters.values()
        usual = {field.name: field.default for field in fields(table.annotation)}
        annotations = get_type_hints(table.annotation, include_extras=True)
        parameters = [parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in own]
        parameters += [
            Parameter(
                name,
                Parameter.KEYWORD_ONLY,
                default=defaults.get(name, usual[name]),
                annotation=annotations[name],
            )
            for name in names
        ]

        @functools.wraps(command)
        def run(**values: Any) -> None:
            given = {name: values.pop(name) for name in names}
            command(**values, **{table.name: table.annotation(**given)})

        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate
