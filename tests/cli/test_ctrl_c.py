"""Ctrl-C while the command reads, answers, or is inside llama.cpp."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import SMALL, Result, story
from process_helpers import POSIX, finish, start
from text_helpers import SAMPLE

from keydiff_cli.cache import KVCache
from keydiff_cli.engine.sampling import Choices
from keydiff_cli.llama import library

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(not POSIX, reason="needs POSIX signals"),
]

Ask = Callable[..., Result]
Start = Callable[..., "subprocess.Popen[bytes]"]
Press = Callable[[object, str, int], None]
WORDS = ("ask", "--model", SMALL, "--budget", 128, "--block", 64)
FEW_TOKENS = 16  # batches, which llama.cpp logs: those of a short text and the first of its answer


@pytest.fixture(scope="module")
def begin(small_path: Path, models_folder: Path) -> Start:
    def begin(*words: object, **streams: Any) -> subprocess.Popen[bytes]:
        return start(*WORDS, *words, models=models_folder, **streams)

    return begin


@pytest.fixture
def press(monkeypatch: pytest.MonkeyPatch) -> Press:
    """Have Ctrl-C come in this process whenever a method has run for so many times."""

    def press(owner: object, name: str, times: int) -> None:
        method, calls = getattr(owner, name), []

        def run(*words: Any, **options: Any) -> Any:
            calls.append(name)
            result = method(*words, **options)
            if len(calls) == times:
                signal.raise_signal(signal.SIGINT)
            return result

        monkeypatch.setattr(owner, name, run)

    return press


def wait_for_batches(process: subprocess.Popen[bytes], count: int) -> None:
    """Wait until llama.cpp has begun so many batches, as ``--verbose`` shows."""
    assert process.stderr is not None
    batches = (line for line in process.stderr if b"set_abort_callback" in line)
    assert len(list(islice(batches, count))) == count


def interrupt(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)


def check_reading(result: Result) -> None:
    """It was stopped while it read the sample."""
    assert result.status == 130
    assert "(interrupted)" in result.err
    report = json.loads(result.out)
    assert report["stop_reason"] == "interrupted"
    assert (report["answer"], report["tokens"]["generated"]) == ("", 0)
    assert 0 < report["tokens"]["document"] < 6000
    (document,) = report["documents"]
    assert (document["kind"], document["pages"]) == ("pdf", 8)


def test_while_reading(ask: Ask, press: Press) -> None:
    press(KVCache, "append", 12)  # of which some are not of the document
    check_reading(ask("--json", SAMPLE / "harbour-report.pdf", "What is it?"))


def test_while_answering(begin: Start, cat: Path) -> None:
    words = ("--json", "--verbose", "--max-tokens", 4000, cat, "Tell me a very long story.")
    process = begin(*words)
    wait_for_batches(process, FEW_TOKENS)
    interrupt(process)
    result = finish(process)
    assert result.status == 130
    assert "(interrupted)" in result.err
    report = json.loads(result.out)
    assert report["stop_reason"] == "interrupted"
    assert report["tokens"]["document"] > 0
    assert report["tokens"]["generated"] > 0
    assert report["answer"]


def test_what_was_answered_before_is_printed(ask: Ask, cat: Path, press: Press) -> None:
    question = "Tell me a very long story."
    whole = ask("--max-tokens", 7, cat, question)
    press(Choices, "__call__", 8)
    result = ask("--max-tokens", 4000, cat, question)
    assert result.status == 130
    assert result.out == whole.out
    assert result.out.endswith("\n")
    last = result.err.splitlines()[-1]
    assert re.search(r"generated 7 in [\d.]+ s \(interrupted\), peak memory", last)


def test_inside_llama_cpp(begin: Start, cat: Path) -> None:
    """While it loads, Ctrl-C mostly finds Python in the callback that takes llama.cpp's log."""
    process = begin("--verbose", "--max-tokens", 5, cat, "What is it?")
    assert process.stderr is not None
    for line in process.stderr:
        if b"load_tensors:" in line:
            break
    interrupt(process)
    result = finish(process)
    assert result.status == 130
    assert "Exception ignored" not in result.err


@pytest.mark.parametrize("logged", ["loaded meta data", "load_tensors:", "llama_context:"])
def test_while_llama_cpp_logs(
    logged: str, ask: Ask, cat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same in the callback itself, which cannot raise anything."""
    pressed: list[str] = []

    class Log(list[tuple[int, str]]):
        def append(self, entry: tuple[int, str]) -> None:
            super().append(entry)
            if logged in entry[1] and not pressed:
                pressed.append(entry[1])
                signal.raise_signal(signal.SIGINT)

    ignored: list[object] = []
    monkeypatch.setattr(library, "log", Log())
    monkeypatch.setattr(sys, "unraisablehook", ignored.append)
    result = ask("--verbose", "--max-tokens", 5, cat, "What is it?")
    assert pressed
    assert result.status == 130
    assert ignored == []


def test_twice(begin: Start, tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text(story(lines=100))
    process = begin("--verbose", path, "What is it?")
    wait_for_batches(process, FEW_TOKENS)
    interrupt(process)
    assert process.stderr is not None
    assert any(b"(interrupted)" in line for line in process.stderr)  # the first is dealt with
    interrupt(process)
    assert finish(process).status == 130
