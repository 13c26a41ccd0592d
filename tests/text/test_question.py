"""What of a question is searched for: not its choices, and what it leans on."""

from __future__ import annotations

import pytest

from keydiff_cli.text.question import leant_on, searched

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


def test_a_chain_of_short_questions_leans_on_the_last_full_one() -> None:
    other = "Who was the first harbour master of all?"
    assert leant_on([]) == ""
    assert leant_on([other, FULL]) == FULL
    said = leant_on([other, FULL, "And in 2022?", "And who did it?\nA) One\nB) Two"])
    assert said == f"{FULL} And in 2022? And who did it?"
    assert searched("And in 2023?", said) == f"{said} And in 2023?"
    assert searched(other, said) == other


@pytest.mark.parametrize(
    ("full", "short"),
    [
        (
            "\u8c01\u5728\u6625\u5929\u7c89\u5237\u4e86\u4ed3\u5e93\uff1f",
            "\u90a32022\u5e74\u5462\uff1f",
        ),
        (
            "\u0e43\u0e04\u0e23\u0e17\u0e32\u0e2a\u0e35\u0e42\u0e01\u0e14\u0e31\u0e07\u0e43\u0e19\u0e24\u0e14\u0e39\u0e43\u0e1a\u0e44\u0e21\u0e49",
            "\u0e41\u0e25\u0e49\u0e27\u0e1b\u0e35 2022 \u0e25\u0e48\u0e30",
        ),
    ],
    ids=["Chinese", "Thai"],
)
def test_where_no_spaces_are_put_characters_count(full: str, short: str) -> None:
    # "Who painted the storehouse in spring?" and "And in 2022?"
    assert searched(full, FULL) == full
    assert searched(short, full) == f"{full} {short}"
