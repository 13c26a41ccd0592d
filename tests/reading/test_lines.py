"""Sentences of notes for a summary: of every part some, none twice, in so many words."""

from __future__ import annotations

from keydiff_cli.reading.lines import choose_lines, distinct_lines
from keydiff_cli.text.places import Note


def note(number: int, *sentences: str) -> Note:
    return Note("a.pdf", (number, number), (1, 9), "\n".join(f"- {each}" for each in sentences), ())


NOTES = [
    note(1, "The harbour has nine quays, six of them old.", "Two boats lie there."),
    note(2, "A lamp of 96 steps burns.", "It was lit in 1871 by the first of its keepers."),
    note(3),
    note(4, "The ferry carries 40 carts a day.", "It sails at noon."),
]


def chosen(words: int, notes: list[Note] = NOTES) -> list[tuple[int, str]]:
    lines = choose_lines(distinct_lines(notes), words)
    assert sum(len(line.text.split()) for line in lines) <= words
    pages = [notes[line.number].pages for line in lines]
    return [(page[0] if page else 0, line.text) for page, line in zip(pages, lines, strict=True)]


def test_each_note_gives_its_first_sentence_and_more_where_there_is_room() -> None:
    firsts = [(1, "The harbour has nine quays, six of them old."), (2, "A lamp of 96 steps burns.")]
    firsts.append((4, "The ferry carries 40 carts a day."))
    assert chosen(22) == firsts
    assert chosen(26) == [firsts[0], (1, "Two boats lie there."), *firsts[1:]]
    assert len(chosen(100)) == 6


def test_where_they_are_too_long_each_gives_its_shortest() -> None:
    assert chosen(14) == [
        (1, "Two boats lie there."),
        (2, "A lamp of 96 steps burns."),
        (4, "It sails at noon."),
    ]


def test_where_these_are_too_long_notes_from_all_over_give_one() -> None:
    many = [note(number, f"Quay {number} has {number} boats.") for number in range(100)]
    pages = [page for page, _ in chosen(50, many)]
    assert len(pages) == 10
    assert all(any(low <= page < low + 25 for page in pages) for low in (0, 25, 50, 75))


def test_what_says_more_or_the_opposite_is_not() -> None:
    more = [
        note(1, "Revenue increased in the quarter.", "The loan was not repaid in the year."),
        note(2, "Revenue increased in the quarter to $5,200.", "The loan was repaid in the year."),
    ]
    assert len(chosen(100, more)) == 4


def test_what_another_sentence_says_is_passed_over() -> None:
    twice = [
        note(1, "The harbour has 9 quays and 2 boats."),
        note(2, "The harbour has 9 quays.", "The lamp has 96 steps."),
        note(3, "The harbour has 8 quays and 2 boats."),
    ]
    assert chosen(100, twice) == [
        (1, "The harbour has 9 quays and 2 boats."),
        (2, "The lamp has 96 steps."),
        (3, "The harbour has 8 quays and 2 boats."),
    ]
    assert chosen(0) == chosen(10, []) == []
