"""A conversation as Markdown."""

from __future__ import annotations

from keydiff_cli.report import Turn
from keydiff_cli.talk.markdown import as_markdown
from keydiff_cli.text.places import Citation

TURNS = [Turn("What is it?", "A harbour.\nAn old one.", "eos"), Turn("Überall?", "J\n", "length")]


def test_a_chat_as_markdown() -> None:
    assert as_markdown(["/tmp/a.pdf"], TURNS) == (
        "# Chat\n\n- a.pdf\n\n## What is it?\n\nA harbour.\nAn old one.\n"
        "\n## Überall?\n\nJ\n\n*(The answer was cut off here.)*\n"
    )


def test_a_chat_about_nothing_has_no_list_and_a_question_is_one_line() -> None:
    assert as_markdown([], []) == "# Chat\n"
    assert as_markdown([], [Turn("one\n two", "", "interrupted")]) == (
        "# Chat\n\n## one two\n\n\n\n*(The answer was cut off here.)*\n"
    )


def test_what_sentences_rest_on_stands_behind_them() -> None:
    citation = Citation(0, 10, "a.pdf", 3, "", (1, 2), "", 1.0, None)
    turns = [Turn("What is it?", "A harbour. An old one.", "eos", (citation,))]
    assert "\n\nA harbour. [page 3] An old one.\n" in as_markdown(["/tmp/a.pdf"], turns)
    assert "harbour. [a.pdf, page 3] An" in as_markdown(["/tmp/a.pdf", "/tmp/b.pdf"], turns)
