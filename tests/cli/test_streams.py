"""What happens to the command where its readers go away, its streams are closed, or never end."""

from __future__ import annotations

import json
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
from process_helpers import COMMAND, POSIX, TIMEOUT, environment, finish, start
from process_helpers import on_terminal as terminal_run

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
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("documents") / "text.txt"
    path.write_text("The cat of the harbour master is black. Its name is Pepper.\n")
    return path


@pytest.fixture(scope="module")
def answer(small_path: Path, models_folder: Path, text: Path) -> str:
    """What is printed where nothing stands in the way."""
    result = run(*FEW, text, QUESTION, models=models_folder)
    assert result.status == 0, result
    assert len(result.out) > 3
    return result.out


# Readers that go away ------------------------------------------------------------------------


def test_reader_of_the_answer_goes_away(begin: Start, text: Path) -> None:
    process = begin(*WORDS, "--max-tokens", 4000, text, "Tell me a very long story.")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read(1)
    process.stdout.close()
    err = process.stderr.read().decode()
    assert process.wait(TIMEOUT) == 0
    assert "Traceback" not in err
    assert "error" not in err


def test_reader_of_the_messages_goes_away(begin: Start, text: Path, answer: str) -> None:
    process = begin(*FEW, text, QUESTION)
    assert process.stderr is not None
    assert process.stdout is not None
    process.stderr.close()
    printed = process.stdout.read().decode()
    assert process.wait(TIMEOUT) == 0
    assert printed == answer


def test_closed_streams(begin: Start, text: Path, answer: str) -> None:
    closed = ("sh", "-c", 'exec "$@" <&- 2>&-', "sh", *COMMAND)
    result = finish(begin(*FEW, text, QUESTION, command=closed))
    assert (result.status, result.out, result.err) == (0, answer, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk(text: Path, small_path: Path, models_folder: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, *map(str, FEW), str(text), QUESTION],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(models_folder),
            timeout=TIMEOUT,
            check=False,
        )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"keydiff: error: " in done.stderr


# Terminals -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def odd_name(text: Path) -> Path:
    path = text.with_name(ANSI_NAME)
    path.write_bytes(text.read_bytes() + b"\x1b[31mred\x1b[0m\x1b]0;title\x07\n")
    return path


def test_answer_on_a_terminal(odd_name: Path, small_path: Path, models_folder: Path) -> None:
    words = (*WORDS, "--max-tokens", 12, odd_name, "Repeat the text, all of it.")
    status, shown, messages = terminal_run(*words, terminal="stdout", models=models_folder)
    assert status == 0
    piped = run(*words, models=models_folder)
    assert shown.replace("\r\n", "\n") == Sanitizer()(piped.out)
    assert len(shown) > 12
    assert shown.replace("\r", "").replace("\n", "").replace("\t", "").isprintable()
    assert "\x1b" not in messages
    assert "reading" not in messages
    assert messages.count("\n") == 3  # start, warning, end


def test_progress_on_a_terminal(odd_name: Path, small_path: Path, models_folder: Path) -> None:
    words = (*WORDS, "--max-tokens", 2, odd_name, "What is it?")
    status, shown, answer = terminal_run(*words, terminal="stderr", models=models_folder)
    assert status == 0
    assert answer.count("\n") == 1
    assert "reading a" in shown
    assert "tokens" in shown
    assert "\x1b[31mred" not in shown
    assert "\x9b" not in shown
    assert "\u202e" not in shown


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
