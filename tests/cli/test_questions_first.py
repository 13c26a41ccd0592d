"""``keydiff ask`` with a file where the question belongs: what it advises is right."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from keydiff_cli.cli import app
from keydiff_cli.errors import ExitStatus


@pytest.fixture(autouse=True)
def documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.txt", "b c.txt", "it's.txt"):
        (tmp_path / name).write_text("The sky is blue.")


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, list[str]]:
    """What ``keydiff ask`` says is wrong, and the words of the command that it advises."""
    with pytest.raises(SystemExit) as end:
        app(["ask", *words])
    assert end.value.code == ExitStatus.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    said, advised = err.removeprefix("keydiff: error: ").split("; write: ")
    return said, shlex.split(advised)


@pytest.mark.parametrize(
    "question",
    [
        "What is blue?",
        "What's blue?",
        "Is it 'blue'?",
        'Is it "blue"?',
        "Isn't it $5 or \"`blue\\!",
    ],
)
def test_a_question_before_the_files_belongs_after_them(
    question: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said, advised = refusal(capsys, question, "a.txt")
    assert said == "the question comes last, after the files"
    assert advised == ["keydiff", "ask", "a.txt", question]


def test_the_files_keep_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    said, advised = refusal(capsys, "b c.txt", "What is blue?", "-", "a.txt", "it's.txt")
    assert said == "the question comes last, after the files"
    assert advised == ["keydiff", "ask", "b c.txt", "-", "a.txt", "it's.txt", "What is blue?"]


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["a.txt"], ["a.txt"]),
        (["a.txt", "b c.txt"], ["a.txt", "b c.txt"]),
        (["", "a.txt"], ["a.txt"]),
        (["axt.txt", "a.txt"], ["axt.txt", "a.txt"]),
        (["what?", "folder/axt", "a.txt"], ["what?", "folder/axt", "a.txt"]),
    ],
)
def test_without_a_question_one_is_to_be_written_behind_all_words(
    words: list[str], left: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A word that is written like a file may be one, with a slip in its name."""
    said, advised = refusal(capsys, *words)
    assert said == "no question, but a file as the last argument"
    assert advised == ["keydiff", "ask", *left, "question"]


def test_a_question_before_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    said, advised = refusal(capsys, "a.txt", "Who signed?", "axt.txt")
    assert said == "the question comes last, after the files"
    assert advised == ["keydiff", "ask", "a.txt", "axt.txt", "Who signed?"]


def test_plain_names_need_no_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        app(["ask", "Who signed?", "a.txt"])
    assert capsys.readouterr().err.endswith("write: keydiff ask a.txt 'Who signed?'\n")


@pytest.mark.parametrize("question", ["Summarize.", "Is it blue...", "What is 4.5"])
def test_a_question_with_a_dot_is_no_file(
    question: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        app(["ask", "no such file.txt", question])
    assert end.value.code == ExitStatus.DOCUMENT
    assert "no such file.txt: there is no such file" in capsys.readouterr().err


def test_words_without_quotes_are_one_question(capsys: pytest.CaptureFixture[str]) -> None:
    said, advised = refusal(capsys, "What", "is", "blue?", "a.txt")
    assert said == "the question comes last, after the files"
    assert advised == ["keydiff", "ask", "a.txt", "What is blue?"]


def test_names_that_begin_like_options_come_after_two_dashes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "-a.txt").write_text("The sky is blue.")
    _, advised = refusal(capsys, "summarize", "--", "-a.txt")
    assert advised == ["keydiff", "ask", "--", "-a.txt", "summarize"]
