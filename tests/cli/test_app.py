"""The command line as a whole: help, version, what it refuses, and its streams when they break."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from cli_helpers import fails, run
from process_helpers import COMMAND, POSIX, environment, run_process

from keydiff_cli import __version__
from keydiff_cli.cli.app import Commands

posix = pytest.mark.skipif(not POSIX, reason="needs a POSIX shell and pipes")
COMMANDS = [
    (),
    ("ask",),
    ("chat",),
    ("read",),
    ("plan",),
    ("models",),
    ("models", "list"),
    ("models", "pull"),
    ("models", "path"),
    ("models", "remove"),
    ("cache",),
    ("cache", "list"),
    ("cache", "show"),
    ("cache", "remove"),
    ("cache", "prune"),
    ("sessions",),
    ("sessions", "list"),
    ("sessions", "remove"),
    ("bench",),
    ("bench", "needle"),
    ("bench", "ruler"),
    ("bench", "longbench"),
    ("bench", "speed"),
    ("bench", "show"),
    ("config",),
    ("config", "show"),
    ("config", "path"),
    ("doctor",),
    ("build-llama",),
]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words) or "keydiff")
def test_help(words: tuple[str, ...]) -> None:
    result = run(*words, "--help")
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith(f"Usage: {' '.join(('keydiff', *words))} ")
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
    installed = run_process("--version", command=[script])
    assert (installed.status, installed.out) == (0, f"keydiff {__version__}\n")
    assert installed.err == ""


@pytest.mark.parametrize(
    "words",
    [("config", "show", "--json"), ("ask", "none\udcff.txt", "What?")],
    ids=lambda words: words[0],
)
def test_in_the_process_of_the_tests_it_says_the_same(words: tuple[str, ...]) -> None:
    """Which most tests rely on."""
    inside, alone = run(*words, KEYDIFF_SEED="3"), run_process(*words, KEYDIFF_SEED="3")
    assert (inside.status, inside.out, inside.err) == (alone.status, alone.out, alone.err)
    assert "KEYDIFF_SEED" not in os.environ


# Usage -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", [(), ("models",), ("config",)])
def test_without_arguments_the_help_is_shown(group: tuple[str, ...]) -> None:
    result = run(*group)
    assert result.status == 2
    assert "Usage:" in result.out + result.err


@pytest.mark.parametrize(
    "words",
    [
        ("ask", "--nonsense"),
        ("nonsense",),
        ("models", "nonsense"),
        ("ask", "--budget", "many"),
        ("ask", "--budget"),
        ("models", "path"),
    ],
)
def test_typer_refuses(words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.status == 2
    assert result.out == ""
    (line,) = result.err.splitlines()
    assert line.startswith("keydiff: error: ")
    assert line.endswith("--help'")


# Streams -------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("words", [("config", "show", "--json"), ("-h",)])
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
def test_full_disk_is_an_error_and_no_crash() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, "config", "path"],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.decode().startswith("keydiff: error: ")
    assert done.stderr.count(b"\n") == 1


@posix
def test_closed_input_is_no_crash() -> None:
    command = ["sh", "-c", 'exec "$@" <&-', "sh", *COMMAND]
    assert "there is no such file" in fails(
        run_process("ask", "none.txt", "What?", command=command), 3
    )


@posix
def test_closed_output_is_refused_before_an_answer_is_lost() -> None:
    command = ["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND]
    assert "is closed" in fails(run_process("ask", "none.txt", "What?", command=command), 1)


@pytest.mark.parametrize(
    ("cause", "code", "status"),
    [(BrokenPipeError, 1, 0), (ValueError, 1, 1), (BrokenPipeError, 143, 143)],
)
def test_only_a_closed_pipe_ends_well(
    cause: type[Exception], code: int, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code of others may end the process with a status that Typer has for it, too."""
    dropped: list[object] = []
    module = sys.modules[Commands.__module__]  # its name is that of an object in its package, too
    monkeypatch.setattr(module, "drop", dropped.append)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # Typer puts its own there
    ending = typer.Typer(cls=Commands)

    @ending.callback()
    def common() -> None:
        pass

    @ending.command()
    def end() -> None:
        try:
            raise cause
        except Exception:
            sys.exit(code)

    with pytest.raises(SystemExit) as ended:
        ending(["end"])
    assert ended.value.code == status
    assert dropped == ([] if status else [sys.stdout])
