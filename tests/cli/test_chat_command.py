"""``keydiff chat`` with lines from a pipe: every question gets one line, or one JSON object."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chat_documents import document, folder
from cli_helpers import SMALL, Result, run
from process_helpers import run_process

from keydiff_cli.engine.sampling import Choices

__all__ = ["document", "folder"]  # fixtures

BOUNDS = ("--budget", 256, "--block", 64, "--threads", 2)
SHORT = (*BOUNDS, "--max-tokens", 8)
QUESTION = "What is the secret password of the harbour?"
KEYS = ("question", "answer", "data", "thinking", "stop_reason", "certainty")

Chat = Callable[..., Result]


@pytest.fixture
def variables(tiny_path: Path, folder: Path, tmp_path: Path) -> dict[str, str]:
    return {
        "KEYDIFF_MODEL": str(tiny_path),
        "KEYDIFF_CACHE": "1",
        "KEYDIFF_CACHE_DIR": str(folder / "cache"),
        "KEYDIFF_SESSIONS_DIR": str(tmp_path / "chats"),
        "KEYDIFF_ARCHIVE": "off",
        "KEYDIFF_SECOND_LOOK": "0",
    }


@pytest.fixture
def chat(models_folder: Path, variables: dict[str, str]) -> Chat:
    def chat(text: str, *words: object, **more: str) -> Result:
        values = {**variables, **more}
        return run("chat", *SHORT, *words, stdin=text.encode(), models=models_folder, **values)

    return chat


def objects(result: Result) -> list[dict[str, Any]]:
    assert result.status == 0, result
    return [json.loads(line) for line in result.out.splitlines()]


@pytest.mark.model
@pytest.mark.usefixtures("small_path")
def test_every_line_of_a_pipe_gets_one_line(chat: Chat, document: Path) -> None:
    words = ("--model", SMALL, document)
    result = chat("My boat is called Gull. Say Gull.\n\n  \nWhat is my boat called?", *words)
    assert result.status == 0, result
    first, second = result.out.splitlines()
    assert "gull" in second.lower()
    alone = chat("My boat is called Gull. Say Gull.", *words)
    assert alone.out == f"{first}\n"  # whatever comes after it
    assert first.strip()
    assert "\x1b" not in result.out + result.err
    assert not any(line.startswith("> ") for line in result.out.splitlines())


def test_every_line_of_a_pipe_gets_one_object(chat: Chat, document: Path, tmp_path: Path) -> None:
    usual = {"KEYDIFF_ARCHIVE": "full", "KEYDIFF_SECOND_LOOK": "512"}
    usual["KEYDIFF_CACHE_DIR"] = str(tmp_path / "cache")
    first, second = objects(chat(f"{QUESTION}\nWhy?\n", "--json", "-q", document, **usual))
    for value, question in ((first, QUESTION), (second, "Why?")):
        assert tuple(value)[: len(KEYS)] == KEYS
        assert value["question"] == question
        assert 0 < value["tokens"]["generated"] <= 8
        assert value["timing_s"]["total"] >= value["timing_s"]["answer"] > 0
        assert value["memory_bytes"]["peak"] > value["cache"]["bytes"]
        assert value["recall"]["seconds"] > 0
        assert value["second_look"][0]["document"] == "story.txt"
    assert first["documents"] == second["documents"]
    (again,) = objects(chat(f"{QUESTION}\n", "--json", "-q", document, **usual))
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
    for text in ("other.txt", "reading, tokens/s", "/policy [NAME]", f"forgotten: {QUESTION}"):
        assert text in result.err
    assert markdown.read_text().startswith("# Chat\n\n- story.txt\n- other.txt\n\n## Hello.\n")
    resumed = objects(chat("And now?\n", "--json", "-q", "--resume", "work"))
    assert len(resumed[0]["documents"]) == 2
    assert resumed[0]["tokens"]["reused"] == resumed[0]["tokens"]["document"]
    saved = json.loads((tmp_path / "chats" / "work.json").read_text())
    assert [turn["question"] for turn in saved["turns"]] == ["Hello.", "And now?"]
    assert saved["settings"]["budget"] == 256


def interrupted(result: Result, as_json: bool) -> None:
    """An answer was begun, and is all that was printed."""
    assert result.status == 130
    (line,) = result.out.splitlines()
    if as_json:
        value = json.loads(line)
        assert (value["question"][:7], value["stop_reason"]) == ("Tell me", "interrupted")
        line = value["answer"]
    assert len(line) > 20


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


@pytest.mark.model
@pytest.mark.usefixtures("small_path")
def test_thirty_turns_stay_under_the_cap(
    document: Path, models_folder: Path, variables: dict[str, str]
) -> None:
    lines = ["Hello.", "My boat is called Gull, and it lies at quay nine."]
    lines += [f"Tell me about quay {number}." for number in range(3, 31)]
    words = ("chat", "--model", SMALL, *BOUNDS, "--max-tokens", 4, "--json", "-q", document)
    text = "\n".join(lines).encode()
    variables = {**variables, "KEYDIFF_CONVERSATION": "128"}
    words += ("--memory", "400MB")
    answers = objects(run_process(*words, stdin=text, models=models_folder, **variables))
    assert len(answers) == 30
    kept = {answer["tokens"]["kept"] for answer in answers}
    assert kept == {256}
    last = answers[-1]["memory_bytes"]
    assert last["peak"] <= last["planned"] <= last["cap"]
