"""Running the command as a user does, its streams apart or on a terminal; its JSON object."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "keydiff_cli"]
SMALL = "smollm2-135m"
POSIX = os.name == "posix"
ANSI_NAME = "a\x1b[31mred\x9b1m\u202e.txt"
TIMEOUT = 120
_NUMBER = (int, float)
_SCHEMA: dict[str, Any] = {
    "answer": str,
    "stop_reason": str,
    "certainty": _NUMBER,
    "model": {
        "name": str,
        "path": str,
        "sha256": str,
        "architecture": str,
        "trained_context": int,
        "gpu_layers": int,
    },
    "documents": [
        {
            "name": str,
            "kind": str,
            "pages": (int, type(None)),
            "start": int,
            "page_starts": (list, type(None)),
            "characters": int,
            "tokens": int,
            "sha256": str,
        }
    ],
    "cache": {
        "policy": str,
        "budget": int,
        "block": int,
        "cells": int,
        "bytes": int,
        "kv_type": str,
        "access": str,
    },
    "tokens": {"document": int, "reused": int, "prompt": int, "kept": int, "generated": int},
    "timing_s": dict.fromkeys(
        ("load", "ingest", "score", "evict", "keep", "first_token", "answer", "total"), _NUMBER
    ),
    "memory_bytes": {"cap": (int, type(None)), "planned": int, "peak": int},
    "warnings": [str],
}


@dataclass(frozen=True)
class Result:
    """What a finished command left."""

    status: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("keydiff: error: ")]

    @property
    def warnings(self) -> list[str]:
        start = "keydiff: warning: "
        return [x.removeprefix(start) for x in self.err.splitlines() if x.startswith(start)]


def environment(models: Path | None = None, **more: str) -> dict[str, str]:
    """The environment without the user's settings; fetching a model is off."""
    ours = ("KEYDIFF_", "PYTHONUNBUFFERED")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    kept |= {"KEYDIFF_CONFIG": os.devnull, "KEYDIFF_OFFLINE": "1", "COLUMNS": "120"}
    kept["KEYDIFF_MODELS_DIR"] = str(models or Path(__file__).parent / "no-models-here")
    kept["PYTHONUTF8"] = "1"
    kept["KEYDIFF_CACHE"] = "0"  # unless a test is about it
    return kept | more


def run(
    *words: object,
    stdin: bytes = b"",
    models: Path | None = None,
    command: Iterable[str] = COMMAND,
    cwd: Path | None = None,
    **more: str,
) -> Result:
    """Run the command to its end; ``more`` are environment variables."""
    done = subprocess.run(
        [*command, *map(str, words)],
        input=stdin,
        capture_output=True,
        env=environment(models, **more),
        timeout=TIMEOUT,
        cwd=cwd,
        check=False,
    )
    return _result(done.returncode, done.stdout, done.stderr)


def start(
    *words: object,
    models: Path | None = None,
    variables: dict[str, str] | None = None,
    **streams: Any,
) -> subprocess.Popen[bytes]:
    """Start the command; its output is piped, its input empty unless ``streams`` says otherwise."""
    streams = {"stdin": subprocess.DEVNULL} | streams
    return subprocess.Popen(
        [*COMMAND, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(models, **(variables or {})),
        **streams,
    )


def finish(process: subprocess.Popen[bytes], read: bytes = b"") -> Result:
    """Wait for a started command, of whose output ``read`` was read already."""
    try:
        out, err = process.communicate(timeout=TIMEOUT)
    finally:
        process.kill()
    return _result(process.returncode, read + out, err)


def on_terminal(
    *words: object, terminal: str, models: Path | None = None, cwd: Path | None = None
) -> tuple[int, str, str]:
    """Run the command with one stream on a pseudo-terminal.

    Parameters
    ----------
    terminal
        ``stdin``, ``stdout`` or ``stderr``.

    Returns
    -------
    The status, what came on the terminal, and what came on the other outputs.
    """
    mine, theirs = os.openpty()
    streams: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
    }
    process = subprocess.Popen(
        [*COMMAND, *map(str, words)],
        env=environment(models, TERM="xterm-256color"),
        cwd=cwd,
        **(streams | {terminal: theirs}),
    )
    os.close(theirs)
    shown = b""
    if terminal != "stdin":
        while True:
            try:
                part = os.read(mine, 4096)
            except OSError:  # how Linux says that the other end is closed
                break
            if not part:
                break
            shown += part
    out, err = process.communicate(timeout=TIMEOUT)
    os.close(mine)
    other = _result(process.returncode, out or b"", err or b"")
    return process.returncode, shown.decode(), other.out + other.err


def fails(result: Result, status: int) -> str:
    """Require one line of error and nothing else; return its text."""
    assert result.status == status, result
    assert result.out == ""
    (line,) = result.err.splitlines()
    assert line.startswith("keydiff: error: ")
    return line.removeprefix("keydiff: error: ")


def story(lines: int = 13, tail: str = "") -> str:
    """A text of about 22 tokens a line."""
    first = "The harbour was founded in 1821. The secret password of the harbour is BLUE HERON.\n"
    return first + "".join(
        f"The storehouse on quay {n} was painted in the spring and the men rested in its shade.\n"
        for n in range(1, lines)
    ) + tail  # fmt: skip


def _check_schema(value: Any, schema: Any, where: str = "") -> None:
    if isinstance(schema, dict):
        assert list(value) == list(schema), where
        for key, inner in schema.items():
            _check_schema(value[key], inner, f"{where}.{key}")
    elif isinstance(schema, list):
        assert isinstance(value, list), where
        for item in value:
            _check_schema(item, schema[0], f"{where}[]")
    else:
        assert isinstance(value, schema), where
        assert not isinstance(value, bool), where


def _check_values(report: dict[str, Any]) -> None:
    """What holds for every finished run."""
    tokens, times, memory = report["tokens"], report["timing_s"], report["memory_bytes"]
    cache = report["cache"]
    assert report["stop_reason"] in ("eos", "length")
    assert 0 < report["certainty"] <= 1
    assert tokens["document"] == sum(document["tokens"] for document in report["documents"])
    assert 0 < tokens["kept"] <= min(cache["budget"], tokens["document"])
    assert cache["budget"] + cache["block"] + tokens["prompt"] <= cache["cells"]
    assert cache["access"] in ("native", "direct", "copy")
    assert all(seconds >= 0 for seconds in times.values())
    assert 0 < times["first_token"] <= times["answer"]
    assert times["score"] + times["evict"] < times["ingest"] + times["answer"]
    assert times["load"] + times["ingest"] + times["answer"] <= times["total"] + 0.001
    assert cache["bytes"] < memory["peak"] <= memory["planned"]


def parse(result: Result) -> dict[str, Any]:
    """The JSON object of a run that answered, checked."""
    assert result.status == 0, result
    report: dict[str, Any] = json.loads(result.out)
    _check_schema(report, _SCHEMA)
    _check_values(report)
    assert report["warnings"] == result.warnings
    return report


def _result(status: int, out: bytes, err: bytes) -> Result:
    result = Result(status, _text(out), _text(err))
    assert "Traceback" not in result.err, result.err
    return result


def _text(data: bytes) -> str:
    return data.decode().replace("\r\n", "\n")
