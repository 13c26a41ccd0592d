"""``keydiff chat``: lines from a pipe, and a person at a terminal (a pseudo-terminal)."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import COMMAND, POSIX, SMALL, Result, environment, fails, finish, run, start, story

pytestmark = pytest.mark.model
BOUNDS = ("--model", SMALL, "--budget", 256, "--block", 64, "--threads", 2)
SHORT = (*BOUNDS, "--max-tokens", 8)
QUESTION = "What is the secret password of the harbour?"
KEYS = ("question", "answer", "stop_reason", "certainty", "model", "documents")

Chat = Callable[..., Result]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A document, and what was read of it by the tests before."""
    folder = tmp_path_factory.mktemp("chat")
    (folder / "story.txt").write_text(story(lines=20))
    return folder


@pytest.fixture
def document(folder: Path) -> Path:
    return folder / "story.txt"


@pytest.fixture
def variables(folder: Path, tmp_path: Path) -> dict[str, str]:
    return {
        "KEYDIFF_CACHE": "1",
        "KEYDIFF_CACHE_DIR": str(folder / "cache"),
        "KEYDIFF_SESSIONS_DIR": str(tmp_path / "chats"),
    }


@pytest.fixture
def chat(small_path: Path, models_folder: Path, variables: dict[str, str]) -> Chat:
    def chat(text: str, *words: object, **more: str) -> Result:
        values = {**variables, **more}
        return run("chat", *SHORT, *words, stdin=text.encode(), models=models_folder, **values)

    return chat


def objects(result: Result) -> list[dict[str, Any]]:
    assert result.status == 0, result
    return [json.loads(line) for line in result.out.splitlines()]


# Lines from a pipe -----------------------------------------------------------------------------


def test_every_line_of_a_pipe_gets_one_line(chat: Chat, document: Path) -> None:
    result = chat("My boat is called Gull. Say Gull.\n\n  \nWhat is my boat called?", document)
    assert result.status == 0, result
    first, second = result.out.splitlines()
    assert first.strip()
    assert "gull" in second.lower()
    assert "\x1b" not in result.out + result.err
    assert not any(line.startswith("> ") for line in result.out.splitlines())


def test_every_line_of_a_pipe_gets_one_object(chat: Chat, document: Path) -> None:
    first, second = objects(chat(f"{QUESTION}\nWhy?\n", "--json", "-q", document))
    for value, question in ((first, QUESTION), (second, "Why?")):
        assert tuple(value)[: len(KEYS)] == KEYS
        assert value["question"] == question
        assert value["tokens"]["generated"] > 0
        assert value["timing_s"]["total"] > 0
        assert value["memory_bytes"]["peak"] > 0
    assert first["documents"] == second["documents"]
    (again, _) = objects(chat(f"{QUESTION}\nWhy?\n", "--json", "-q", document))
    assert again["tokens"]["reused"] == again["tokens"]["document"]
    assert again["answer"] == first["answer"]


