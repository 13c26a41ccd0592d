"""The terminal is left as it was found, whatever stops the command or ends it."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cli_helpers import SMALL, story
from process_helpers import POSIX, environment

if TYPE_CHECKING or POSIX:
    from chat_terminal import Terminal

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(not POSIX, reason="needs a pseudo-terminal"),
]
BOUNDS = ("--model", SMALL, "--budget", 256, "--block", 64, "--threads", 1)
READING = r"^ reading long\.txt \|"  # the bottom line of a chat
PROGRESS = r"^reading long\.txt .+ tokens"

Open = Callable[..., "Terminal"]


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """One that takes a while."""
    path = tmp_path / "long.txt"
    path.write_text(story(lines=3000))
    return path


@pytest.fixture
def terminal(small_path: Path, models_folder: Path, tmp_path: Path) -> Iterator[Open]:
    opened: list[Terminal] = []

    def terminal(*words: object) -> Terminal:
        values = environment(models_folder, KEYDIFF_SESSIONS_DIR=str(tmp_path / "chats"))
        del values["COLUMNS"]
        opened.append(Terminal(100, words, values, as_job=True))
        return opened[-1]

    yield terminal
    for screen in opened:
        screen.process.close(force=True)


def stop(seen: Terminal, pattern: str, *, gone: bool = True) -> None:
    """Press Ctrl-Z, and have the command go on; the pattern is what it shows before and after."""
    seen.type("\x1a")
    check_stopped(seen, pattern, gone=gone)


def check_stopped(seen: Terminal, pattern: str, *, gone: bool = True) -> None:
    seen.wait(r"\[stopped\]$")
    assert not (gone and re.search(pattern, seen.text, re.MULTILINE))
    assert seen.as_found, seen.text
    seen.screen.reset()
    seen.type("fg\r")
    seen.wait(r"^fg$")  # what is typed shows
    seen.wait(pattern)
    assert not seen.as_found


def test_a_chat(terminal: Open, document: Path) -> None:
    """Stopped while it loads, at the prompt, during an answer, and where it reads again."""
    seen = terminal("chat", *BOUNDS, "--max-tokens", 4000, document)
    job = seen.job
    seen.wait_until_changed()
    stop(seen, "^>$")
    seen.type("Tell me a very long story")
    seen.wait(r"(?s)^> Tell me a very long story$.+" + READING)
    stop(seen, r"(?s)^> Tell me a very long story$.+" + READING)
    seen.type("\r")
    seen.wait(r"(?s)\A(?!.*^ reading ).*being read\n.*\w{3}.*\w{3}")
    stop(seen, r"\w{3} \w{3}", gone=False)
    seen.type("\x03")
    seen.wait(r"(?s)keydiff: stopped; /continue goes on with the answer\n.*^>$.+" + READING)
    seen.type("/budget 200\r")
    seen.wait(r"cache \d+/200")
    os.kill(job, signal.SIGTSTP)
    check_stopped(seen, r"(?s)^>$.+" + READING)


def test_a_chat_whose_terminal_is_closed_at_the_prompt(terminal: Open, document: Path) -> None:
    seen = terminal("chat", *BOUNDS, document)
    job = seen.job
    seen.wait(r"(?s)^>$.+" + READING)
    os.kill(job, signal.SIGHUP)
    assert seen.end() == 128 + signal.SIGHUP
    assert seen.as_found
    assert not re.search(READING, seen.text, re.MULTILINE)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_reading(terminal: Open, document: Path, number: int) -> None:
    """What is typed meanwhile shows nowhere, and the line of progress is gone in the end."""
    seen = terminal("ask", *BOUNDS, document, "Why?")
    job = seen.job
    seen.wait(PROGRESS)
    if number == signal.SIGTERM:
        stop(seen, PROGRESS)
    seen.type("typed ahead")
    seen.wait(r"^reading long\.txt .+ (?!64 )[1-9]\d* tokens")
    assert "typed" not in seen.text
    os.kill(job, number)
    assert seen.end() == 128 + number
    assert seen.as_found
    assert "reading long.txt" not in seen.text
