"""``keydiff chat`` with lines from a pipe, on a fake model: what changes, and what ends it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_helpers import Result, fails, run
from fake_model import FakeLlama
from talk_helpers import lose_rows

from keydiff_cli.models import LocatedModel
from keydiff_cli.reading.preparation import locate_model
from keydiff_cli.report import Events
from keydiff_cli.settings.config import Settings

Chat = Callable[..., Result]


@pytest.fixture
def chat(fake: FakeLlama, tmp_path: Path) -> Chat:
    def chat(text: str, *words: object) -> Result:
        usual = ("--budget", 256, "--block", 64, "--max-tokens", 64, *words)
        variables = {"KEYDIFF_SESSIONS_DIR": str(tmp_path / "chats"), "KEYDIFF_ARCHIVE": "off"}
        return run("chat", *usual, stdin=text.encode(), **variables, KEYDIFF_SECOND_LOOK="0")

    return chat


def test_settings_change_while_it_goes_on(chat: Chat, document: Path) -> None:
    lines = ["Hello.", "/budget 280", "Why?", "/policy window", "/system Be brief.", "Why not?"]
    result = chat("\n".join(lines), "--json", "-q", document)
    assert (result.status, result.err) == (0, "")
    answers = [json.loads(line) for line in result.out.splitlines()]
    assert [answer["cache"]["budget"] for answer in answers] == [256, 280, 280]
    policies = [answer["cache"]["policy"] for answer in answers]
    assert policies == ["keydiff-prerope", "keydiff-prerope", "window"]
    assert [answer["tokens"]["kept"] for answer in answers] == [256, 280, 280]
    assert answers[2]["tokens"]["prompt"] < answers[1]["tokens"]["prompt"]


def test_an_answer_is_a_line_whatever_is_in_it(
    chat: Chat, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fake_model.FakeModel.reply", staticmethod(lambda _: " It is\n\tblue.\n"))
    result = chat("What?\r\n\n \nAnd why?", "-q", document)
    assert (result.status, result.out, result.err) == (0, "It is blue.\nIt is blue.\n", "")


def test_what_a_sentence_rests_on_is_on_the_line_of_its_answer(
    chat: Chat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = "The keeper buys oil. He is old. It burns."
    monkeypatch.setattr("fake_model.FakeModel.reply", staticmethod(lambda _: answer))
    (tmp_path / "light.txt").write_text("The keeper buys oil.\nIn winter it burns.\n")
    lines = "Who?\n/cite on\nWho?\n/cite off\nWho?"
    result = chat(lines, "-q", tmp_path / "light.txt")
    first, second, third = result.out.splitlines()
    assert first == third == answer
    assert second == "The keeper buys oil. [lines 1-2] He is old. It burns. [lines 1-2]"


@pytest.mark.parametrize(
    ("line", "status", "text"),
    [
        ("/bogus", 2, "there is no command /bogus; /help lists them"),
        ("/add missing.pdf", 3, "missing.pdf"),
        ("/model missing", 4, "missing"),
        ("word " * 3000, 2, "the question has"),
    ],
    ids=["usage", "document", "model", "long question"],
)
def test_what_goes_wrong_ends_it(
    chat: Chat,
    fake: FakeLlama,
    document: Path,
    line: str,
    status: int,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def locate(settings: Settings, events: Events) -> LocatedModel:
        return locate_model(settings, events) if settings.model == "missing" else fake.located

    monkeypatch.setattr("keydiff_cli.reading.reader.locate_model", locate)
    assert text in fails(chat(f"{line}\nnever asked", "-q", document), status)


def test_where_what_was_read_is_lost_it_ends(
    chat: Chat, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_rows(monkeypatch, 2)
    result = chat("One?\nTwo?\nnever asked", "-q", document)
    assert (result.status, result.out) == (4, "One?\n")
    assert "what was read is lost" in result.err


def test_wrong_command_lines(chat: Chat, tmp_path: Path) -> None:
    assert "standard input is where the questions come from" in fails(chat("", "-"), 2)
    assert "missing.txt" in fails(chat("Hello.", tmp_path / "missing.txt"), 3)
    assert "reads for a question" in fails(chat("Hello.", "--policy", "focus", "-q"), 2)


def test_a_chat_is_never_written_over_another(chat: Chat, document: Path, tmp_path: Path) -> None:
    assert chat("/save work", "-q", document).status == 0
    before = (tmp_path / "chats" / "work.json").read_text()
    assert "there is a chat 'work' already" in fails(chat("/save work", "-q", document), 2)
    assert (tmp_path / "chats" / "work.json").read_text() == before
    note = tmp_path / "x.md"
    note.write_text("a note")
    assert "exists already" in fails(chat(f"/export {note}", "-q", document), 2)
    assert note.read_text() == "a note"
