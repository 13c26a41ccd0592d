"""Sentences checked against a source: what is true stays, what is made up is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from text_helpers import SAMPLE

from keydiff_cli.text.checking import checked, claims_of, missing
from keydiff_cli.text.facts import Facts
from keydiff_cli.text.sentences import split_sentences
from keydiff_cli.text.stated import read_stated

SOURCE = """Forge Innovation Development Corp. filed its Form 10-Q for the three months ended
March 31, 2024 and 2023. Revenue was $136,219, or 53% of it from Legend LP; net loss was $(584,338).
The loan of $ 1,234,567 runs for 72 months at 3.75%\u20134.25% from FY23 (see Section 13(d) and ASC
842). It sold 10,000 to 20,000 shares in the first quarter of 2024, and twenty-five lots; rents of
\u20ac1.234,56 are due in the years 2022-2023. The accountants(1) of O\u2019Brien & Sons stayed.
"""
FACTS = Facts.of(SOURCE)
FILING = """PART I. FINANCIAL INFORMATION
(in thousands, except per share data)      Three Months Ended June 30,
                                             2024            2023
Net sales                               $    1,204,811   $   1,198,333
Cost of sales (1)                              (702,114)        (698,020)
Diluted loss per share                  $        (0.14)  $       (0.09)
(1) Includes $3.2 million and $2.9 million of depreciation, respectively.

On May 3, 2024, Harrow & Lyle Holdings, Inc. ("H&L" or the "Company") entered into Amendment No. 2
to its Credit Agreement with Norbank, N.A., which matures on April 30, 2029. Borrowings bear
interest at SOFR plus 1.75% to 2.50%, and 3.4x was the ratio of Item 7A. As of
June 30, 2024, there was $412.5 million outstanding, a decrease of approximately 6.1% or $26.8
million compared with December 31, 2023. Fiscal 2024 has fifty-three weeks; about one third of the
12,450 employees are in the U.S., see Note 11 and Rule 13a-15(e).
"""


@pytest.mark.parametrize(
    "sentence",
    [
        "The Company's revenue was $136,219 for the three months ended March 31, 2024.",
        "Revenue was about $136,000, of which 53 percent came from Legend.",
        "It lost over $584,000, some $0.58 million, or (584,338).",
        "It borrowed $1.2 million (nearly $1.24 million) for 72 months at 3.75 to 4.25%.",
        "In Q1 2024 it sold between 10,000 and 20,000 shares and 25 lots.",
        "Additionally, FY23 and 2022\u20132023 are in Section 13(d), ASC 842 and Form 10-Q.",
        "Over the 2022-23 years there were 3 kinds of it, for the 2nd time.",
        "O'Brien and Sons\u2019 accountants stayed; rents were \u20ac1.234,56.",
        "- **Tenants**: They came in March.",
        "Tenants pay.",
    ],
)
def test_what_is_true_is_not_missing(sentence: str) -> None:
    assert missing(sentence, FACTS) == ()


@pytest.mark.parametrize(
    ("sentence", "lacks"),
    [
        ("Revenue was $136,291.", ["$136,291"]),
        ("Revenue was $136,219 million.", ["$136,219 million"]),
        ("The loan is $1.2 billion.", ["$1.2 billion"]),
        ("The loan is $1.3 million.", ["$1.3 million"]),
        ("The loss was (584,383).", ["584,383"]),
        ("It is for April 31, 2024 or March 31, 2022.", ["April 31, 2024", "March 31, 2022"]),
        ("It was in February 2024, on Monday.", ["February 2024", "Monday"]),
        ("Revenue from others was 47%.", ["47%"]),
        ("It is 53 of them.", ["53"]),
        ("Rates are 3.75 to 4.50%.", ["4.50%"]),
        ("It paid 5%.", ["5%"]),
        ("It sold thirty-five lots for 60 months.", ["60", "thirty-five"]),
        ("In Q2 of FY24 and 2021\u201322, it filed.", ["Q2", "2021"]),
        ("It has Section 15(d), ASC 842-20 and Form 10-K.", ["15", "20", "10-K"]),
        ("It bought Zyntrix for \u00a310,000.", ["Zyntrix", "\u00a310,000"]),
        ("Zyntrix Corp. and O'Brian filed.", ["Zyntrix", "O'Brian"]),
        ("In 2024, Nevada's FGNV sued the SEC.", ["Nevada's", "FGNV", "SEC"]),
    ],
)
def test_what_is_made_up_is_missing(sentence: str, lacks: list[str]) -> None:
    assert sorted(missing(sentence, FACTS)) == sorted(lacks)


def test_what_is_missing_is_in_the_order_of_the_sentence() -> None:
    assert missing("In May, 77 of Zyntrix left in 1999.", FACTS) == ("May", "77", "Zyntrix", "1999")


def test_a_text_without_the_sentences_that_are_not_true() -> None:
    text = "- Revenue was $136,219. It was 54% of all.\n- It fell in 1999.\n\nLegend paid 53%."
    result = checked(text, FACTS)
    assert result.text == "- Revenue was $136,219.\n\nLegend paid 53%."
    assert result.left_out == ("It was 54% of all.", "It fell in 1999.")


def test_nothing_to_check() -> None:
    result = checked(" \n", FACTS)
    assert (result.text, result.left_out) == ("", ())


def test_nothing_of_the_sample_is_missing_in_it() -> None:
    text = (SAMPLE / "harbour-report.txt").read_text(encoding="utf-8")
    facts = Facts.of(text)
    result = checked(text, facts)
    assert result.left_out == ()
    assert len(claims_of(read_stated(text), facts)) > 100
    assert result.text.split() == text.split()


def test_nothing_of_a_filing_is_missing_in_it() -> None:
    for source in (SOURCE, FILING):
        facts = Facts.of(source)
        assert len(claims_of(read_stated(source), facts)) > 20
        assert checked(source, facts).left_out == ()


PIECES = """
Forge Zyn-Trix Q1 COVID-19 $1.5 million 5 53% 12 (1,234) $ 8,113 March May 31, 2024 2023-24 FY23 to
and or in thousands twenty five Section 13(d) 10-Q . , ; - \u2013 ( ) % 3/4/2024 2024-03-14 ended
months U.S. Inc. bn hundred 2.5 ASU 2016-13
"""


@given(st.lists(st.sampled_from([*PIECES.split(), "\n"]), max_size=30).map(" ".join))
def test_nothing_that_was_cut_out_of_a_source_is_missing(source: str) -> None:
    facts = Facts.of(source)
    for sentence in split_sentences(source):
        assert missing(sentence.text, facts) == ()


@given(st.text())
def test_any_text_can_be_checked_against_itself(text: str) -> None:
    assert len(checked(text, Facts.of(text)).text) <= len(text)
