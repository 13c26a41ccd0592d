"""The command while it runs: Ctrl-C, readers that go away, terminals, endless input."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from cli_helpers import ANSI_NAME, COMMAND, POSIX, SMALL, TIMEOUT, environment, finish, start, story
from cli_helpers import on_terminal as terminal_run
from text_helpers import SAMPLE

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(not POSIX, reason="needs POSIX signals, pipes and terminals"),
]

Start = Callable[..., "subprocess.Popen[bytes]"]
WORDS = ("ask", "--model", SMALL, "--budget", 128, "--block", 64)
MOST_MEMORY = 400_000_000
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


def started(process: subprocess.Popen[bytes]) -> bytes:
    """Wait for the start line, after which reading begins."""
    assert process.stderr is not None
    line = process.stderr.readline()
    assert b"planned" in line, line + process.stderr.read()
    return line


def interrupt(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)


# Ctrl-C --------------------------------------------------------------------------------------


def test_interrupt_while_reading(begin: Start) -> None:
    process = begin("--json", SAMPLE / "harbour-report.pdf", "What is it?")
    started(process)
    time.sleep(1.5)
    interrupt(process)
    result = finish(process)
    assert result.status == 130
    assert "(interrupted)" in result.err
    report = json.loads(result.out)
    assert report["stop_reason"] == "interrupted"
    assert (report["answer"], report["tokens"]["generated"]) == ("", 0)
    (document,) = report["documents"]
    assert (document["kind"], document["pages"]) == ("pdf", 8)


@pytest.mark.parametrize("options", [(), ("--json", "--verbose")], ids=["text", "json"])
def test_interrupt_while_answering(options: tuple[str, ...], begin: Start, text: Path) -> None:
    process = begin(*options, "--max-tokens", 4000, text, "Tell me a very long story.")
    assert process.stdout is not None
    assert process.stderr is not None
    read = b""
    if options:
        batches = (line for line in process.stderr if b"set_abort_callback" in line)
        assert len(list(itertools.islice(batches, FEW_TOKENS))) == FEW_TOKENS
    else:
        read = os.read(process.stdout.fileno(), 1)
        assert read
    interrupt(process)
    result = finish(process, read)
    assert result.status == 130
    assert "(interrupted)" in result.err
    if options:
        report = json.loads(result.out)
        assert report["stop_reason"] == "interrupted"
        assert report["tokens"]["document"] > 0
        assert report["tokens"]["generated"] > 0
        assert bool(report["answer"]) == bool(report["tokens"]["generated"])
    else:
        assert result.out.strip()
        assert result.out.endswith("\n")


@pytest.mark.parametrize("logged", [b"loaded meta data", b"load_tensors:", b"llama_context:"])
def test_interrupt_inside_llama_cpp(logged: bytes, begin: Start, text: Path) -> None:
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


def test_interrupted_twice(begin: Start, tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text(story(lines=100))
    process = begin(path, "What is it?")
    started(process)
    for _ in range(2):
        time.sleep(0.2)
        interrupt(process)
    assert finish(process).status == 130


# Readers that go away ------------------------------------------------------------------------


def test_reader_of_the_answer_goes_away(begin: Start, text: Path) -> None:
    process = begin("--max-tokens", 4000, text, "Tell me a very long story.")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read(1)
    process.stdout.close()
    err = process.stderr.read().decode()
    assert process.wait(TIMEOUT) == 0
    assert "Traceback" not in err
    assert "error" not in err


def test_reader_of_the_messages_goes_away(begin: Start, text: Path) -> None:
    process = begin("--max-tokens", 3, text, "What is it?")
    assert process.stderr is not None
    assert process.stdout is not None
    process.stderr.close()
    answer = process.stdout.read()
    assert process.wait(TIMEOUT) == 0
    assert answer.strip()


@pytest.mark.parametrize("stream", ["<&-", "2>&-"])
def test_closed_stream(stream: str, text: Path, small_path: Path, models_folder: Path) -> None:
    words = [*map(str, WORDS), "--max-tokens", "3", str(text), "What is it?"]
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {stream}', "sh", *COMMAND, *words],
        capture_output=True,
        env=environment(models_folder),
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.strip()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk(text: Path, small_path: Path, models_folder: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, *map(str, WORDS), "--max-tokens", "3", str(text), "What is it?"],
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
    assert shown.strip()
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
    process = begin("--json", "What is it?", stdin=subprocess.PIPE)
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
    try:
        started(process)
        time.sleep(2)
        sizes = []
        for _ in range(6):
            sizes.append(psutil.Process(process.pid).memory_info().rss)
            time.sleep(0.5)
        interrupt(process)
        assert process.stdout is not None
        out = process.stdout.read()
        assert process.wait(TIMEOUT) == 130
    finally:
        process.kill()
    assert max(sizes) - min(sizes) < 20_000_000
    assert max(sizes) < MOST_MEMORY
    assert written < 10_000_000
    report = json.loads(out)
    assert report["memory_bytes"]["peak"] < MOST_MEMORY
    assert report["stop_reason"] == "interrupted"
    assert 0 < report["tokens"]["document"] < 100_000
