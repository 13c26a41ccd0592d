"""What a text states: its sentences, list items and rows, whatever lines they are in."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest
from text_helpers import END, MadeDocument, PlainBytes

from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.passages import Passage
from keydiff_cli.text.statements import find_statements, statements_of


def statements(text: str) -> list[str]:
    return [statement.text for statement in find_statements(text)]


SAMPLE = Path(__file__).parents[2] / "docs" / "sample" / "harbour-report.txt"
WRAPPED = """\
The key of the lamp room is kept by the deputy
Marta Lind, and in her absence by the pilot. The
rent is due on 3 May 2026. It is paid to the
Harbour Office."""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            WRAPPED,
            [
                "The key of the lamp room is kept by the deputy Marta Lind, and in her absence by "
                "the pilot.",
                "The rent is due on 3 May 2026.",
                "It is paid to the Harbour Office.",
            ],
        ),
        (
            "Fees\n\n- the first fee is 5 euros\n- the second fee is 7 euros, which\n  is more\n",
            ["the first fee is 5 euros", "the second fee is 7 euros, which is more"],
        ),
        (
            "| Kind of vessel | 2022 | 2023 |\n| General cargo | 142 | 157 |",
            ["| Kind of vessel | 2022 | 2023 |", "| General cargo | 142 | 157 |"],
        ),
        (
            "Name: Marta Lind\nRole: the site manager\nPlace: the old quay",
            ["Name: Marta Lind", "Role: the site manager", "Place: the old quay"],
        ),
        ("The end of a page\n[Page 2]\nThe next page begins.", None),
        ("2. Works\n\nOne. Two.\n\n\n", []),
        ("", []),
    ],
)
def test_a_statement_is_a_sentence_an_item_or_a_row(text: str, wanted: list[str] | None) -> None:
    found = statements(text)
    assert found == (["The end of a page", "The next page begins."] if wanted is None else wanted)


def test_of_a_real_text_nothing_is_lost() -> None:
    text = SAMPLE.read_text()
    words = [word for word in text.split() if len(word) > 3]
    found = " ".join(statements(text)).split()
    assert len(found) > 0.97 * len(text.split())
    assert len(set(words) - set(found)) < 0.02 * len(set(words))


def test_a_long_text_is_soon_read() -> None:
    started = time.perf_counter()
    statements("a line of words\n" * 20_000)
    statements("word " * 100_000)
    assert time.perf_counter() - started < 4  # far more than it takes


def test_the_tokens_of_a_statement_have_it() -> None:
    corpus = Corpus(
        [MadeDocument([(WRAPPED + "\n\nD\u00fcne, \u6e2f and quay.", None)])], PlainBytes()
    )
    corpus.read_to(END)
    part = Passage(5, corpus.tokens - 3)
    found = statements_of(corpus, part)
    assert len(found) == 4
    for tokens, text in found:
        assert " ".join(corpus.text(tokens.start, tokens.stop).split()) == text
    assert all(before.stop <= after.start for (before, _), (after, _) in pairwise(found))
    assert found[-1][1] == "D\u00fcne, \u6e2f and qu"


def test_marks_of_other_kinds_of_pages_are_no_statements() -> None:
    text = "It ends.\n[Sheet 2: The fees of the harbour]\nEach quay has two bells.\n"
    stated = [statement.text for statement in find_statements(text, "sheet")]
    assert stated == ["Each quay has two bells."]
    assert "Sheet 2" in next(find_statements(text)).text
