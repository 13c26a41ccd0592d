"""What of a question is searched for: not its choices, and what it leans on."""

from __future__ import annotations

import pytest

from keydiff_cli.text.question import searched

FULL = "Which storehouse was painted in the spring?"


@pytest.mark.parametrize(
    "choices",
    [
        "A. The first\nB. The second",
        "A) The first\nB) The second\nC) The third",
        "(A) The first\n(B) The second",
        "[A] The first\n [B] The second",
        "A: The first\nB: The second",
    ],
)
def test_choices_are_not_searched_for(choices: str) -> None:
    assert searched(f"{FULL}\n\n{choices}\n\nAnswer with a letter.") == FULL


@pytest.mark.parametrize(
    "question",
    [
        "Who wrote it?\nA. Nonymous did, they say.",  # one choice is none
        "Was plan A. or plan B. carried out?",  # not at the beginning of a line
        "What do a) and b) stand for?\na) The first\nb) The second",
        "Q: Who painted it?\nA: ",  # nothing would be left
        "A. The first\nB. The second\nWhich of them?",
    ],
)
def test_what_is_no_list_of_choices_stays(question: str) -> None:
    assert searched(question) == question


@pytest.mark.parametrize(
    "question", ["And in 2022?", "Why?", "", "Is it so in May?", "\u00bfY por qu\u00e9?"]
)
def test_a_question_of_few_words_leans_on_the_one_before(question: str) -> None:
    assert searched(question, FULL) == f"{FULL} {question}"
    assert searched(question) == question


def test_a_question_of_enough_words_stands_alone() -> None:
    assert searched(FULL, "Who was the first harbour master?") == FULL
    assert searched("What painted storehouse quay?", FULL) == "What painted storehouse quay?"


def test_choices_are_no_words_of_either_question() -> None:
    before = f"{FULL}\nA) The first storehouse\nB) The second storehouse"
    again = "And why?\nA) It was old and grey\nB) It was cheap and new"
    assert searched(again, before) == f"{FULL} And why?"
