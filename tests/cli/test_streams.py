"""What happens to the command where its readers go away, its streams are closed, or never end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
import pytest
from cli_helpers import ANSI_NAME, SMALL, run
from process_helpers import COMMAND, POSIX, TIMEOUT, finish, read_terminal, start

from keydiff_cli.system.terminal import Sanitizer

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(not POSIX, reason="needs POSIX signals, pipes and terminals"),
]

Start = Callable[..., "subprocess.Popen[bytes]"]
WORDS = ("ask", "--model", SMALL, "--budget", 128, "--block", 64)
FEW = (*WORDS, "--max-tokens", 3)
QUESTION = "What is it?"
MOST_MEMORY = 400_000_000


@pytest.fixture(scope="module")
def begin(small_path: Path, models_folder: Path) -> Start:
    def begin(*words: object, **streams: Any) -> subprocess.Popen[bytes]:
        return start(*words, models=models_folder, **streams)

    return begin


@pytest.fixture(scope="module")
def answer(small_path: Path, models_folder: Path, cat: Path) -> str:
    """What is printed where nothing stands in the way."""
    result = run(*FEW, cat, QUESTION, models=models_folder)
    assert result.status == 0, result
    assert len(result.out) > 3
    return result.out


@pytest.fixture(scope="module")
def odd_name(cat: Path) -> Path:
    """A document whose name and text would drive a terminal."""
    path = cat.with_name(ANSI_NAME)
    path.write_bytes(cat.read_bytes() + b"\x1b[31mred\x1b[0m\x1b]0;title\x07\n")
    return path


# Readers that go away, and terminals ---------------------------------------------------------


def test_reader_of_the_answer_goes_away_and_progress_is_on_a_terminal(
    begin: Start, odd_name: Path
) -> None:
    ours, its = os.openpty()
    words = (*WORDS, "--max-tokens", 4000, odd_name, "Tell me a very long story.")
    process = begin(*words, stderr=its, variables={"TERM": "xterm-256color"})
    os.close(its)
    assert process.stdout is not None
    assert process.stdout.read(1)
    process.stdout.close()
    shown = read_terminal(ours)
    assert process.wait(TIMEOUT) == 0
    assert "Traceback" not in shown
    assert "error" not in shown
    assert "reading a" in shown
    assert "tokens" in shown
    assert "\x1b[31mred" not in shown
    assert "\x9b" not in shown
    assert "\u202e" not in shown


def test_reader_of_the_messages_goes_away_and_the_input_is_closed(
    begin: Start, cat: Path, answer: str
) -> None:
    closed = ("sh", "-c", 'exec "$@" <&-', "sh", *COMMAND)
    process = begin(*FEW, cat, QUESTION, command=closed)
    assert process.stderr is not None
    assert process.stdout is not None
    process.stderr.close()
    printed = process.stdout.read().decode()
    assert process.wait(TIMEOUT) == 0
    assert printed == answer


def test_answer_on_a_terminal_and_messages_closed(
    begin: Start, odd_name: Path, models_folder: Path
) -> None:
    ours, its = os.openpty()
    words = (*WORDS, "--max-tokens", 12, odd_name, "Repeat the text, all of it.")
    closed = ("sh", "-c", 'exec "$@" <&- 2>&-', "sh", *COMMAND)
    process = begin(*words, command=closed, stdout=its, variables={"TERM": "xterm-256color"})
    os.close(its)
    shown = read_terminal(ours)
    assert process.wait(TIMEOUT) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""
    piped = run(*words, models=models_folder)
    assert piped.status == 0
    assert shown.replace("\r\n", "\n") == Sanitizer()(piped.out)
    assert len(shown) > 12
    assert shown.replace("\r", "").replace("\n", "").replace("\t", "").isprintable()
    assert "\x1b" not in piped.err
    assert "reading" not in piped.err
    assert piped.err.count("\n") == 3  # start, warning, end


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk(begin: Start, cat: Path) -> None:
    with open("/dev/full", "wb") as full:
        result = finish(begin(*FEW, cat, QUESTION, stdout=full))
    assert result.status == 1
    assert len(result.errors) == 1


# Endless input -------------------------------------------------------------------------------


def test_large_input_is_a_stream(begin: Start) -> None:
    """50 MB in one line, which no memory holds: little comes in before it is needed."""
    process = begin(*WORDS, "--json", "--verbose", QUESTION, stdin=subprocess.PIPE)
    written = 0

    def feed() -> None:
        nonlocal written
        assert process.stdin is not None
        for _ in range(50):
            try:
                written += process.stdin.write(b"harbour  " * (10**6 // 9))
            except OSError:
                return

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        batches = (line for line in process.stderr if b"set_abort_callback" in line)
        sizes = [
            psutil.Process(process.pid).memory_info().rss for _ in islice(batches, 8, 28, 4)
        ]  # while it reads
        process.send_signal(signal.SIGINT)
        process.stderr.read()  # which would fill, and stop it
        out = process.stdout.read()
        assert process.wait(TIMEOUT) == 130
    finally:
        process.kill()
    assert len(sizes) == 5
    assert max(sizes) - min(sizes) < 20_000_000
    assert max(sizes) < MOST_MEMORY
    assert written < 10_000_000
    report = json.loads(out)
    assert report["memory_bytes"]["peak"] < MOST_MEMORY
    assert report["stop_reason"] == "interrupted"
    assert 0 < report["tokens"]["document"] < 100_000
