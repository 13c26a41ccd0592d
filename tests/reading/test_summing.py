"""Summaries: what a model says of the whole, checked, and what the notes say of the parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from keydiff_cli.engine.answer import Answer
from keydiff_cli.reading.summing import Summary
from keydiff_cli.report import CheckedFacts
from keydiff_cli.text.facts import Facts
from keydiff_cli.text.names import words_of
from keydiff_cli.text.places import Note
from keydiff_cli.text.wish import Wish

NOTES = [
    Note("a.pdf", (1, 2), (1, 9), "- Quays: 19\n- It opened in May 1871.", ()),
    Note("a.pdf", (3, 3), (1, 9), "", ("Ten quays.",)),
    Note("a.pdf", (4, 6), (1, 9), "- Its lamp has 96 steps.", ()),
]


class Said:
    """An answer of a model that says this."""

    def __init__(self, text: str, stop_reason: str = "eos") -> None:
        self.said, self.stop_reason = text, stop_reason
        self.tokens: list[int] = []
        self.max_tokens = 40
        self.certainty = 0.5

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self.said), 7):
            self.tokens.append(start)
            yield self.said[start : start + 7]


def summary(
    said: str, wish: Wish, stop_reason: str = "eos", notes: list[Note] = NOTES
) -> tuple[str, Summary]:
    """The text of a summary, and what is known of it then."""
    sources = [(note.place, Facts.of(note.text)) for note in notes if note.text]
    made = Summary(30, sources, notes, wish, lambda: cast(Answer, Said(said, stop_reason)))
    text = "".join(made)
    assert made.text == text
    assert made.prompt == 30
    return text, made


def test_each_sentence_of_the_model_has_the_places_of_what_it_states() -> None:
    said = (
        "The harbour of 19 quays opened in May 1871. It has a lamp of 96 steps and 19 quays. Fine."
    )
    text, made = summary(said, Wish(60))
    assert text == said
    assert [[place.pages for place in each.places] for each in made.sentences] == [
        [(1, 2)],
        [(1, 2), (4, 6)],
        [],
    ]
    assert made.checked == CheckedFacts(4, 4, ())
    assert made.generated == len(range(0, len(said), 7))
    assert made.certainty == 0.5


def test_a_sentence_with_what_the_notes_lack_is_left_out() -> None:
    text, made = summary("It has 19 quays. It cost $500,000. It opened in May 1871.", Wish(60))
    assert text == "It has 19 quays. It opened in May 1871."
    assert made.checked == CheckedFacts(3, 2, ("It cost $500,000.",))
    assert made.remarks == ["a sentence is left out, of which not all facts were found"]


def test_names_may_be_anywhere_in_the_documents_but_figures_may_not() -> None:
    sources = [(NOTES[0].place, Facts.of(NOTES[0].text))]
    said = "Port Aldery has 19 quays. Port Aldery has 40 boats. Port Bexley has 19 quays."
    words = words_of("In Aldery's port there are 40 boats.")
    made = Summary(30, sources, NOTES, Wish(60), lambda: cast(Answer, Said(said)), words)
    assert "".join(made) == "Port Aldery has 19 quays."
    assert [place.pages for place in made.sentences[0].places] == [(1, 2)]


def test_a_sentence_that_was_cut_off_is_no_part_of_it() -> None:
    for lead, stop_reason in ((20, "eos"), (60, "length"), (None, "length")):
        text, made = summary("It has 19 quays. It opened in", Wish(lead), "length")
        assert text == "It has 19 quays."
        assert made.stop_reason == stop_reason, "its own length is none that was reached by chance"
    text, made = summary("It has 19 quays", Wish(60))
    assert (text, made.stop_reason) == ("It has 19 quays", "eos")


def test_the_parts_follow_with_their_places() -> None:
    text, made = summary("A harbour.", Wish(60, 240))
    assert text == (
        "A harbour.\n\n"
        "- Quays: 19; It opened in May 1871. [pages 1-2]\n"
        "- Its lamp has 96 steps. [pages 4-6]"
    )
    assert [place.pages for place in made.uncovered] == [(3, 3)]
    assert [(each.text, str(each.places[0])) for each in made.sentences[1:]] == [
        ("Quays: 19", "pages 1-2"),
        ("It opened in May 1871.", "pages 1-2"),
        ("Its lamp has 96 steps.", "pages 4-6"),
    ]


def test_a_model_that_says_what_is_not_there_is_not_heard_to_its_end() -> None:
    """Only where the parts follow, and nothing of it was given."""
    false = "It cost $500,000. It has 40 boats. It cost $600,000. A harbour."
    text, made = summary(false, Wish(60, 240))
    assert text.startswith("- Quays: 19;")
    assert made.checked.left_out == ("It cost $500,000.", "It has 40 boats.")
    assert made.generated < len(range(0, len(false), 7))
    assert made.certainty == 0.5
    assert made.stop_reason == "eos"
    for said, wish in ((false, Wish(60)), (f"Fine. {false}", Wish(60, 240))):
        text, made = summary(said, wish)
        assert "A harbour." in text
        assert made.generated == len(range(0, len(said), 7))


def test_parts_that_there_are_no_words_for_are_named() -> None:
    text, made = summary("A harbour.", Wish(60, 4))
    assert text == "A harbour.\n\n- Quays: 19 [pages 1-2]"
    assert [place.pages for place in made.uncovered] == [(3, 3), (4, 6)]
    [remark] = made.remarks
    assert remark.startswith("nothing is said of pages 4-6; ")
    text, made = summary("A harbour.", Wish(796, 4))
    assert made.remarks == ["nothing is said of pages 4-6"], "there is no longer one by name"


def test_a_part_that_says_what_another_does_lacks_no_room() -> None:
    again = Note("a.pdf", (7, 7), (1, 9), "- Its lamp has 96 steps.", ())
    _, made = summary("A harbour.", Wish(60, 240), notes=[*NOTES, again])
    assert made.remarks == ["the notes on page 7 say what others do"]
    assert [place.pages for place in made.uncovered] == [(3, 3), (7, 7)]


def test_something_is_said_however_few_words_there_are() -> None:
    for wish in (Wish(1), Wish(0, 1, outline=True)):
        text, made = summary("A har", wish, "length")
        assert text.splitlines()[-1].startswith("- Quays: 19")
        assert [place.pages for place in made.uncovered] == [(3, 3), (4, 6)]


def test_an_outline_has_the_parts_only(monkeypatch: pytest.MonkeyPatch) -> None:
    text, made = summary("Never asked.", Wish(0, 300, outline=True))
    assert (
        text
        == "pages 1-2\n- Quays: 19\n- It opened in May 1871.\n\npages 4-6\n- Its lamp has 96 steps."
    )
    assert made.generated == 0


def test_where_nothing_of_the_model_is_left_the_notes_answer() -> None:
    text, _ = summary("It cost $500,000.", Wish(None))
    assert text.startswith("- Quays: 19; It opened in May 1871. [pages 1-2]")


def test_where_there_is_nothing_else_to_say_it_is_marked() -> None:
    facts = [(NOTES[0].place, Facts.of(NOTES[0].text))]
    said = "It cost $500,000. It has 40 quays."
    made = Summary(30, facts, [], Wish(60), lambda: cast(Answer, Said(said)))
    assert "".join(made) == (
        "It cost $500,000. [not in the document: $500,000]\n"
        "It has 40 quays. [not in the document: 40]"
    )
    assert made.sentences == []


def test_of_several_documents_each_part_names_its_own() -> None:
    other = Note("b.txt", None, (1, 9), "- A clock.", ())
    text, _ = summary("Two.", Wish(60, 240), notes=[NOTES[2], other])
    assert text == (
        "Two.\n\n- Its lamp has 96 steps. [a.pdf, pages 4-6]\n- A clock. [b.txt, lines 1-9]"
    )
    _, made = summary("Two.", Wish(60, 2), notes=[NOTES[2], other])
    assert made.remarks[0].startswith("nothing is said of pages 4-6 of a.pdf; ")
