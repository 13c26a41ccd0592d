"""Ctrl-C while the command reads, answers, or is inside llama.cpp."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import SMALL, run, story
from process_helpers import POSIX, finish, start
from text_helpers import SAMPLE

from keydiff_cli.engine.answer import Choices

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(not POSIX, reason="needs POSIX signals"),
]

Start = Callable[..., "subprocess.Popen[bytes]"]
WORDS = ("ask", "--model", SMALL, "--budget", 128, "--block", 64)
FEW_TOKENS = 16  # batches, which llama.cpp logs: those of a short text and the first of its answer


@pytest.fixture(scope="module")
def begin(small_path: Path, models_folder: Path) -> Start:
    def begin(*words: object, **streams: Any) -> subprocess.Popen[bytes]:
        return start(*WORDS, *words, models=models_folder, **streams)

    return begin


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("documents") / "text.txt"
    path.write_text("The cat of the harbour master is black. Its name is Pepper.\n")
    return path


def wait_for_batches(process: subprocess.Popen[bytes], count: int) -> None:
    """Wait until llama.cpp has begun so many batches, as ``--verbose`` shows."""
    assert process.stderr is not None
    batches = (line for line in process.stderr if b"set_abort_callback" in line)
    assert len(list(islice(batches, count))) == count


def interrupt(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)


def test_while_reading(begin: Start) -> None:
    process = begin("--json", "--verbose", SAMPLE / "harbour-report.pdf", "What is it?")
    wait_for_batches(process, FEW_TOKENS)
    interrupt(process)
    result = finish(process)
    assert result.status == 130
    assert "(interrupted)" in result.err
    report = json.loads(result.out)
    assert report["stop_reason"] == "interrupted"
    assert (report["answer"], report["tokens"]["generated"]) == ("", 0)
    assert 0 < report["tokens"]["document"] < 6000
    (document,) = report["documents"]
    assert (document["kind"], document["pages"]) == ("pdf", 8)


def test_while_answering(begin: Start, text: Path) -> None:
    words = ("--json", "--verbose", "--max-tokens", 4000, text, "Tell me a very long story.")
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


def test_what_was_answered_before_is_printed(
    text: Path, small_path: Path, models_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen: list[int] = []
    choose = Choices.__call__

    def press(choices: Choices, logits: Any) -> int:
        chosen.append(choose(choices, logits))
        if len(chosen) == 8:
            signal.raise_signal(signal.SIGINT)
        return chosen[-1]

    words = (*WORDS, "--max-tokens", 7, text, "Tell me a very long story.")
    whole = run(*words, models=models_folder)
    monkeypatch.setattr(Choices, "__call__", press)
    result = run(*words, "--max-tokens", 4000, models=models_folder)
    assert result.status == 130
    assert result.out == whole.out
    assert result.out.endswith("\n")
    last = result.err.splitlines()[-1]
    assert re.search(r"generated 7 in [\d.]+ s \(interrupted\), peak memory", last)


@pytest.mark.parametrize("logged", [b"loaded meta data", b"load_tensors:", b"llama_context:"])
def test_inside_llama_cpp(logged: bytes, begin: Start, text: Path) -> None:
    """While it loads, Ctrl-C mostly finds Python in the callback that takes llama.cpp's log."""
    process = begin("--verbose", "--max-tokens", 5, text, "What is it?")
    assert process.stderr is not None
    for line in process.stderr:
        if logged in line:
            break
    interrupt(process)
    result = finish(process)
    assert result.status == 130
    assert "Exception ignored" not in result.err


def test_twice(begin: Start, tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text(story(lines=100))
    process = begin("--verbose", path, "What is it?")
    wait_for_batches(process, FEW_TOKENS)
    for _ in range(2):
        interrupt(process)
        time.sleep(0.05)  # the second one while the first is dealt with
    assert finish(process).status == 130
