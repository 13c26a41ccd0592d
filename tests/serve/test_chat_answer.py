"""Answers as OpenAI's API has them."""

from __future__ import annotations

import json
from typing import Any

from keydiff_cli.report import Report
from keydiff_cli.serve.chat_answer import ChatAnswer, comment, event
from keydiff_cli.talk.inquiries import Spent
from keydiff_cli.text.places import Citation, Look

SPENT = Spent(prompt=50, known=40, read=0, generated=7)


def cited(start: int, stop: int, page: int | None, document: str = "a.pdf") -> Citation:
    return Citation(start, stop, document, page, "", (1, 2), "text", 1.0, None)


REPORT = Report(
    answer="The door is green. The cat",
    stop_reason="length",
    citations=(cited(0, 18, 3), cited(0, 18, 5), cited(0, 18, 3), cited(19, 26, 9)),
    second_look=(Look("a.pdf", 7, (1, 2), 30, "words"),),
    supported="yes",
    warnings=("page 2 is empty",),
)


def test_a_whole_answer() -> None:
    answer = ChatAnswer("small", 2, "chatcmpl-1", 9).whole(
        "The door is green.", REPORT, SPENT, stopped=True
    )
    own = answer.pop("keydiff")
    assert answer == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 9,
        "model": "small",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "The door is green.",
                    "refusal": None,
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 50,
            "completion_tokens": 7,
            "total_tokens": 57,
            "prompt_tokens_details": {"cached_tokens": 40},
        },
    }
    assert [each["page"] for each in own["citations"]] == [3, 5, 3]  # not what was cut off
    assert own["pages"] == [{"document": "a.pdf", "page": page} for page in (3, 5)]
    assert (own["supported"], own["warnings"], own["queue"]) == ("yes", ["page 2 is empty"], 2)


def test_the_pieces_of_an_answer() -> None:
    answer = ChatAnswer("small")
    pieces: list[dict[str, Any]] = [
        answer.begun(),
        answer.piece("The"),
        answer.ended(REPORT, 26, stopped=False),
        answer.used(SPENT),
    ]
    assert {(piece["id"], piece["object"]) for piece in pieces} == {
        (answer.id, "chat.completion.chunk")
    }
    choices = [piece["choices"][0] for piece in pieces[:3]]
    assert [choice["delta"] for choice in choices] == [
        {"role": "assistant", "content": ""},
        {"content": "The"},
        {},
    ]
    assert [choice["finish_reason"] for choice in choices] == [None, None, "length"]
    assert pieces[3]["choices"] == [] and pieces[3]["usage"]["total_tokens"] == 57
    assert len(pieces[2]["keydiff"]["citations"]) == 4


def test_without_citations_the_pages_are_those_read_again() -> None:
    report = Report(second_look=REPORT.second_look)
    own = ChatAnswer("small").whole("", report, SPENT, stopped=False)["keydiff"]
    assert own["pages"] == [{"document": "a.pdf", "page": 7}]


def test_events_are_lines() -> None:
    assert json.loads(event({"text": "a\n\nb"}).removeprefix(b"data: ")) == {"text": "a\n\nb"}
    assert event({"text": "a\n\nb"}).count(b"\n") == 2
    assert comment("queue 3") == b": queue 3\n\n"
