"""The messages of a chat request: a system prompt, turns, a question, and the files of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from keydiff_cli.report import Turn
from keydiff_cli.serve.refusals import Refusal, invalid

_SYSTEM = ("system", "developer")
_BETWEEN = "\n\n"  # messages of the same role, and texts of one message


@dataclass(frozen=True)
class Said:
    """What the messages say.

    Attributes
    ----------
    system
        The system prompt; None if there is none.
    turns
        The questions and answers before the question.
    question
        The last message.
    file_ids
        The files of all messages, in their order.
    """

    system: str | None
    turns: tuple[Turn, ...]
    question: str
    file_ids: tuple[str, ...]


@dataclass
class _Message:
    role: str
    text: str
    file_ids: list[str] = field(default_factory=list)


def read_messages(messages: Any) -> Said:
    """What ``messages`` of a request say.

    Raises
    ------
    Refusal
        If they are not as OpenAI's API has them, have what is no text and no file, or do not end
        with a question.
    """
    if not isinstance(messages, list) or not messages:
        raise invalid("messages", "is no list of messages, or an empty one")
    read = [_message(each, f"messages[{number}]") for number, each in enumerate(messages)]
    system = [message.text for message in read if message.role == "system"]
    first = len(system)
    if any(message.role == "system" for message in read[first:]):
        raise invalid("messages", "a system message comes before all others")
    talk = _joined(read[first:])
    if not talk or talk[-1].role != "user":
        raise invalid("messages", "the last one is the question, with the role 'user'")
    if talk[0].role != "user":
        raise invalid("messages", "the first one after the system message has the role 'user'")
    *before, last = talk
    if not last.text.strip():
        raise invalid("messages", "the last one asks nothing")
    turns = zip(before[::2], before[1::2], strict=True)
    ids = [file_id for message in talk for file_id in message.file_ids]
    return Said(
        _BETWEEN.join(system) if system else None,
        tuple(Turn(asked.text, answered.text, "eos") for asked, answered in turns),
        last.text,
        tuple(dict.fromkeys(ids)),
    )


def _message(message: Any, where: str) -> _Message:
    if not isinstance(message, dict):
        raise invalid(where, "is no object")
    role = message.get("role")
    role = "system" if role in _SYSTEM else role
    if role not in ("system", "user", "assistant"):
        raise invalid(f"{where}.role", "is none of 'system', 'developer', 'user' and 'assistant'")
    for name in ("tool_calls", "function_call", "audio"):
        if message.get(name):
            raise invalid(f"{where}.{name}", "tools and audio are not supported")
    found = _Message(role, "")
    content = message.get("content")
    texts = [content] if isinstance(content, str) else []
    if isinstance(content, list):
        for number, part in enumerate(content):
            texts += _texts(part, found, f"{where}.content[{number}]")
    elif not isinstance(content, str):
        raise invalid(f"{where}.content", "is neither a text nor a list of parts")
    found.text = _BETWEEN.join(texts)
    if role == "system" and not all(char.isprintable() or char in "\n\t\r" for char in found.text):
        raise invalid(f"{where}.content", "has control characters")
    return found


def _texts(part: Any, message: _Message, where: str) -> Sequence[str]:
    """The text of a part of a message; a file is added to the message."""
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text" and isinstance(part.get("text"), str):
        return [part["text"]]
    if kind == "file" and message.role == "user":
        file = part.get("file")
        file_id = file.get("file_id") if isinstance(file, dict) else None
        if not isinstance(file_id, str):
            raise invalid(where, "has no file_id; send the file to /v1/files first")
        message.file_ids.append(file_id)
        return []
    raise _unsupported(kind, where)


def _unsupported(kind: Any, where: str) -> Refusal:
    if isinstance(kind, str) and kind.isidentifier():
        return invalid(where, f"a part of type '{kind[:40]}' is not supported here")
    return invalid(where, "is no part of a message: of type 'text', or 'file' of the user")


def _joined(messages: Sequence[_Message]) -> list[_Message]:
    """Messages of which no two in a row have the same role."""
    joined: list[_Message] = []
    for message in messages:
        if joined and joined[-1].role == message.role:
            last = joined[-1]
            last.text = _BETWEEN.join(filter(None, (last.text, message.text)))
            last.file_ids += message.file_ids
        else:
            joined.append(message)
    return joined
