"""How long an answer about the whole is to be, by the question or by what is chosen."""

from __future__ import annotations

import pytest

from keydiff_cli.text.wish import Wish


@pytest.mark.parametrize(
    ("question", "wish"),
    [
        ("Summarize this report.", Wish(60, 240)),
        ("What are the main points?", Wish(60, 240)),
        ("Summarize it in 300 words.", Wish(60, 240)),
        ("A 100-word summary, please.", Wish(100)),
        ("Write a summary of 1,000 words.", Wish(60, 940)),
        ("Summarize it in two hundred words.", Wish(60, 140)),
        ("Give me a two-hundred-word summary", Wish(60, 140)),
        ("Summarize it in a hundred words.", Wish(100)),
        ("Summarize it in one hundred and fifty words", Wish(60, 90)),
        ("Summarize it in a thousand words, or two", Wish(60, 940)),
        ("Summarize the two reports in plain words.", Wish(60, 240)),
        ("Summarize it in 0 words.", Wish(1)),
        (f"Summarize it in {'9' * 5000} words.", Wish(60, 9940)),
        ("Summarize briefly", Wish(60)),
        ("tl;dr", Wish(60)),
        ("Give me a detailed summary", Wish(60, 740)),
        ("Summarize it in three sentences.", Wish(None)),
        ("Summarise the text in one paragraph", Wish(None)),
        ("Summarize it in German.", Wish(None)),
        ("Summarize it in plain English.", Wish(60, 240)),
        ("What is this report about?", Wish(None)),
        ("What are the main risks?", Wish(None)),
        ("Write an outline of the report.", Wish(0, 300, outline=True)),
    ],
)
def test_a_question_says_how_long_its_answer_is_to_be(question: str, wish: Wish) -> None:
    assert Wish.of(question) == wish


def test_what_is_chosen_goes_before_what_the_question_says() -> None:
    assert Wish.of("Summarize briefly", "long") == Wish(60, 740)
    assert Wish.of("What is it about?", "200 words") == Wish(60, 140)
    assert Wish.of("Summarize it in three sentences.", "short") == Wish(60)
    assert Wish.of("Summarize", "120", outline=True) == Wish(0, 120, outline=True)


@pytest.mark.parametrize(
    "question",
    [
        "Compare the two reports.",
        "What do they have in common, and where do they differ?",
        "What are the similarities?",
        "Where do these documents disagree?",
    ],
)
def test_a_comparison_of_several_documents_is_short(question: str) -> None:
    assert Wish.of(question, several=True) == Wish(120)
    assert Wish.of(question) == Wish(None)
    assert Wish.of(question, "medium", several=True) == Wish(60, 240)


def test_other_questions_about_several_documents_are_as_about_one() -> None:
    for question in ("What are these reports about?", "Compare the reports in three sentences."):
        assert Wish.of(question, several=True) == Wish(None)
    assert Wish.of("Compare them in 50 words", several=True) == Wish(50)
    assert Wish.of("Summarize and compare the reports", several=True) == Wish(60, 240)
