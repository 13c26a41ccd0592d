"""Chat templates, rendered in a process of their own: they are code of others that may never end.

``serving.py`` of the documents runs this file, from which nothing of the package is imported. A
request is a line of JSON: ``template``, ``chats``, each a list of messages, and ``given``. The
answer holds a rendered text for each chat, or what went wrong: ``{"text": ...}`` or
``{"error": ...}``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAXIMUM_MEMORY = 512 << 20  # bytes of address space
_LONGEST = 1 << 20  # characters, beside those of the messages
_TOO_MUCH = "it builds too much text"


class _Generation(Extension):
    """``{% generation %}``, by which templates mark what a model says: it is there all the same."""

    tags = {"generation"}  # noqa: RUF012  (as Jinja declares it)

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def serve(requests: Iterable[bytes], descriptor: int) -> Iterator[dict[str, Any]]:
    """Say that it is there; then render what is asked for."""
    yield {}
    for request in requests:
        yield {"rendered": [_answer(**one) for one in _chats(json.loads(request))]}


def _chats(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for messages in request["chats"]:
        yield {**{name: request[name] for name in ("template", "given")}, "messages": messages}


def _answer(template: str, messages: list[Any], given: dict[str, Any]) -> dict[str, str]:
    try:
        return {"text": render(template, messages, given)}
    except MemoryError:
        return {"error": _TOO_MUCH}
    except Exception as error:  # the template is code of someone else: anything may go wrong
        return {"error": str(error)}


def render(template: str, messages: list[Any], given: dict[str, Any]) -> str:
    """The text that a template makes of messages.

    Raises
    ------
    Exception
        Whatever goes wrong in the template; TemplateError if it builds too much text.
    """
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.loopcontrols", _Generation],
    )
    environment.globals.update(
        raise_exception=_refuse, strftime_now=lambda pattern: datetime.now().strftime(pattern)
    )
    pieces = environment.from_string(template).generate(
        messages=messages, add_generation_prompt=True, **given
    )
    longest = _LONGEST + sum(len(message["content"]) for message in messages)
    text = ""
    for piece in pieces:
        text += piece
        if len(text) > longest:
            raise TemplateError(_TOO_MUCH)
    return text


def _refuse(message: str) -> Any:
    raise TemplateError(message)
