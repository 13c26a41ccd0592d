"""A conversation as Markdown."""

from __future__ import annotations

from keydiff_cli.report import Turn
from keydiff_cli.talk.markdown import as_markdown

TURNS = [Turn("What is it?", "A harbour.\nAn old one.", "eos"), Turn("Überall?", "J\n", "length")]


def test_a_chat_as_markdown() -> None:
    assert as_markdown(["/tmp/a.pdf"], TURNS) == (
        "# Chat\n\n- a.pdf\n\n## What is it?\n\nA harbour.\nAn old one.\n"
        "\n## Überall?\n\nJ\n\n*(length)*\n"
    )


def test_a_chat_about_nothing_has_no_list_and_a_question_is_one_line() -> None:
    assert as_markdown([], []) == "# Chat\n"
    assert as_markdown([], [Turn("one\n two", "", "interrupted")]) == (
        "# Chat\n\n## one two\n\n\n\n*(interrupted)*\n"
    )
