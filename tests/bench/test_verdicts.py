"""Whether answers are right, on cases worked out by hand."""

from __future__ import annotations

import pytest

from keydiff_cli.bench.verdicts import choices_of, chosen, judge
from keydiff_cli.text.absence import says_absent

LOSS = "How did the net loss change from March 31, 2023, to March 31, 2024?"
CHOICES = """Why did they leave?

 (A) They were tired of it.
 (B) A dog had barked.
 (C) The ship was late, and the captain ill.
 (D) Nobody knew."""


@pytest.mark.parametrize(
    ("answer", "question", "reference", "right"),
    [
        ("It is $2,576,340.", "What is the equity?", "$2,576,340.", True),
        ("It is $2,576,304.", "What is the equity?", "$2,576,340.", False),
        ("From $1,951,402 to $1,093,095.", LOSS, "It fell from $1,951,402 to $1,093,095.", True),
        ("It is $1,093,095 now.", LOSS, "It fell from $1,951,402 to $1,093,095.", False),
        # Dates beside amounts do not count, whether the question names them or not.
        ("$176,000", LOSS, "It was $176,000 on December 31, 2023.", True),
        ("March 14, 2024", "On what date did it close?", "March 14, 2024.", True),
        ("April 14, 2024", "On what date did it close?", "March 14, 2024.", False),
        ("on 14 March", "On what date in 2024 did it close?", "March 14, 2024.", True),
        ("It rose.", "Did it rise in FY2023?", "It rose in FY2023.", None),
        ("1 June", "Why?", "Because " + "of this and that " * 3 + "on 1 June.", None),
        ("It was MAREN OSTWICK, I think", "Who?", "Maren Ostwick", True),
        ("It was Maren", "Who?", "Maren Ostwick", False),
        ("Pilchards", "Who?", "Pilchard", False),
        ("It is MDL/0947-C.", "What is the reference?", "MDL/0947-C", True),
        ("All of it", "How much?", "All of its mortgage debt.", None),
        ("(-)", "How much?", "...", None),
    ],
)
def test_answers_by_their_reference(
    answer: str, question: str, reference: str, right: bool | None
) -> None:
    assert judge(answer, question, reference, "location") is right


def test_choices_are_those_in_the_question() -> None:
    assert list(choices_of(CHOICES)) == ["A", "B", "C", "D"]
    assert choices_of(CHOICES)["B"] == "A dog had barked."
    assert choices_of("What of (B) and (A)?") == choices_of("What of (A)?") == {}


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("B", "B"),
        ("b.", "B"),
        (" (C) The ship was late", "C"),
        ("The answer is (d), not (A).", "D"),
        ("**B**", "B"),
        ("Answer: A", "A"),
        ("The correct answer is A because", "A"),
        ("A. They were tired", "A"),
        ("Option C is right.", "C"),
        ("A dog had barked", "B"),  # A is no letter here
        ("A captain said: the ship was late and the captain ill", "C"),
        ("The ship was late, and", "C"),  # cut short
        ("the captain", None),
        ("It's a plan of the crew's, or E", None),
        ("Nobody knew that they were tired of it", None),  # two of them
        ("", None),
    ],
)
def test_the_choice_that_an_answer_takes(answer: str, letter: str | None) -> None:
    assert chosen(answer, choices_of(CHOICES)) == letter
    assert judge(answer, CHOICES, "D", "choice") is (letter == "D")


def test_a_letter_without_choices_is_a_name() -> None:
    assert judge("It is vitamin D.", "Which vitamin is it?", "D", "question") is True


@pytest.mark.parametrize(
    "answer",
    [
        "The financial statement does not provide any projections.",
        "The document does not specify an expected date.",
        "The text doesn't mention it.",
        "This is not mentioned in the document.",
        "It is not explicitly stated.",
        "The projected growth rate isn\u2019t disclosed.",
        "There is no information about that.",
        "There is no specific mention of it.",
        "This cannot be determined from what is given.",
        "I cannot find it.",
        "I don't have enough information.",
        "Such a figure is not there in the document.",
        "Not available.",
        "The company did not directly disclose it.",
    ],
)
def test_an_answer_that_says_that_the_document_does_not_tell(answer: str) -> None:
    assert says_absent(answer)
    assert judge(answer, "What?", "The document does not mention it.", "absent") is True
    assert judge(answer, "What?", "$5,000", "location") is False


@pytest.mark.parametrize(
    "answer",
    [
        "The projected revenue growth rate is 15 %.",
        "The company plans to expand into Asia.",
        "The company does not pay dividends.",
        "It is known for its information and notes.",
        "There are no plans to merge.",
        "",
    ],
)
def test_an_answer_that_invents(answer: str) -> None:
    assert not says_absent(answer)
    assert judge(answer, "What?", "The document does not mention it.", "absent") is False