def test_commands_work_in_a_pipe_too(chat: Chat, document: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("The cat of the harbour master is black. Its name is Pepper.\n")
    markdown = tmp_path / "chat.md"
    lines = [
        "Hello.", f"/add {other}", "/files", "/stats", "/help", QUESTION, "/undo", "/retry",
        f"/export {markdown}", "/save work", "/quit", "never asked",
    ]  # fmt: skip
    result = chat("\n".join(lines), "--json", document)
    answers = objects(result)
    assert [answer["question"] for answer in answers] == ["Hello.", QUESTION, "Hello."]
    assert [len(answer["documents"]) for answer in answers] == [1, 2, 2]
    assert answers[1]["tokens"]["reused"] == answers[0]["tokens"]["document"]
    for text in ("other.txt", "reading, tokens/s", "/policy NAME", f"forgotten: {QUESTION}"):
        assert text in result.err
    assert markdown.read_text().startswith("# Chat\n\n- story.txt\n- other.txt\n\n## Hello.\n")
    resumed = objects(chat("And now?\n", "--json", "-q", "--resume", "work"))
    assert len(resumed[0]["documents"]) == 2
    assert resumed[0]["tokens"]["reused"] == resumed[0]["tokens"]["document"]
    saved = json.loads((tmp_path / "chats" / "work.json").read_text())
    assert [turn["question"] for turn in saved["turns"]] == ["Hello.", "And now?"]
    assert saved["settings"]["budget"] == 256


def test_settings_change_while_it_goes_on(chat: Chat, document: Path) -> None:
    lines = ["Hello.", "/budget 300", "Why?", "/policy window", "/system Be brief.", "Why not?"]
    answers = objects(chat("\n".join(lines), "--json", "-q", document))
    assert [answer["cache"]["budget"] for answer in answers] == [256, 300, 300]
    policies = [answer["cache"]["policy"] for answer in answers]
    assert policies == ["keydiff-prerope", "keydiff-prerope", "window"]
    assert answers[2]["tokens"]["prompt"] < answers[1]["tokens"]["prompt"]


def test_documents_are_read_again_for_a_question(chat: Chat, document: Path) -> None:
    lines = [QUESTION, "/reread", "Why?", "/policy keydiff", "Why?"]
    result = chat("\n".join(lines), "--json", document)
    answers = objects(result)
    assert [answer["question"] for answer in answers] == [QUESTION, QUESTION, "Why?", "Why?"]
    policies = [answer["cache"]["policy"] for answer in answers]
    assert policies == ["keydiff-prerope", "focus", "focus", "keydiff"]


@pytest.mark.parametrize(
    ("lines", "status", "text"),
    [
        ("/bogus", 2, "there is no command /bogus; /help lists them"),
        ("/add", 2, "write: /add FILE"),
        ("/undo now", 2, "write: /undo"),
        ("/undo", 2, "there is nothing to take back"),
        ("/retry", 2, "there is nothing to take back"),
        ("/reread", 2, "ask something first"),
        ("/add missing.pdf", 3, "missing.pdf"),
        ("/budget none", 2, "budget: 'none' is not a whole number"),
        ("/policy best", 2, "'best' is not one of"),
        ("/policy focus", 2, "reads for a question"),
        ("/model missing", 4, "missing"),
        ("/load missing", 2, "there is no chat 'missing'"),
        ("/save ../x", 2, "is no name for a chat"),
        ("word " * 3000, 2, "the question has"),
        ("/export /missing/x.md", 2, "cannot be written"),
    ],
)
def test_what_goes_wrong_ends_a_pipe(
    chat: Chat, document: Path, lines: str, status: int, text: str
) -> None:
    assert text in fails(chat(lines, "-q", document), status)


def test_wrong_command_lines(chat: Chat, tmp_path: Path) -> None:
    assert "standard input is where the questions come from" in fails(chat("", "-"), 2)
    assert "missing.txt" in fails(chat("Hello.", tmp_path / "missing.txt"), 3)
    assert fails(chat("Hello.", "--policy", "focus", "-q"), 2)


def test_a_chat_is_never_written_over_another(chat: Chat, document: Path, tmp_path: Path) -> None:
    assert chat("/save one", "-q", document).status == 0
    before = (tmp_path / "chats" / "one.json").read_text()
    assert "there is a chat 'one' already" in fails(chat("/save one", "-q", document), 2)
    assert (tmp_path / "chats" / "one.json").read_text() == before
    note = tmp_path / "x.md"
    note.write_text("mine")
    assert "exists already" in fails(chat(f"/export {note}", "-q", document), 2)
    assert note.read_text() == "mine"


@pytest.mark.skipif(not POSIX, reason="needs a signal")
@pytest.mark.parametrize("as_json", [True, False])
def test_an_answer_to_a_pipe_that_is_stopped_is_printed(
    document: Path, models_folder: Path, variables: dict[str, str], as_json: bool
) -> None:
    words = ("chat", *BOUNDS, "--max-tokens", 4000, "--system", "Tell long stories.", document)
    flags = ("--json",) if as_json else ()
    variables = {**variables, "KEYDIFF_CONVERSATION": "512"}
    process = start(
        *words, *flags, models=models_folder, variables=variables, stdin=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(b"Tell me a very long story about the harbour.\n")
    process.stdin.flush()
    time.sleep(20)
    process.send_signal(signal.SIGINT)
    result = finish(process)
    assert result.status == 130
    (line,) = result.out.splitlines()
    if as_json:
        value = json.loads(line)
        assert (value["question"][:7], value["stop_reason"]) == ("Tell me", "interrupted")
        line = value["answer"]
    assert len(line) > 20


def test_sixty_turns_stay_under_the_cap(chat: Chat, document: Path) -> None:
    lines = ["Hello.", "My boat is called Gull, and it lies at quay nine."]
    lines += [f"Tell me about quay {number}." for number in range(3, 61)]
    words = ("--json", "-q", "--memory", "400MB", document)
    answers = objects(chat("\n".join(lines), *words, KEYDIFF_CONVERSATION="256"))
    assert len(answers) == 60
    kept = {answer["tokens"]["kept"] for answer in answers}
    assert kept == {256}
    last = answers[-1]["memory_bytes"]
    assert last["peak"] <= last["planned"] <= last["cap"]


# At a terminal -------------------------------------------------------------------------------

if POSIX:
    import pexpect
    import pyte


class Terminal:
    """A person's view: a screen, and a keyboard."""

    def __init__(self, columns: int, words: tuple[object, ...], values: dict[str, str]) -> None:
        self.screen = pyte.Screen(columns, 40)
        self._stream = pyte.ByteStream(self.screen)
        self.process = pexpect.spawn(
            COMMAND[0],
            [*COMMAND[1:], *map(str, words)],
            env={**values, "TERM": "xterm-256color"},
            dimensions=(40, columns),
            timeout=60,
        )
        self.process.delaybeforesend = None

    def type(self, text: str) -> None:
        self.process.send(text)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def wait(self, pattern: str, seconds: float = 60) -> str:
        """Wait until the screen shows something; return what the screen shows."""
        end = time.monotonic() + seconds
        while not re.search(pattern, self.text, re.MULTILINE):
            assert time.monotonic() < end, f"{pattern!r} never came:\n{self.text}"
            self._take()
        return self.text

    def _take(self) -> None:
        try:
            data = self.process.read_nonblocking(65536, timeout=0.2)
        except pexpect.TIMEOUT:
            return
        except pexpect.EOF:
            time.sleep(0.1)
            return
        first, *rest = data.split(b"\x1b[6n")  # where is the cursor?
        self._stream.feed(first)
        for part in rest:
            cursor = self.screen.cursor
            self.process.send(f"\x1b[{cursor.y + 1};{cursor.x + 1}R")
            self._stream.feed(part)

    def resize(self, columns: int) -> None:
        self.screen.resize(40, columns)
        self.process.setwinsize(40, columns)

    def end(self) -> int:
        """Wait until the command has ended; its status."""
        self.process.expect(pexpect.EOF)
        self.process.close()
        status: int = self.process.exitstatus
        return status


Open = Callable[..., Terminal]


@pytest.fixture
def terminal(small_path: Path, models_folder: Path, variables: dict[str, str]) -> Iterator[Open]:
    if not POSIX:
        pytest.skip("needs a pseudo-terminal")
    opened: list[Terminal] = []

    def terminal(*words: object, columns: int = 100) -> Terminal:
        values = environment(models_folder, **variables)
        del values["COLUMNS"]
        opened.append(Terminal(columns, ("chat", *BOUNDS, *words), values))
        return opened[-1]

    yield terminal
    for one in opened:
        one.process.close(force=True)


PROMPT = r"^>$"


@pytest.mark.parametrize("columns", [60, 200])
def test_questions_are_typed_and_edited(terminal: Open, document: Path, columns: int) -> None:
    seen = terminal(document, "--max-tokens", 8, columns=columns)
    text = seen.wait(PROMPT)
    assert "/help lists the commands" in text
    text = seen.wait(r"^ cache 256/256 \| conversation 0/768 \| peak \d+ MB")
    seen.type("Sxyy hello.\x01\x1b[C\x1b[C\x1b[3~\x1b[Da\x1b[3~\r")  # Home, right, right, delete
    text = seen.wait(r"(?s)> Say hello\.\n.+^>$")
    assert max(map(len, seen.lines)) <= columns
    if columns == 200:
        seen.wait(r"^ cache .* \| keydiff-prerope$")
    else:
        assert "| keydiff" not in seen.wait(r"^ cache")
    seen.type("\x1b[A")  # the history
    seen.wait(r"(?s)> Say hello\.\n.+> Say hello\.$")
    seen.type("\x03")  # gives the line up
    seen.wait(r"(?s)> Say hello\.\n.+> Say hello\.\n.*^>$")
    seen.type("/poli\t window\t\r")
    seen.wait(r"^ cache 256/256 \| conversation [1-9]")
    seen.type("\x04")
    assert seen.end() == 0


def test_several_lines_are_one_question(terminal: Open, document: Path, tmp_path: Path) -> None:
    seen = terminal(document, "--max-tokens", 4)
    seen.wait(PROMPT)
    seen.type("one\x1b\rtwo\r")
    seen.wait(r"(?s)two\n.+^>$")
    seen.type("\x1b[200~three\nfour\x1b[201~\r")
    seen.wait(r"(?s)four\n.+^>$")
    seen.type("/save lines\r")
    seen.wait("saved; keydiff chat --resume lines")
    seen.type("/quit\r")
    assert seen.end() == 0
    turns = json.loads((tmp_path / "chats" / "lines.json").read_text())["turns"]
    assert [turn["question"] for turn in turns] == ["one\ntwo", "three\nfour"]
    history = tmp_path / "chats" / "history"
    assert "+three" in history.read_text()
    assert history.stat().st_mode & 0o777 == 0o600


def test_an_answer_is_stopped_and_the_chat_goes_on(terminal: Open, document: Path) -> None:
    seen = terminal(document, "--max-tokens", 4000, "--system", "Tell long stories.")
    seen.wait(PROMPT)
    seen.type("Tell me a very long story about the harbour.\r")
    seen.wait(r"(?s)harbour\.\n.*\w{3}.*\w{3}")
    seen.process.kill(signal.SIGINT)
    seen.wait(r"(?s)keydiff: stopped\n.*^>$")
    seen.type("/undo\r")
    seen.wait(r"(?s)forgotten: Tell me a very.*^>$")
    seen.type("/undo\r")
    seen.wait(r"(?s)nothing to take back.*^>$")
    seen.type("/nonsense\r")
    seen.wait(r"(?s)no command /nonsense.*^>$")
    seen.type("\x04")
    assert seen.end() == 0


def test_what_is_typed_while_it_reads_is_for_the_prompt(terminal: Open, tmp_path: Path) -> None:
    long = tmp_path / "long.txt"
    long.write_text(story(lines=60))
    seen = terminal(long, "--max-tokens", 4)
    seen.wait("reading long.txt")
    seen.type("Say hellx\x7fo.\r\x04")
    assert "hell" not in seen.text
    seen.wait(r"^> Say hello\.$")
    assert seen.end() == 0


def test_stopped_while_reading_it_ends(terminal: Open, tmp_path: Path) -> None:
    long = tmp_path / "long.txt"
    long.write_text(story(lines=400))
    seen = terminal(long)
    seen.wait("reading long.txt")
    seen.type("\x03")
    seen.wait("keydiff: error: interrupted")
    assert seen.end() == 130


def test_the_terminal_changes_its_size(terminal: Open, document: Path) -> None:
    seen = terminal(document, "--max-tokens", 8, columns=120)
    seen.wait(PROMPT)
    seen.type("Say hello, and nothing")
    seen.wait("> Say hello, and nothing$")
    seen.resize(60)
    seen.type(" else.")
    seen.wait(r"nothing else\.$")
    assert max(map(len, seen.lines)) <= 60
    seen.type("\r")
    seen.wait(r"(?s)^>$.+conversation [1-9]")
    seen.type("\x04")
    assert seen.end() == 0
