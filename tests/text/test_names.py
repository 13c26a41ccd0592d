"""Names told by their capitals and digits, and looked up in the words of a text."""

from __future__ import annotations

import pytest

from keydiff_cli.text.names import find_names, has_name, plain, words_of
from keydiff_cli.text.ordinary import LABELS, OPENERS

SOURCE = """The Harbour Board met Maren Ostwick\u2019s crew of Sarbanes-Oxley Holdings, Inc.
It names a Chief Executive Officer and the Department of Justice. In the first quarter the
subsidiary filed its Form 10-Q; COVID\u201119 and Müller Bros stayed. GEN-23-03 is O'Brien's.
"""


@pytest.mark.parametrize(
    ("sentence", "names"),
    [
        ("Revenue rose, and The Company paid.", []),
        ("Tenants of Forge paid Acme.", ["Forge", "Acme"]),
        ("Forge Corp. paid.", ["Forge"]),
        ("Zyntrix's income rose.", ["Zyntrix's"]),
        ("FGNV and McDonald rose on iPhone sales.", ["FGNV", "McDonald", "iPhone"]),
        ("NASDAQ: it fell.", ["NASDAQ"]),
        ("Including Forge, it rose; additionally In Part.", ["Forge"]),
        ("- **Revenue**: Increased for Acme.", ["Acme"]),
        ("Customer: Zyntrix", ["Zyntrix"]),
        ("Customer: John Smith", ["John", "Smith"]),
        ("Risk: Competition from others.", []),
        ("It filed a 10-Q in Q1 for COVID-19, R&D and the U.S. of A.", ["10-Q", "Q1", "COVID-19"]),
        ("It says I am Mr. X at 5km.", []),
        ("\u6e2f\u53e3 2024\u5e743\u6708 ABC\u6e2f", ["ABC"]),
    ],
)
def test_the_names_of_a_sentence(sentence: str, names: list[str]) -> None:
    found = list(find_names(sentence))
    assert [name.word for name in found] == names
    assert all(sentence[name.start : name.stop] == name.word for name in found)


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("Ostwick", True),
        ("OSTWICK'S", True),
        ("Holding", True),
        ("Subsidiaries", True),
        ("Sarbanes\u2011Oxley", True),
        ("Sarbanes", True),
        ("Ostwick/Board", True),
        ("COVID-19", True),
        ("10-Qs", True),
        ("Muller", True),
        ("O\u2019Brien", True),
        ("CEO", True),
        ("DOJ", True),
        ("Q1", True),
        ("GEN-23-03", True),
        ("GEN-23-08", False),
        ("10-K", False),
        ("COVID-18", False),
        ("Q2", False),
        ("CFO", False),
        ("Ostwicks-Smith", False),
        ("Zyntrix", False),
        ("Harb", False),
    ],
)
def test_a_name_is_looked_up_as_whole_words(name: str, there: bool) -> None:
    assert has_name(words_of(SOURCE), name) is there


def test_ordinary_words_are_written_as_they_are_compared() -> None:
    assert {plain(word) for word in LABELS} == LABELS
    assert {word.lower() for word in OPENERS} == OPENERS
