"""Which questions are about the document as a whole, by their words."""

from __future__ import annotations

import time

import pytest

from keydiff_cli.text.whole_question import asks_for_the_whole


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
        "Summarize it in one hundred and fifty words.",
        "A two-hundred-word summary, please",
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
        "Compare the two reports.",
        "Compare them",
        "What do these documents have in common?",
        "What do they have in common, and where do they differ?",
        "How do the reports differ?",
        "Where do these papers disagree?",
        "What are the differences between these contracts?",
        "What do they agree on?",
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
        "Compare the revenue of both years.",
        "What is the difference between gross and net income?",
        "What do they have in common with banks?",
        "How do the reports treat leases?",
        "How many sentences does it have?",
        "Explain the report of the harbour master.",
        "What is the key point in section 4?",
        "What are the key figures for 2023?",
        "What are the key figures for 2023 in five bullet points?",
        "What are the key figures in Q3?",
        "What are key results by Q2?",
        "Summarize the fifty reports of two thousand people",
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


@pytest.mark.parametrize("word", ["give ", "sum ", "a ", "what is the ", "1 ", "one hundred "])
def test_a_long_question_is_soon_decided(word: str) -> None:
    start = time.perf_counter()
    assert not asks_for_the_whole(word * 5000)
    assert time.perf_counter() - start < 2  # far more than it takes
