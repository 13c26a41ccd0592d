"""Questions that a document may not answer."""

from __future__ import annotations

import pytest

from keydiff_cli.text.absence import asks_for_facts


@pytest.mark.parametrize(
    "question",
    [
        "Who built the crane?",
        "what failed",
        "In which year was the mole built?",
        "The pilot cutter: what did it cost?",
        "Wie hoch ist der Leuchtturm?",
        "港は誰が作りましたか？",
        "Is there any information on the tenants?",
        "and how many in 2022",
        "Please, who is the master?",
    ],
)
def test_a_question_for_facts(question: str) -> None:
    assert asks_for_facts(question)


@pytest.mark.parametrize(
    "question",
    [
        "Translate the second page.",
        "Can you translate the second page?",
        "Could we say that in fewer words?",
        "Write a poem about the harbour",
        "thanks!",
        "What do you think of it?",
        "Please list the ships?",
        "Which one is right?\nA. the mole\nB. the quay\nC. the crane",
        "List all ships",
    ],
)
def test_what_is_no_question_for_facts(question: str) -> None:
    assert not asks_for_facts(question)
