"""``keydiff chat`` with lines from a pipe: every question gets one line, or one JSON object."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from chat_documents import document, folder
from cli_helpers import SMALL, Result, fails, run
from process_helpers import POSIX, finish, run_process, start

from keydiff_cli.engine.answer import Choices

__all__ = ["document", "folder"]  # fixtures

pytestmark = pytest.mark.model
BOUNDS = ("--model", SMALL, "--budget", 256, "--block", 64, "--threads", 2)
SHORT = (*BOUNDS, "--max-tokens", 8)
QUESTION = "What is the secret password of the harbour?"
KEYS = ("question", "answer", "stop_reason", "certainty", "model", "documents")

Chat = Callable[..., Result]


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


def test_every_line_of_a_pipe_gets_one_line(chat: Chat, document: Path) -> None:
    result = chat("My boat is called Gull. Say Gull.\n\n  \nWhat is my boat called?", document)
    assert result.status == 0, result
    first, second = result.out.splitlines()
    assert "gull" in second.lower()
    alone = chat("My boat is called Gull. Say Gull.", document)
    assert alone.out == f"{first}\n"  # whatever comes after it
    assert first.strip()
    assert "\x1b" not in result.out + result.err
    assert not any(line.startswith("> ") for line in result.out.splitlines())


def test_every_line_of_a_pipe_gets_one_object(chat: Chat, document: Path) -> None:
    first, second = objects(chat(f"{QUESTION}\nWhy?\n", "--json", "-q", document))
    for value, question in ((first, QUESTION), (second, "Why?")):
        assert tuple(value)[: len(KEYS)] == KEYS
        assert value["question"] == question
        assert 0 < value["tokens"]["generated"] <= 8
        assert value["timing_s"]["total"] >= value["timing_s"]["answer"] > 0
        assert value["memory_bytes"]["peak"] > value["cache"]["bytes"]
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
    lines = ["Hello.", "/budget 280", "Why?", "/policy window", "/system Be brief.", "Why not?"]
    answers = objects(chat("\n".join(lines), "--json", "-q", document))
    assert [answer["cache"]["budget"] for answer in answers] == [256, 280, 280]
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
    assert "reads for a question" in fails(chat("Hello.", "--policy", "focus", "-q"), 2)


def test_a_chat_is_never_written_over_another(chat: Chat, document: Path, tmp_path: Path) -> None:
    assert chat("/save one", "-q", document).status == 0
    before = (tmp_path / "chats" / "one.json").read_text()
    assert "there is a chat 'one' already" in fails(chat("/save one", "-q", document), 2)
    assert (tmp_path / "chats" / "one.json").read_text() == before
    note = tmp_path / "x.md"
    note.write_text("mine")
    assert "exists already" in fails(chat(f"/export {note}", "-q", document), 2)
    assert note.read_text() == "mine"


def interrupted(result: Result, as_json: bool) -> None:
    """An answer was begun, and is all that was printed."""
    assert result.status == 130
    (line,) = result.out.splitlines()
    if as_json:
        value = json.loads(line)
        assert (value["question"][:7], value["stop_reason"]) == ("Tell me", "interrupted")
        line = value["answer"]
    assert len(line) > 20


@pytest.mark.skipif(not POSIX, reason="needs a signal")
def test_an_answer_to_a_pipe_that_is_stopped_is_printed(
    document: Path, models_folder: Path, variables: dict[str, str]
) -> None:
    words = ("chat", *BOUNDS, "--max-tokens", 4000, "--system", "Tell long stories.", "--verbose")
    variables = {**variables, "KEYDIFF_CONVERSATION": "512"}
    process = start(
        *words, "--json", document,
        models=models_folder, variables=variables, stdin=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.write(b"Tell me a very long story about the harbour.\n")
    process.stdin.flush()
    batches = (line for line in process.stderr if b"set_abort_callback" in line)
    enough = 50  # more than those of the document and the question
    assert len(list(islice(batches, enough))) == enough
    process.send_signal(signal.SIGINT)
    interrupted(finish(process), as_json=True)


@pytest.mark.parametrize("as_json", [True, False])
def test_ctrl_c_while_an_answer_is_made_prints_what_there_is(
    chat: Chat, document: Path, as_json: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen: list[int] = []
    choose = Choices.__call__

    def press(choices: Choices, logits: Any) -> int:
        chosen.append(choose(choices, logits))
        if len(chosen) == 40:
            signal.raise_signal(signal.SIGINT)
        return chosen[-1]

    monkeypatch.setattr(Choices, "__call__", press)
    words = ("--max-tokens", 4000, *(["--json"] if as_json else []), document)
    result = chat("Tell me a very long story about the harbour.\n", *words)
    interrupted(result, as_json)
    assert "error: interrupted" in result.err


def test_thirty_turns_stay_under_the_cap(
    document: Path, models_folder: Path, variables: dict[str, str]
) -> None:
    lines = ["Hello.", "My boat is called Gull, and it lies at quay nine."]
    lines += [f"Tell me about quay {number}." for number in range(3, 31)]
    words = ("chat", *BOUNDS, "--max-tokens", 4, "--json", "-q", "--memory", "400MB", document)
    text = "\n".join(lines).encode()
    variables = {**variables, "KEYDIFF_CONVERSATION": "128"}
    answers = objects(run_process(*words, stdin=text, models=models_folder, **variables))
    assert len(answers) == 30
    kept = {answer["tokens"]["kept"] for answer in answers}
    assert kept == {256}
    last = answers[-1]["memory_bytes"]
    assert last["peak"] <= last["planned"] <= last["cap"]
