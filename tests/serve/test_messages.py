"""What the messages of a request say."""

from __future__ import annotations

from typing import Any

import pytest

from keydiff_cli.report import Turn
from keydiff_cli.serve.messages import read_messages
from keydiff_cli.serve.refusals import Refusal


def message(role: str, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


def file_part(file_id: Any) -> dict[str, Any]:
    return {"type": "file", "file": {"file_id": file_id}}


def test_a_system_prompt_turns_a_question_and_files() -> None:
    said = read_messages(
        [
            message("system", "Be kind."),
            message("developer", "Be brief."),
            message("user", [file_part("file-1"), {"type": "text", "text": "One?"}]),
            message("assistant", "Yes."),
            message("user", [file_part("file-2"), file_part("file-1")]),
            message("user", "Two?"),
        ]
    )
    assert said.system == "Be kind.\n\nBe brief."
    assert said.turns == (Turn("One?", "Yes.", "eos"),)
    assert said.question == "Two?"
    assert said.file_ids == ("file-1", "file-2")


def test_messages_of_the_same_role_are_one() -> None:
    said = read_messages(
        [
            message("user", "One"),
            message("user", [{"type": "text", "text": "and two?"}]),
            message("assistant", "Yes."),
            message("assistant", "No."),
            message("user", "Three?"),
        ]
    )
    assert said.turns == (Turn("One\n\nand two?", "Yes.\n\nNo.", "eos"),)
    assert said.system is None


USER = message("user", "One?")
WRONG = {
    "messages: is no list": [None, [], {}, "One?"],
    "messages[0]: is no object": [["One?"]],
    "messages[0].role: is none of": [[message("tool", "x")], [message([], "x")], [{}]],
    "messages[1].tool_calls: tools": [[USER, {**message("assistant", "x"), "tool_calls": [1]}]],
    "messages[0].content: is neither": [[message("user", 1)], [message("user", None)]],
    "messages[0].content[0]: is no part": [
        [message("user", ["x"])],
        [message("user", [{"type": {}}])],
        [message("user", [5])],
    ],
    "a part of type 'file' is not": [[message("system", [file_part("file-1")]), USER]],
    "a part of type 'image_url' is not supported": [[message("user", [{"type": "image_url"}])]],
    "has no file_id": [
        [message("user", [file_part(None)])],
        [message("user", [{"type": "file", "file": {"file_data": "x"}}])],
    ],
    "the last one is the question": [[message("system", "x")], [USER, message("assistant", "x")]],
    "the first one after the system": [[message("assistant", "x"), USER]],
    "a system message comes before": [[USER, message("system", "x"), USER]],
    "the last one asks nothing": [[message("user", " \n")], [message("user", [])]],
    "messages[0].content: has control": [[message("system", "\x02question\x03"), USER]],
}


@pytest.mark.parametrize(
    ("said", "messages"), [(said, each) for said, all_ in WRONG.items() for each in all_]
)
def test_what_cannot_be_read_is_refused(said: str, messages: Any) -> None:
    with pytest.raises(Refusal) as refused:
        read_messages(messages)
    assert said in refused.value.message
    assert refused.value.status == 400
