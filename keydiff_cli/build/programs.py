"""The programs that a build runs: pip, compilers, git or patch; and what they failed for."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path

from keydiff_cli.errors import KeydiffError
from keydiff_cli.system.files import told_by
from keydiff_cli.system.processes import run

NO_PACKAGES = "this Python takes no packages; run keydiff from a virtual environment"
_LONGEST = 300  # characters of a reason
_ERROR = re.compile(r"(^|: )(fatal )?error: .|^CMake Error\b", re.IGNORECASE)
_SUMMARY = re.compile(
    "subprocess-exited|metadata-generation-failed|error: "
    "(exception:|failed (to build|building)|could not build wheels)",
    re.IGNORECASE,
)
_PLACE = re.compile(r"\S+:\d+: ")  # file and line, as a failing test has it
_TRACEBACK = "Traceback (most recent call last):"
_TOLD = re.compile(r"^(global|download|install|wheel|:env:)\.([a-z-]+)=(.+)$", re.MULTILINE)
_SECTIONS = ("global", "download", "install", "wheel", ":env:")  # of pip; later ones count more
# Variable and programs, in CMake's order.
_COMPILERS = {"C++": ("CXX", "c++", "g++", "clang++"), "C": ("CC", "cc", "gcc", "clang")}
# How an index is reached and what is taken from it, of all that pip can be told.
_INDEX = frozenset(
    (
        *("index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "proxy"),
        *("cert", "client-cert", "keyring-provider", "timeout", "default-timeout", "retries"),
        *("cache-dir", "constraint", "build-constraint"),
    )
)


class BuildError(KeydiffError):
    """The patched library cannot be built."""


def lone_pip() -> dict[str, str]:
    """The environment for pip without anything that it was told elsewhere.

    Places to install to would take what is installed away from where keydiff loads it, and be in
    the way of what only a build needs.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return {**kept, "PIP_CONFIG_FILE": os.devnull}  # which turns all its files off


def fetching_pip() -> dict[str, str]:
    """The environment for pip, told only how to reach its index.

    Raises
    ------
    BuildError
        If pip does not say what it was told.
    """
    environment = {**os.environ, "PIP_QUIET": "0", "PIP_USER": "0"}  # these mean "config", too
    environment.pop("PIP_PYTHON", None)
    command = [sys.executable, "-m", "pip", "config", "list", "--disable-pip-version-check"]
    done = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
    )
    if done.returncode:
        said = reason(done.stdout + done.stderr) or "it does not say why"  # told on stdout, too
        raise BuildError(f"pip cannot read its configuration ({said}); see 'pip config debug'")
    told = _TOLD.findall(done.stdout)
    told.sort(key=lambda option: _SECTIONS.index(option[0]))
    index = {name: ast.literal_eval(value) for _, name, value in told if name in _INDEX}
    return lone_pip() | {
        f"PIP_{name.upper().replace('-', '_')}": value for name, value in index.items()
    }


def compiler(language: str = "C++") -> list[str]:
    """The compiler that CMake would take on this system, for C++ or C.

    Raises
    ------
    BuildError
        If there is none.
    """
    variable, *names = _COMPILERS[language]
    if (chosen := os.environ.get(variable, "")).strip():
        with suppress(ValueError):
            command = shlex.split(chosen)
            if shutil.which(command[0]):
                return command
        raise BuildError(f"{variable} is '{chosen}', which is no compiler here")
    for name in names:
        if program := shutil.which(name):
            return [program]
    if sys.platform == "win32":
        return ["cl"]  # which CMake finds where shells do not
    raise BuildError(f"there is no {language} compiler; install {names[1]} or clang")


def patcher() -> list[str]:
    """The program that applies a patch, whose name follows: git, or else patch.

    Raises
    ------
    BuildError
        If neither is there.
    """
    if git := shutil.which("git"):
        return [git, "apply", "--whitespace=nowarn"]
    if patch := shutil.which("patch"):
        return [patch, "-p1", "--batch", "--forward", "--input"]
    raise BuildError("neither git nor patch is here to apply the patches; install one")


def run_program(
    command: list[str],
    folder: Path,
    log: Path,
    failed: str,
    environment: Mapping[str, str] | None = None,
    *,
    tick: Callable[[], None] = lambda: None,
    whole: bool = False,
    keep: bool = False,
    place: Path | None = None,
) -> None:
    """Run a program in a folder.

    Parameters
    ----------
    failed
        What to say if it fails, before the reason.
    tick, whole
        As for :func:`~keydiff_cli.system.processes.run`.
    keep
        The log stays, so that an error names it.
    place
        The folder that the program fills, if that is another folder.

    Raises
    ------
    BuildError
        If the program cannot be run, or fails.
    """
    with writing(log.parent):
        output = log.open("wb")
    with output:
        try:
            status = run(
                command,
                folder=folder,
                output=output,
                environment=environment,
                tick=tick,
                whole=whole,
            )
        except OSError as error:
            raise BuildError(f"{command[0]} cannot be run: {error.strerror}") from error
    if status:
        kept = f" (all of it: {log})" if keep else ""
        text = log.read_text(encoding="utf-8", errors="replace")
        if "No space left" in text:
            raise BuildError(f"{failed}: no space left in {place or folder}; make room there{kept}")
        ended = f"signal {-status} ended it" if status < 0 else f"it ended with status {status}"
        raise BuildError(f"{failed}: {reason(text) or ended}{kept}")


@contextmanager
def writing(folder: Path, advice: str = "make room there") -> Iterator[None]:
    """Name the folder that cannot be written, which the error for a full disk does not.

    Raises
    ------
    BuildError
        In place of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise BuildError(f"{folder} cannot be written ({told_by(error)}); {advice}") from error


def reason(text: str) -> str:
    """What a failed program said that tells most, on one line; nothing if it said nothing."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    if "externally-managed-environment" in text:
        return NO_PACKAGES
    if "CMAKE_CXX_COMPILER" in text and "could not find" in text.lower():
        return "CMake finds no compilers for C and C++; install them"
    if any("connection broken by" in line for line in lines):
        return "the package index cannot be reached; check the network and proxy settings"
    if "(from versions: none)" in text:
        return "the package index has none, or cannot be reached; check pip's settings of it"
    vague = (line for line in lines if "error" in line.lower() and not _SUMMARY.search(line))
    placed = (line for line in lines if _PLACE.match(line))
    last = lines[-1] if lines else ""
    telling = next(chain(_errors(lines), vague, placed), last)
    return " ".join(telling.split())[:_LONGEST]


def _errors(lines: list[str]) -> Iterator[str]:
    """Lines that say what is wrong, with the next one where they only say where."""
    for number, line in enumerate(lines):
        following = lines[number + 1 :]
        if line.endswith(_TRACEBACK):
            margin = line.removesuffix(_TRACEBACK)
            yield from (later for later in following if not later.startswith(f"{margin} "))
        elif _ERROR.search(line.strip()) and not _SUMMARY.search(line):
            yield " ".join([line, *following[:1]]) if line.endswith(":") else line
