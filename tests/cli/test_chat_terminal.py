"""``keydiff chat`` with a person at a terminal (a pseudo-terminal)."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from chat_documents import document, folder
from cli_helpers import SMALL, story
from process_helpers import POSIX, environment

if TYPE_CHECKING or POSIX:
    from chat_terminal import Terminal

__all__ = ["document", "folder"]  # fixtures

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(not POSIX, reason="needs a pseudo-terminal"),
]
BOUNDS = ("--model", SMALL, "--budget", 256, "--block", 64, "--threads", 2)

Open = Callable[..., "Terminal"]


@pytest.fixture
def terminal(small_path: Path, models_folder: Path, folder: Path, tmp_path: Path) -> Iterator[Open]:
    opened: list[Terminal] = []

    def terminal(*words: object, columns: int = 100) -> Terminal:
        values = environment(
            models_folder,
            KEYDIFF_CACHE="1",
            KEYDIFF_CACHE_DIR=str(folder / "cache"),
            KEYDIFF_SESSIONS_DIR=str(tmp_path / "chats"),
            KEYDIFF_ARCHIVE="off",
            KEYDIFF_SECOND_LOOK="0",
            EDITOR="""sh -c 'printf " twice" >> "$0"'""",
        )
        del values["COLUMNS"]
        opened.append(Terminal(columns, ("chat", *BOUNDS, *words), values))
        return opened[-1]

    yield terminal
    for screen in opened:
        screen.process.close(force=True)


def test_a_person_talks(terminal: Open, tmp_path: Path) -> None:
    """All that goes on in one chat, which is opened once."""
    long = tmp_path / "long.txt"
    long.write_text(story(lines=30))
    seen = terminal(long, "--max-tokens", 8, columns=200)
    type_while_it_reads(seen)
    edit(seen)
    resize(seen)
    type_several_lines(seen)
    go_on(seen)
    seen.type("exit\r")
    assert seen.end() == 0
    turns = json.loads((tmp_path / "chats" / "lines.json").read_text())["turns"]
    assert [turn["question"] for turn in turns] == [
        "Say hello.", "Say yes.", "Say hello, and nothing else.", "one\ntwo", "three\nfour",
        "Tell a long story twice",
    ]  # fmt: skip
    history = tmp_path / "chats" / "history"
    assert "+three" in history.read_text()
    assert history.stat().st_mode & 0o777 == 0o600


def type_while_it_reads(seen: Terminal) -> None:
    """The prompt is there, and a question is answered from what was read; then reading goes on."""
    seen.wait(r"(?s)^>$.+^ reading long\.txt \| .+ \| \d+ tokens \|")
    seen.type("Say hellx\x7fo.\r")
    text = seen.wait(r"(?s)^> Say hello\.\n.+^>$")
    assert "/help lists the commands" in text
    assert re.search(r"read so far: \d+ tokens, to line \d+ of long\.txt; more is being read", text)
    seen.wait(r"^ cache 256/256 \| conversation [1-9]\d*/768 \| peak \d+ MB")


def edit(seen: Terminal) -> None:
    """Keys that move and delete, the history, completion, and a line that is given up."""
    seen.type("Sxyy yes.\x01\x1b[C\x1b[C\x1b[3~\x1b[Da\x1b[3~\r")  # Home, right, right, delete
    seen.wait(r"(?s)> Say yes\.\n.+^>$")
    assert max(map(len, seen.lines)) <= 200
    seen.wait(r"^ cache .* \| keydiff-prerope$")
    seen.type("\x1b[A")  # the history
    seen.wait(r"(?s)> Say yes\.\n.+> Say yes\.$")
    seen.type("\x03")  # gives the line up
    seen.wait(r"(?s)> Say yes\.\n.+> Say yes\.\n.*^>$")
    seen.type("/poli\t")  # completes what is begun
    seen.wait("> /policy$")
    seen.type(" win\t")
    seen.wait("> /policy window$")
    seen.type("\r")
    text = seen.wait(r"^ cache 256/256 \| conversation [1-9].* \| window$")
    assert text.count("keydiff: policy changed") == 1


def resize(seen: Terminal) -> None:
    """The terminal changes its size while a line is typed."""
    seen.type("Say hello, and nothing")
    seen.wait("> Say hello, and nothing$")
    seen.resize(60)
    seen.type(" else.")
    seen.wait(r"nothing else\.$")
    seen.wait(r"^ cache [^|]+\|[^|]+(\|[^|]+)?$")
    assert max(map(len, seen.lines)) <= 60
    assert "| window" not in seen.text
    before = re.search(r"conversation (\d+)/", seen.text)
    assert before is not None
    seen.type("\r")
    seen.wait(rf"(?s)^>$.+conversation (?!{before[1]}/)[1-9]")
    assert max(map(len, seen.lines)) <= 60


def type_several_lines(seen: Terminal) -> None:
    """They are one question, whether they are typed or pasted."""
    seen.type("one\x1b\rtwo\r")
    seen.wait(r"(?s)two\n.+^>$")
    seen.type("\x1b[200~three\nfour\x1b[201~\r")
    seen.wait(r"(?s)four\n.+^>$")
    seen.type("/save lines\r")
    seen.wait("saved; keydiff chat --resume lines")


def go_on(seen: Terminal) -> None:
    """A question from the editor, what the screen shows again, and its answer goes on."""
    seen.type("/set max_tokens 2\r")
    seen.wait(r"(?s)max_tokens is 2 now.+^>$")
    seen.type("Tell a long story\x18\x05")
    seen.wait(
        r"(?s)> Tell a long story twice\n\n\w.+stopped after 2\s.+/set\smax_tokens\s4\slets"
        r".+/continue goes on.+^>$"
    )
    assert max(map(len, seen.lines)) <= 60
    seen.type("/load lines\r")
    seen.wait(r"(?s)6 questions came before; the last one:\n> Tell a long story twice\n\n\w.+^>$")
    seen.type("/continue\r")
    seen.wait(r"(?s)> /continue\n\n ?\w.+^>$")


def test_an_answer_is_stopped_and_the_chat_goes_on(terminal: Open, document: Path) -> None:
    seen = terminal(document, "--max-tokens", 4000, "--system", "Tell long stories.")
    seen.wait(r"(?s)^>$.+^ cache ")  # all is read
    seen.type("Tell me a very long story about the harbour.\r")
    seen.wait(r"(?s)\A(?!.*^ cache ).*harbour\.\n.*\w{3}.*\w{3}")  # the line is over, too
    seen.process.kill(signal.SIGINT)
    seen.wait(r"(?s)keydiff: stopped; /continue goes on with the answer\n.*^>$")
    seen.type("/undo\r")
    seen.wait(r"(?s)forgotten: Tell me a very.*^>$")
    seen.type("/undo\r")
    seen.wait(r"(?s)nothing to take back.*^>$")
    seen.type("/nonsense\r")
    seen.wait(r"(?s)no command /nonsense.*^>$")
    seen.type("\x04")
    assert seen.end() == 0


def test_left_while_it_reads_it_goes_on_from_there(terminal: Open, tmp_path: Path) -> None:
    long = tmp_path / "long.txt"
    long.write_text(story(lines=400))
    seen = terminal(long)
    seen.wait(r"^ reading long\.txt \| .+ \| [1-9]\d{3,} tokens")
    seen.type("Why\x03")  # gives up the line only
    seen.wait(r"(?s)> Why\n.*^>$.+^ reading long\.txt")
    seen.type("\x04")
    assert seen.end() == 0
    again = terminal(long)
    again.wait(r"read before: the first [1-9]\d{3,} tokens")
    again.wait("^ reading long.txt")
    again.type("/quit\r")
    assert again.end() == 0
