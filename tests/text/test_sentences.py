"""Sentences and list items of what a model writes: where they end, and how some are joined."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keydiff_cli.text.sentences import join_sentences, split_sentences


def texts(text: str) -> list[str]:
    return [sentence.text for sentence in split_sentences(text)]


@pytest.mark.parametrize(
    "sentence",
    [
        "The U.S. Treasury sold it.",
        "Acme Inc. owns Brown & Sons Ltd. and more.",
        "Acme Pte. Ltd. and Brown Pvt. Limited are owned by it.",
        "Forge Corp. Holdings grew.",
        "It is No. 3 of them.",
        "It cost $1.5 million in all.",
        "J. R. Smith met Dr. Jones and Mrs. Gray.",
        "Some, e.g. Ostwick, or i.e. Paris, stayed.",
        "It rose 3.5% vs. 2.1% before.",
        "They waited ... Then it came.",
        "They waited... Nothing (approx. 5) came\u2026 Then it did.",
        "On Jan. 5 and Dec. 31, 2024 it rained.",
        "It opens at 9 a.m. daily.",
        "It is in Section 13.2 of www.example.com, see p. 5.",
        'He said "no" to "A. B." again.',
    ],
)
def test_no_sentence_ends_within(sentence: str) -> None:
    assert texts(f"{sentence} The next one is short.") == [sentence, "The next one is short."]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One! Two? Three.", ["One!", "Two?", "Three."]),
        ('He said "no." She left.', ['He said "no."', "She left."]),
        ("It is **5.** Then 6.", ["It is **5.**", "Then 6."]),
        ("It was sold to Acme Inc. The price is unknown.",
         ["It was sold to Acme Inc.", "The price is unknown."]),
        ("It is made in the U.S. It sells.", ["It is made in the U.S.", "It sells."]),
        ("Was it? No. The rest stayed.", ["Was it?", "No.", "The rest stayed."]),
        ("It was 1,234. 50 came.", ["It was 1,234.", "50 came."]),
        ("\u6e2f\u53e3\u5f88\u5927\u3002\u5b83\u5f88\u8001\uff01\u662f\u5417\uff1f",
         ["\u6e2f\u53e3\u5f88\u5927\u3002", "\u5b83\u5f88\u8001\uff01", "\u662f\u5417\uff1f"]),
        ("Sales\n- Up by 5\n- Down by 6. Then up.\n\n1. First\n2) Second",
         ["Sales", "Up by 5", "Down by 6.", "Then up.", "First", "Second"]),
        ("# Head\n\n* **Cash**: 5\n  more of it\n* Debt", ["Head", "**Cash**: 5\n  more of it",
         "Debt"]),
        ("- \n1", ["1"]),
        ("A line that\ngoes on. And\nAnother", ["A line that\ngoes on.", "And", "Another"]),
        ("-5 is less.\n| a | 5 |\n|---|---|", ["-5 is less.", "| a | 5 |", "|---|---|"]),
        (" \n", []),
        ("", []),
    ],
)  # fmt: skip
def test_where_sentences_end(text: str, sentences: list[str]) -> None:
    assert texts(text) == sentences


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("It ended.", True),
        ("It ended (at last).", True),
        ('He said "no."', True),
        ("**It ended.**", True),
        ("\u6e2f\u53e3\u5f88\u5927\u3002", True),
        ("And so on...", True),
        ("| a | 5 |", True),
        ("It was sold to Acme Inc.", True),
        ("for the three months ended March 31, 20", False),
        ("the earnings per share are (0.0", False),
        ("Revenue grew 12.", False),  # 12.5 %, perhaps
        ("A fee of $45.", False),
        ("It grew (by 12.)", True),
        ("in exchange for", False),
        ("The U.", False),
        ("Some of it, e.g.", False),
        ("The figures are:", False),
        ("| a | 5", False),
        ("|", False),
    ],
)
def test_a_sentence_that_was_cut_off(text: str, whole: bool) -> None:
    assert split_sentences(f"First. {text}")[-1].is_whole is whole


@pytest.mark.parametrize(
    ("left_out", "joined"),
    [
        ("", "Intro. More.\n\n- One. Two.\n- Three.\n\nEnd."),
        ("Intro", "More.\n\n- One. Two.\n- Three.\n\nEnd."),
        ("More", "Intro.\n\n- One. Two.\n- Three.\n\nEnd."),
        ("One", "Intro. More.\n\n- Two.\n- Three.\n\nEnd."),
        ("Two", "Intro. More.\n\n- One.\n- Three.\n\nEnd."),
        ("One Two", "Intro. More.\n\n- Three.\n\nEnd."),
        ("Three", "Intro. More.\n\n- One. Two.\n\nEnd."),
        ("One Two Three", "Intro. More.\n\nEnd."),
        ("End", "Intro. More.\n\n- One. Two.\n- Three."),
        ("Intro More One Two Three End", ""),
    ],
)
def test_what_is_kept_stays_in_its_lines_and_lists(left_out: str, joined: str) -> None:
    text = "Intro. More.\n\n- One. Two.\n- Three.\n\nEnd."
    without = left_out.split()
    sentences = split_sentences(text)
    assert joined == join_sentences((s, s.text.strip(".") not in without) for s in sentences)


@given(st.text(st.sampled_from('Ab1.?! \n-*|\u3002"')) | st.text())
def test_nothing_is_lost_or_added(text: str) -> None:
    sentences = split_sentences(text)
    assert "".join(s.lead + s.text for s in sentences) == text.rstrip()
    assert all(s.text == s.text.strip() != "" for s in sentences)
    assert join_sentences((s, True) for s in sentences) == text.strip()
