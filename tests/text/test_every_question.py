"""Which questions ask for everything of a kind, by their words."""

from __future__ import annotations

import time

import pytest

from keydiff_cli.text.every_question import asks_for_every, everything_of


@pytest.mark.parametrize(
    "question",
    [
        "list all payment deadlines",
        "List all the people who are mentioned in the document.",
        "Please list every penalty for a breach.",
        "Can you list all dates on which something is due?",
        "Could you please give me all the amounts in the contract?",
        "What are all the risks named in this report?",
        "Give me a complete list of the subsidiaries",
        "Give me a list of all subsidiaries",
        "Name every person with a role.",
        "Find all references to arbitration.",
        "Find every mention of the lighthouse.",
        "Extract all email addresses.",
        "Identify all parties to the agreement",
        "Which penalties are there?",
        "What deadlines are mentioned in the document?",
        "Which legal proceedings are described in this filing?",
        "all payment deadlines",
        "Every date in the document.",
        "All people mentioned in the report",
        "I need all invoice numbers.",
        "I want a full list of the acquisitions.",
        "Who are all the directors?",
        "Show me all tables",
        "enumerate each obligation of the tenant",
        "A complete list of the defined terms, please.",
        "Tell me all the names of ships.",
        "List all obligations of the supplier and when they are due",
        "Write down all phone numbers",
        "LIST ALL DEADLINES",
        "Collect all quotes by the chairman.",
        "list out all the recommendations",
        "What are all of the covenants?",
        "Which people are named?",
        "Provide an exhaustive list of exceptions.",
        "Can you find all places where the warranty is limited?",
        "I'd like to see all milestones",
        "List any and all exclusions.",
        "Make a table of all fees.",
        "I would like to have a list of all employees",
        "A list of all warranties",
    ],
)
def test_a_question_for_everything_is_known_by_its_words(question: str) -> None:
    assert asks_for_every(question)


@pytest.mark.parametrize(
    "question",
    [
        "summarize",
        "Summarize all chapters",
        "List the main points",
        "List all the main points",
        "List the three largest customers",
        "What is the payment deadline?",
        "When is the second payment due?",
        "Did all members attend the meeting?",
        "Are all payments due in May?",
        "How many deadlines are there?",
        "How many of all the ships were lost?",
        "What is the sum of all payments?",
        "What is the total of all fees?",
        "Who signed all the contracts?",
        "Which party pays all the costs?",
        "What happens if not all payments are made?",
        "Why did all the people leave?",
        "What did Every say to his brother?",
        "List all of the above in German",
        "List all the steps in section 4.",
        "List all items on page 12",
        "Give me all of it",
        "Tell me all about the lighthouse",
        "Who is responsible for all repairs?",
        "List the deadlines",
        "What are the deadlines?",
        "Name the director of the harbour office.",
        "Is there a list of all subsidiaries?",
        "Where is the list of all subsidiaries?",
        "Compare all the offers",
        "Explain all the abbreviations",
        "What was the net income of all segments together?",
        "All right, what is the revenue?",
        "Give me the revenue of the year",
        "All in all, was it a good year?",
        "list five key facts",
        "What is the name of every dog's best friend?",
        "Tell me whether all conditions are met",
        "Does the contract list all penalties?",
        "How does the author feel about all this?",
        "Which of all the ships was the longest?",
        "Which ships are longer than 100 metres?",
        "What risks are covered by the policy?",
        "Were all the boats sold?",
        "What is the complete list price?",
        "Has every employee signed?",
        "Describe every character's motive in chapter 3",
        "What all went wrong?",
        "Give an average of all prices",
        "Find the earliest of all deadlines",
        "Tell me about the list of all persons",
    ],
)
def test_one_for_a_thing_a_part_a_count_or_a_text_is_none(question: str) -> None:
    assert not asks_for_every(question)


def test_a_long_question_is_looked_at_in_time_that_grows_as_it_does() -> None:
    started = time.perf_counter()
    for words in ("list the ", "all the x ", "what are ", "full complete ", "please "):
        assert not asks_for_every(words * 2000 + "?!x")
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    ("question", "everything"),
    [
        ("list all payment deadlines", "payment deadlines"),
        ("Please list every penalty for a breach.", "penalty for a breach"),
        ("Can you list all of the dates on which it is due?", "dates on which it is due"),
        ("Give me a complete list of the subsidiaries", "subsidiaries"),
        ("who has to insure what?", "who has to insure what"),
        ("Which penalties are there?", "Which penalties are there"),
    ],
)
def test_what_is_asked_for_is_told_from_how(question: str, everything: str) -> None:
    assert everything_of(question) == everything
