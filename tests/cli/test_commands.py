"""The commands around ``ask`` that need no model: models, config, help, version."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import COMMAND, POSIX, environment, fails, run

from keydiff_cli import __version__

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
COMMANDS = [
    (),
    ("ask",),
    ("plan",),
    ("models",),
    ("models", "list"),
    ("models", "pull"),
    ("models", "path"),
    ("models", "remove"),
    ("bench",),
    ("bench", "needle"),
    ("bench", "ruler"),
    ("bench", "longbench"),
    ("bench", "speed"),
    ("config",),
    ("config", "show"),
    ("config", "path"),
]


def shown(**more: str) -> dict[str, Any]:
    result = run("config", "show", "--json", **more)
    assert (result.status, result.err) == (0, "")
    return json.loads(result.out)


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words) or "keydiff")
def test_help(words: tuple[str, ...]) -> None:
    result = run(*words, "--help")
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith("Usage: ")
    assert "--help" in result.out


def test_short_form_of_help() -> None:
    assert run("ask", "-h").out == run("ask", "--help").out


def test_version() -> None:
    result = run("--version")
    assert (result.status, result.out, result.err) == (0, f"keydiff {__version__}\n", "")


def test_installed_script_is_the_same_command() -> None:
    script = shutil.which("keydiff", path=str(Path(sys.executable).parent))
    if script is None:
        pytest.skip("keydiff is not installed beside this Python")
    assert run("--version", command=[script]).out == run("--version").out


# models --------------------------------------------------------------------------------------


def test_list_as_json(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"GGUF")
    result = run("models", "list", "--json", models=tmp_path)
    assert (result.status, result.err) == (0, "")
    entries = {entry["name"]: entry for entry in json.loads(result.out)}
    assert {"smollm2-135m", "qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"} <= set(entries)
    for entry in entries.values():
        assert list(entry) == [
            "name",
            "description",
            "license",
            "size",
            "trained_context",
            "sha256",
            "hub_only",
            "path",
        ]
    assert entries["smollm2-135m"]["path"] == str(tmp_path / FILE)
    assert entries["smollm2-135m"]["size"] == 98_362_432
    assert {entry["path"] for entry in entries.values()} == {None, str(tmp_path / FILE)}


def test_list_is_a_table_with_a_line_for_each_model(tmp_path: Path) -> None:
    result = run("models", "list", models=tmp_path)
    assert (result.status, result.err) == (0, "")
    head, *rows = result.out.splitlines()
    assert head.split() == ["name", "size", "context", "licence", "here", "description"]
    names = [
        entry["name"]
        for entry in json.loads(run("models", "list", "--json", models=tmp_path).out)
    ]  # fmt: skip
    assert [row.split()[0] for row in rows] == names
    assert "\x1b" not in result.out


@pytest.mark.parametrize("command", ["pull", "path", "remove"])
def test_unknown_name(command: str, tmp_path: Path) -> None:
    assert "unknown model 'nonsense'" in fails(
        run("models", command, "nonsense", models=tmp_path), 4
    )


def test_path_of_a_model_that_is_not_here(tmp_path: Path) -> None:
    message = fails(run("models", "path", "smollm2-135m", models=tmp_path), 4)
    assert "is not here: run `keydiff models pull smollm2-135m`" in message


def test_remove(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(bytes(1000))
    result = run("models", "remove", "smollm2-135m", models=tmp_path)
    assert (result.status, result.out) == (0, "")
    assert "smollm2-135m" in result.err
    assert "1.00 kB" in result.err
    assert not (tmp_path / FILE).exists()
    again = run("models", "remove", "smollm2-135m", models=tmp_path)
    assert (again.status, again.out) == (0, "")


# config --------------------------------------------------------------------------------------


def test_show_gives_every_setting_with_its_source() -> None:
    settings = shown(KEYDIFF_POLICY="window")
    assert settings["policy"] == {"value": "window", "source": "KEYDIFF_POLICY"}
    assert settings["block"] == {"value": 128, "source": "default"}
    assert settings["memory"] == {"value": None, "source": "default"}
    table = run("config", "show", KEYDIFF_POLICY="window")
    assert (table.status, table.err) == (0, "")
    rows = [line.split() for line in table.out.splitlines()[1:]]
    assert [row[0] for row in rows] == list(settings)
    assert ["policy", "window", "KEYDIFF_POLICY"] in rows


def test_precedence(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("budget = 1000\nblock = 64\nmemory = '2GB'\noffline = true\n")
    settings = shown(KEYDIFF_CONFIG=str(path), KEYDIFF_BUDGET="2000", KEYDIFF_OFFLINE="")
    assert settings["budget"] == {"value": 2000, "source": "KEYDIFF_BUDGET"}
    assert settings["block"] == {"value": 64, "source": str(path)}
    assert settings["memory"] == {"value": 2_000_000_000, "source": str(path)}
    assert settings["offline"] == {"value": True, "source": str(path)}
    assert settings["max_tokens"] == {"value": 512, "source": "default"}


def test_flag_wins_over_the_environment(tmp_path: Path) -> None:
    document = tmp_path / "text.txt"
    document.write_text("Text.")
    message = fails(run("ask", "--policy", "one", document, "What?", KEYDIFF_POLICY="two"), 2)
    assert message.startswith("--policy: 'one'")
    message = fails(run("ask", document, "What?", KEYDIFF_POLICY="two"), 2)
    assert message.startswith("KEYDIFF_POLICY: 'two'")


def test_path_of_the_configuration(tmp_path: Path) -> None:
    chosen = run("config", "path", KEYDIFF_CONFIG=str(tmp_path / "mine.toml"))
    assert (chosen.status, chosen.out, chosen.err) == (0, f"{tmp_path / 'mine.toml'}\n", "")


def test_empty_variables_are_as_if_not_set(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    settings = shown(KEYDIFF_CONFIG="", KEYDIFF_BUDGET="", **home)
    assert settings["budget"]["source"] == "default"
    assert run("config", "path", KEYDIFF_CONFIG="", **home).out.strip().endswith("config.toml")


# Streams -------------------------------------------------------------------------------------


@pytest.mark.skipif(not POSIX, reason="needs a POSIX pipe")
@pytest.mark.parametrize(
    "words", [("models", "list"), ("config", "show", "--json"), ("-h",), ("--version",)]
)
def test_reader_that_goes_away(words: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, *words],
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=subprocess.PIPE,
        env=environment(),
        check=False,
    )
    os.close(writer)
    assert done.stderr == b""
    assert done.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", [("config", "path"), ("config", "show", "--json")])
def test_full_disk_is_an_error_and_no_crash(words: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, *words], stdout=full, stderr=subprocess.PIPE, env=environment(), check=False
        )
    assert done.returncode == 1
    assert done.stderr.decode().startswith("keydiff: error: ")
    assert done.stderr.count(b"\n") == 1
