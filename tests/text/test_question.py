"""What of a question is searched for: not its choices, and what it leans on."""

from __future__ import annotations

import time

import pytest

from keydiff_cli.text.question import asks_for_the_whole, leant_on, searched

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


@pytest.mark.parametrize(
    "question",
    [
        "summarize",
        "Summarise this.",
        "Please summarize the document in about 200 words, with its key figures.",
        "Give me a short summary of the whole report",
        "TL;DR",
        "What is this document about?",
        "what's it about",
        "What is the annual report about?",
        "What does this document say?",
        "What are the main points?",
        "List the five most important facts.",
        "Write an overview in three paragraphs.",
        "Describe the document.",
        "outline",
        "What are the key takeaways of these documents?",
        "Sum up the document.",
        "Sum it up for me",
        "Summarize in German",
        "Summarize in simple terms, please",
        "SUMMARIZE IT",
        "Summarize it in 3-5 sentences.",
        "Summarize the PDF in one page.",
        "Summarise in 1,000 words",
        "Could you give me an overview?",
        "How would you summarize this document?",
        "Write an executive summary.",
        "Write a one-page summary.",
        "A very short abstract",
        "What is this document?",
        "What are these documents about?",
        "What is it all about?",
        "What's that about?",
        "Tell me about this document.",
        "What does this report cover?",
        "What is the purpose of this document?",
        "What are the conclusions?",
        "What are the main arguments?",
        "What are the 5 main risks?",
        "List 10 key facts.",
        "Give me the highlights.",
        "What's the gist of it?",
        "What is the plot?",
    ],
)
def test_a_question_about_the_whole_is_known_by_its_words(question: str) -> None:
    assert asks_for_the_whole(question)


@pytest.mark.parametrize(
    "question",
    [
        "Summarize the legal proceedings.",
        "Give a summary of the cash flows of 2023.",
        "What are the main points of the agreement with Legend?",
        "What does the document say about revenue?",
        "What are the key figures of the crane?",
        "Who wrote the summary?",
        "What is the paragraph about quays?",
        "Why?",
        "How many sentences does it have?",
        "Explain the report of the harbour master.",
        "What is the key point in section 4?",
        "What are the key figures for 2023?",
        "What are the key figures for 2023 in five bullet points?",
        "What are the key figures in Q3?",
        "What are key results by Q2?",
        "Summarize section 2",
        "Summarize page 4 in 200 words.",
        "Summarize part II.",
        "Summarize the first paragraph.",
        "Summarize the last two paragraphs.",
        "Summarize the tax",
        "Summarize the log.",
        "Summarize the abstract.",
        "Give an overview of the EU",
        "Give me an overview of AI.",
        "Give me an overview of IT.",
        "What are the most important points about him?",
        "What was the main point of it?",
        "What is it about the fee?",
        "What is the CEO about?",
        "What does the abstract say?",
        "What is the SHA digest?",
        "What are the main points of the summary?",
        "Where is the summary?",
        "Is there an abstract?",
        "Tell me whether there is an outline.",
        "How long is the abstract?",
        "Who made the recap?",
        "When was the overview made?",
        "Describe the text box",
        "Explain the paper jam",
        "summarise: who won?",
        "",
    ],
)
def test_a_question_that_names_something_or_is_about_a_summary_is_not(question: str) -> None:
    assert not asks_for_the_whole(question)


@pytest.mark.parametrize("word", ["give ", "sum ", "a ", "what is the ", "1 "])
def test_a_long_question_is_soon_decided(word: str) -> None:
    start = time.perf_counter()
    assert not asks_for_the_whole(word * 5000)
    assert time.perf_counter() - start < 2  # far more than it takes
