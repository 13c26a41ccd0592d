"""Options of the commands: from a table, each of which sets the setting of its name."""

from __future__ import annotations

import ast
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer

import keydiff_cli
from keydiff_cli.cli import app
from keydiff_cli.cli.options import Options
from keydiff_cli.errors import UsageError
from keydiff_cli.render.flags import as_flag
from keydiff_cli.settings.config import Settings

PACKAGE = Path(keydiff_cli.__file__).parent


def commands(group: Any = None, path: str = "") -> dict[str, Any]:
    """Every command by its words."""
    group = group or typer.main.get_command(app)
    known: dict[str, Any] = {}
    for name, command in group.commands.items():
        words = f"{path} {name}".strip()
        known |= commands(command, words) if hasattr(command, "commands") else {words: command}
    return known


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
    named = {as_flag(name, None) for name in settings_of(asked)}
    assert {"--budget", "--max-tokens"} <= named <= flags(asked)


def test_a_setting_that_a_message_names_is_an_option() -> None:
    known = set().union(*(flags(command) for command in commands().values()))
    named = marked_settings()
    assert {"policy", "budget", "gpu_layers", "offline", "model"} <= named
    assert {name for name in named if as_flag(name, None) not in known} == set()


def test_what_the_commands_set() -> None:
    known = commands()
    everything = [
        *("model", "memory", "budget", "block", "policy"),
        *("max_tokens", "temperature", "seed", "system", "think", "threads"),
        *(
            "kv_type",
            "gpu_layers",
            "device",
            "rpc",
            "ocr",
            "cache",
            "notes",
            "each",
            "cite",
            "absent",
            "length",
            "format",
            "plain",
            "offline",
        ),
    ]
    assert settings_of(known["ask"]) == settings_of(known["chat"]) == everything
    assert settings_of(known["serve"]) == [each for each in everything if each != "plain"]
    for words in ("ask", "chat", "serve"):
        assert flags(known[words]) >= {"--no-recall", "--no-second-look"}
    assert settings_of(known["batch"]) == [each for each in everything if each != "plain"]
    told = ("notes", "each", "cite", "absent", "length", "format", "plain", "think")
    assert settings_of(known["extract"]) == [each for each in everything if each not in told]
    shapes = {"--schema", "--choices"}
    assert {words for words in known if shapes & flags(known[words])} == {"ask", "batch", "extract"}
    answering = {"max_tokens", "temperature", "seed", "think"}
    assert set(everything) - set(settings_of(known["read"])) == answering | {
        *("cache", "notes", "each", "length", "format", "cite", "absent", "plain"),
    }
    assert settings_of(known["map"]) == settings_of(known["notes"])
    assert set(everything) - set(settings_of(known["plan"])) == {
        "temperature",
        "seed",
        "think",
        "threads",
        "cache",
        "notes",
        "each",
        "length",
        "format",
        "cite",
        "absent",
        "plain",
    }
    assert settings_of(known["text"]) == ["ocr", "cache"]
    for name in ("qa", "summary", "each"):
        assert "ocr" in settings_of(known[f"bench {name}"]), name
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


@pytest.mark.parametrize("name", ["recall", "second_look"])
def test_what_is_looked_up_for_a_question_can_be_left_out(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Options().resolve()
    assert getattr(usual.settings, name) > 0
    assert usual.sources[name] == "default"
    off = Options(**{f"no_{name}": True}).resolve()
    assert getattr(off.settings, name) == 0
    assert off.sources[name] == "flag"
    (other,) = {"recall", "second_look"} - {name}
    assert getattr(off.settings, other) == getattr(usual.settings, other)
    monkeypatch.setenv(f"KEYDIFF_{name.upper()}", "277")
    assert getattr(Options().resolve().settings, name) == 277
    assert getattr(Options(**{f"no_{name}": True}).resolve().settings, name) == 0


@pytest.mark.parametrize(("given", "each"), [(None, "auto"), (True, "on"), (False, "off")])
def test_every_part_is_asked_where_it_is_wanted(given: bool | None, each: str) -> None:
    resolved = Options(each=given).resolve()
    assert resolved.settings.each == each
    assert resolved.sources["each"] == ("default" if given is None else "flag")
