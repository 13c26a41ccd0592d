"""The loop of a chat: lines in, answers out, and what is said where something goes wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from fake_model import FakeLlama
from talk_helpers import asked, lose_rows, stop_at

from keydiff_cli.cli.repl import Repl
from keydiff_cli.talk.ahead import NotesAhead

WELCOME = "Ask a question; /help lists the commands, Ctrl-D leaves.\n"


def answer(repl: Repl, line: str) -> str | None:
    """The answer that the loop has to a line."""
    pieces = repl.handle(line)
    return None if pieces is None else "".join(pieces)


def test_a_line_is_a_question_a_command_or_nothing(repl: Repl) -> None:
    assert answer(repl, " \n") is None
    assert answer(repl, "  Why? \n") == "Why?"
    assert answer(repl, "//tmp is full, why?") == "Why? /tmp is full, why?"
    assert asked(repl.chat.turns) == ["Why?", "/tmp is full, why?"]
    assert answer(repl, "/undo") is None
    assert asked(repl.chat.turns) == ["Why?"]
    assert not repl.left
    assert answer(repl, "/quit") is None
    assert repl.left


@pytest.mark.parametrize(
    "line", ["exit", "quit", " Exit ", ":q", "/exit", "/bye", "/quit", "/q", "/EXIT"]
)
def test_what_fingers_know_leaves(repl: Repl, line: str) -> None:
    assert answer(repl, line) is None
    assert repl.left
    assert repl.chat.turns == []


@pytest.mark.parametrize("line", ["help", "?", ".help"])
def test_words_for_help_are_no_questions(
    repl: Repl, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    monkeypatch.setattr("keydiff_cli.cli.repl.run_command", lambda _, name: ran.append(name))
    assert repl.handle(line) is None
    assert ran == ["help"]
    assert not repl.chat.turns


def test_an_answer_of_nothing_ends_no_chat(repl: Repl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repl.chat, "say", lambda question: iter(()))
    repl._take("Summarise the document.")
    assert not repl.chat.turns


def test_a_setting_that_needs_a_new_reading_is_changed_by_its_command(repl: Repl) -> None:
    repl.handle("/set budget 128")
    assert repl.chat.settings.budget == 128


def test_what_came_before_is_shown(repl: Repl, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    repl.tell_before()
    assert capsys.readouterr() == ("", "keydiff: no question came before\n")
    for question in ("One?", "Two?"):
        answer(repl, question)
        repl.display.end_line()
    capsys.readouterr()
    repl.tell_before()
    assert capsys.readouterr() == (
        "> Two?\n\nOne? Two?\n",
        "keydiff: 2 questions came before; the last one:\n",
    )


# At a terminal -------------------------------------------------------------------------------


def test_it_goes_on_until_the_user_leaves(
    repl: Repl, type_lines: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    type_lines(repl, "Why?", KeyboardInterrupt, "", "And now?", EOFError)
    assert capsys.readouterr() == (f"{WELCOME}\nWhy?\n\n\nWhy? And now?\n\n", "")
    type_lines(repl, "/quit")
    assert repl.left


def test_what_goes_wrong_is_said_and_the_chat_goes_on(
    repl: Repl, type_lines: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    type_lines(repl, "/nonsense", "/kv_type", "/budget 0", "Why?", EOFError)
    printed = capsys.readouterr()
    assert printed.out == f"{WELCOME}\nWhy?\n\n"
    first, second, third = printed.err.splitlines()
    assert first == "keydiff: error: there is no command /nonsense; /help lists them"
    assert second == "keydiff: error: there is no command /kv_type; /help lists them"
    assert third.startswith("keydiff: error: ")
    assert "budget: 0 must be at least 1" in third


def test_where_what_was_read_is_lost_it_is_read_again_for_the_next_question(
    repl: Repl,
    type_lines: Callable[..., list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    capsys.readouterr()
    lose_rows(monkeypatch, 2)
    *_, before, lost, after, _ = type_lines(repl, "One?", "Two?", "", "Three?", EOFError)
    printed = capsys.readouterr()
    assert printed.out == f"{WELCOME}\nOne?\n\n\nOne? Two?\n\nOne? Three?\n\n"
    assert printed.err == (
        "keydiff: error: what was read is lost, and has to be read again: the device is gone\n"
    )
    assert "conversation 0/" in lost
    assert before != lost == after
    assert asked(repl.chat.turns) == ["One?", "Three?"]


def test_it_is_said_how_an_answer_goes_on(
    repl: Repl, type_lines: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    repl.chat.show_by(replace(repl.chat.settings, max_tokens=4))
    capsys.readouterr()
    type_lines(repl, "What is it?", EOFError)
    assert capsys.readouterr().err.splitlines()[-1] == "keydiff: /continue goes on with the answer"


def test_an_answer_is_stopped_and_the_chat_goes_on(
    repl: Repl,
    fake: FakeLlama,
    type_lines: Callable[..., list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    capsys.readouterr()
    stop_at(fake.cache, 5)
    type_lines(repl, "Why is it blue?", "And now?", EOFError)
    printed = capsys.readouterr()
    assert printed.err == "keydiff: stopped; /continue goes on with the answer\n"
    first, second = printed.out.removeprefix(WELCOME).split()[0], printed.out.splitlines()[-2]
    assert 0 < len(first) < len("Why is it blue?")
    assert "Why is it blue?".startswith(first)
    assert second.endswith("And now?")


def test_the_bottom_line_has_what_fits(repl: Repl, type_lines: Callable[..., list[str]]) -> None:
    read = repl.chat.report.tokens.document
    before, after = type_lines(repl, "Why?", EOFError, columns=200)
    usual = rf" cache 256/256 \| conversation {{}}/512 \| peak [\d.]+ .B \| read {read} tokens"
    assert re.fullmatch(usual.format(0) + r" \| keydiff-prerope", before)
    assert re.fullmatch(usual.format("[1-9][0-9]*") + r" \| keydiff-prerope", after)
    for columns in (14, 20, 40, 60, 75):
        (shown,) = type_lines(repl, EOFError, columns=columns)
        assert shown.startswith(" cache 256/256")
        assert after.startswith(shown)
        assert len(shown) <= columns
    assert type_lines(repl, EOFError, columns=20) == [" cache 256/256"]


def test_the_bottom_line_says_which_note_is_being_made(
    repl: Repl, type_lines: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    with repl.display.typing():
        repl.display.noting(2, 9)
    (shown,) = type_lines(repl, EOFError)
    assert shown.startswith(" noting 3/9 | cache 256/256 | conversation ")
    repl.display.reading_over()
    (shown,) = type_lines(repl, EOFError)
    assert shown.startswith(" cache 256/256 | conversation ")
    assert capsys.readouterr().err == ""


def test_notes_are_made_while_lines_are_typed(
    repl: Repl, type_lines: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    monkeypatch.setattr(NotesAhead, "left", property(lambda _: len(made) < 3))
    monkeypatch.setattr(NotesAhead, "step", lambda _: made.append(1) or len(made) < 3)
    type_lines(repl, "Why?", "", "", EOFError)
    assert len(made) == 3
    assert repl.failed is None
