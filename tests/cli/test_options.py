"""Options of the commands: from a table, each of which sets the setting of its name."""

from __future__ import annotations

import ast
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

import keydiff_cli
from keydiff_cli.cli import app
from keydiff_cli.cli.bench_options import BenchOptions
from keydiff_cli.cli.options import Options
from keydiff_cli.cli.signatures import with_options
from keydiff_cli.errors import UsageError
from keydiff_cli.render.flags import as_flag
from keydiff_cli.settings.config import Settings

PACKAGE = Path(keydiff_cli.__file__).parent


def commands(group: Any = None, path: str = "") -> dict[str, Any]:
    """Every command by its words."""
    group = group or typer.main.get_command(app)
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        words = f"{path} {name}".strip()
        found |= commands(command, words) if hasattr(command, "commands") else {words: command}
    return found


def flags(command: Any) -> set[str]:
    return {flag for parameter in command.params for flag in parameter.opts}


def settings_of(command: Any) -> list[str]:
    """The settings that options of a command set, in the order of its help."""
    known = {field.name for field in fields(Settings)}
    return [parameter.name for parameter in command.params if parameter.name in known]


def marked_settings() -> set[str]:
    """The settings that messages of the package name: ``setting("policy", ...)``."""
    return {
        node.args[0].value
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "setting"
        and isinstance(node.args[0], ast.Constant)
    }


def test_an_option_has_the_flag_that_messages_name() -> None:
    asked = commands()["ask"]
    for name in settings_of(asked):
        assert as_flag(name, None) in flags(asked), name


def test_a_setting_that_a_message_names_is_an_option() -> None:
    known = set().union(*(flags(command) for command in commands().values()))
    named = marked_settings()
    assert {"policy", "budget", "gpu_layers", "offline", "model"} <= named
    assert {name for name in named if as_flag(name, None) not in known} == set()


def test_what_the_commands_set() -> None:
    known = commands()
    everything = [
        *("model", "memory", "budget", "block", "policy"),
        *("max_tokens", "temperature", "seed", "system", "threads"),
        *("kv_type", "gpu_layers", "device", "rpc", "cache", "offline"),
    ]
    assert settings_of(known["ask"]) == settings_of(known["chat"]) == everything
    answering = {"max_tokens", "temperature", "seed"}
    assert set(everything) - set(settings_of(known["read"])) == answering | {"cache"}
    assert set(everything) - set(settings_of(known["plan"])) == {
        "temperature",
        "seed",
        "threads",
        "cache",
    }
    shared = {"model", "block", "max_tokens", "threads", "kv_type", "offline"}
    assert set(settings_of(known["bench longbench"])) == shared
    for name in ("needle", "ruler", "speed"):
        assert set(settings_of(known[f"bench {name}"])) == shared | {"seed"}, name


def test_what_was_given_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYDIFF_BUDGET", "300")
    monkeypatch.setenv("KEYDIFF_BLOCK", "64")
    resolved = Options(budget=500, memory="1GB").resolve()
    assert (resolved.settings.budget, resolved.settings.block) == (500, 64)
    assert resolved.settings.memory == 10**9
    assert resolved.sources["budget"] == "flag"
    assert resolved.sources["block"] == "KEYDIFF_BLOCK"
    assert resolved.sources["model"] == "default"
    with pytest.raises(UsageError, match=r"^budget: 0 must be at least 1$"):
        Options(budget=0).resolve()


def test_a_benchmark_has_answers_of_its_own_length(monkeypatch: pytest.MonkeyPatch) -> None:
    assert BenchOptions().settings("needle").max_tokens == 32
    assert BenchOptions(max_tokens=7).settings("needle").max_tokens == 7
    monkeypatch.setenv("KEYDIFF_MAX_TOKENS", "9")
    monkeypatch.setenv("KEYDIFF_SEED", "5")
    assert BenchOptions().settings("needle").max_tokens == 9
    assert BenchOptions().settings("longbench").seed == 5
    assert BenchOptions(seed=0).settings("needle").seed == 0


# The decorator -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    size: Annotated[int, typer.Option(help="How large.")] = 3
    colour: Annotated[str | None, typer.Option("--colour", "-c")] = None
    loud: Annotated[bool, typer.Option("--loud")] = False


def run(command: Any, *words: str) -> str:
    app = typer.Typer(rich_markup_mode=None)
    app.command()(command)
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    return done.output.strip()


@with_options("colour", "size", colour="red")
def paint(name: Annotated[str, typer.Argument()] = "wall", *, table: Table) -> None:
    """Paint something."""
    print(name, table)


def test_a_command_gets_what_was_given() -> None:
    usual = "Table(size=3, colour='red', loud=False)"
    assert run(paint) == f"wall {usual}"
    given = "Table(size=5, colour='blue', loud=False)"
    assert run(paint, "door", "--size", "5", "-c", "blue") == f"door {given}"


def test_the_help_has_the_options_in_their_order() -> None:
    text = run(paint, "--help")
    assert "Paint something." in text
    assert "How large." in text
    assert 0 < text.index("--colour") < text.index("--size")
    assert "--loud" not in text
