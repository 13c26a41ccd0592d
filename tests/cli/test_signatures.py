"""Signatures of commands, made from tables of options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer.testing import CliRunner

from keydiff_cli.cli.signatures import with_options


@dataclass(frozen=True)
class Table:
    size: Annotated[int, typer.Option(help="How large.")] = 3
    colour: Annotated[str | None, typer.Option("--colour", "-c")] = None
    loud: Annotated[bool, typer.Option("--loud")] = False


@with_options("colour", "size", colour="red")
def paint(name: Annotated[str, typer.Argument()] = "wall", *, table: Table) -> None:
    """Paint something."""
    print(name, table)


def run(command: Any, *words: str, status: int = 0) -> str:
    app = typer.Typer(rich_markup_mode=None)
    app.command()(command)
    done = CliRunner().invoke(app, words)
    assert done.exit_code == status, done.output
    return done.output.strip()


def test_a_command_gets_what_was_given() -> None:
    usual = "Table(size=3, colour='red', loud=False)"
    assert run(paint) == f"wall {usual}"
    given = "Table(size=5, colour='blue', loud=False)"
    assert run(paint, "door", "--size", "5", "-c", "blue") == f"door {given}"


def test_what_the_table_says_of_an_option_holds() -> None:
    assert "'--size': Input should be a valid integer" in run(paint, "--size", "many", status=2)
    assert "No such option: --loud" in run(paint, "--loud", status=2)


def test_the_help_has_the_options_in_their_order() -> None:
    text = run(paint, "--help")
    assert "Paint something." in text
    assert "How large." in text
    assert 0 < text.index("--colour") < text.index("--size")
    assert "--loud" not in text


def test_commands_of_a_table_do_not_share_defaults() -> None:
    @with_options("size", "colour", "loud", size=7)
    def carve(table: Table) -> None:
        print(table)

    assert run(carve, "--loud") == "Table(size=7, colour=None, loud=True)"
    assert run(paint) == "wall Table(size=3, colour='red', loud=False)"
