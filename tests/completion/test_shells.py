"""bash, zsh and fish themselves, with the scripts that ``--install-completion`` puts in place."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from other_programs import ollama_model, own_home
from process_helpers import POSIX, environment
from typer.completion import get_completion_script

from keydiff_cli.completion.shells import VARIABLE, answer_to

# What a shell runs behind its script, for a line whose words are the arguments.
BASH = """
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_keydiff_completion keydiff
printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSH = """
words=("$@"); CURRENT=$#
_arguments() { print -r -- "$@" }
_files() { print files }
_keydiff_completion
"""
FISH = "complete --do-complete (string join -- ' ' $argv)"


@pytest.fixture
def programs(tmp_path: Path) -> str:
    """A path on which ``keydiff`` is this one."""
    script = tmp_path / "keydiff"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m keydiff_cli "$@"\n')
    script.chmod(0o755)
    return f"{tmp_path}{os.pathsep}{os.environ['PATH']}"


def asked(shell: str, code: str, line: str, programs: str, folder: Path) -> str:
    """What a shell makes of a line."""
    if not POSIX or shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    script = get_completion_script(prog_name="keydiff", complete_var=VARIABLE, shell=shell)
    start = "compdef() { : }\n" if shell == "zsh" else ""
    names = {"bash": ["--norc", "-c", "", "bash"], "zsh": ["-f", "-c", "", "zsh"]}
    options = names.get(shell, ["--no-config", "-c", ""])
    options[options.index("")] = f"{start}{script}\n{code}"
    values = environment(KEYDIFF_SESSIONS_DIR=str(folder), PATH=programs, HOME=str(folder))
    done = subprocess.run(
        [shell, *options, *line.split(" ")], env=values, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(("shell", "code"), [("bash", BASH), ("zsh", ZSH), ("fish", FISH)])
def test_a_shell_completes(shell: str, code: str, programs: str, tmp_path: Path) -> None:
    (tmp_path / "work.json").touch()
    resumed = asked(shell, code, "keydiff chat --resume ", programs, tmp_path)
    assert "work" in resumed
    assert "walk" not in resumed
    commands = asked(shell, code, "keydiff mod", programs, tmp_path)
    assert "models" in commands
    assert "ask" not in commands
    if shell != "bash":
        assert "List, fetch, find and remove models" in commands
    if shell == "fish":  # paths, as nothing else fits
        assert "work.json" in asked(shell, code, f"keydiff ask {tmp_path}/", programs, tmp_path)


@pytest.mark.parametrize(
    ("variables", "answer"),
    [
        ({VARIABLE: "complete_bash", "COMP_WORDS": "keydiff\nmod", "COMP_CWORD": "1"},
         ("models", 0)),
        ({VARIABLE: "complete_bash", "COMP_WORDS": "keydiff ask 'my", "COMP_CWORD": "3"}, ("", 0)),
        ({VARIABLE: "complete_zsh", "_TYPER_COMPLETE_ARGS": "keydiff ask "}, ("_files", 0)),
        ({VARIABLE: "complete_fish", "_TYPER_COMPLETE_ARGS": "keydiff ask --ocr=au"},
         ("--ocr=auto", 0)),
        ({VARIABLE: "complete_fish", "_TYPER_COMPLETE_ARGS": "keydiff ask 'my r",
          "_TYPER_COMPLETE_FISH_ACTION": "is-args"}, ("", 1)),
        ({VARIABLE: "source_bash"}, None),
        ({VARIABLE: "complete_powershell"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_answers(variables: dict[str, str], answer: tuple[str, int] | None) -> None:
    assert answer_to(variables) == answer


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("ask\n-m\noll", "ollama:qwen3:4b\nollama:qwen3:8b"),
        ("ask\n-m\nollama\n:", "qwen3:4b\nqwen3:8b"),
        ("ask\n-m\nollama\n:\nqwen3\n:\n4", "4b"),
        ("ask\n-m\nollama\n:\nqwen3\n:\n4b\n--ocr\nal", "all"),
    ],
)
def test_bash_is_given_what_follows_a_colon(
    words: str, answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = own_home(monkeypatch, tmp_path)
    for tag in ("4b", "8b"):
        name = f"registry.ollama.ai/library/qwen3/{tag}"
        ollama_model(home / ".ollama" / "models", name, b"GGUF")
    variables = {
        VARIABLE: "complete_bash",
        "COMP_WORDS": f"keydiff\n{words}",
        "COMP_CWORD": str(len(words.split("\n"))),
    }
    assert answer_to(variables) == (answer, 0)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("ask\n-m\nollama:qwen3:4", "ollama:qwen3:4b"),  # where COMP_WORDBREAKS has no colon
        ("ask\nNote\n:\n--ocr\nal", "all"),  # a colon that ends a word
    ],
)
def test_bash_may_not_cut_at_colons(
    words: str, answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = own_home(monkeypatch, tmp_path)
    ollama_model(home / ".ollama" / "models", "registry.ollama.ai/library/qwen3/4b", b"GGUF")
    variables = {
        VARIABLE: "complete_bash",
        "COMP_WORDS": f"keydiff\n{words}",
        "COMP_CWORD": str(len(words.split("\n"))),
    }
    assert answer_to(variables) == (answer, 0)
