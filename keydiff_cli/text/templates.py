"""Chat templates of models, rendered within bounds of time and memory."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from keydiff_cli.documents.worker import Worker, WorkerError
from keydiff_cli.errors import ModelError
from keydiff_cli.system.terminal import printable

PATIENCE = 1.5  # seconds for a template, which takes milliseconds
_STARTING = 30.0  # seconds for the process, which may come from a slow disk
_WORKER = Path(__file__).with_name("template_worker.py")

Message = dict[str, str]


def render_first(template: str, *chats: list[Message], having: str, **given: str | bool) -> str:
    """The text that a template makes of the first chat that it has a place for.

    Parameters
    ----------
    template
        The template, in the language of Jinja; it is not trusted.
    chats
        The messages, put in several ways.
    having
        What the text must have, so that the template has passed it on; the last chat's need not.
    given
        Texts of special tokens and switches, by the names that templates have for them.

    Raises
    ------
    ModelError
        If the last chat cannot be rendered, or any takes too long or too much memory.
    """
    rendered = _rendered(json.dumps({"template": template, "chats": chats, "given": given}))
    for each in rendered[:-1]:
        if "text" in each and having in each["text"]:
            return each["text"]
    if "error" in rendered[-1]:
        raise _refused(rendered[-1]["error"])
    return rendered[-1]["text"]


@lru_cache(maxsize=64)
def _rendered(request: str) -> list[dict[str, str]]:
    """What becomes of each chat: a text or an error.

    In a process of its own, as a template can take any time and memory; where there is no such
    process, within bounds of its text alone.
    """
    if os.name != "posix":
        from keydiff_cli.text.template_worker import serve

        _, answer = serve([request.encode()], 0)
    else:
        with open(os.devnull, "rb") as nothing:
            answer = _asked(nothing.fileno(), request)
    rendered: list[dict[str, str]] = answer["rendered"]
    return rendered


def _asked(descriptor: int, request: str) -> dict[str, Any]:
    try:
        worker = Worker(_WORKER, descriptor, PATIENCE, starting=_STARTING)
        try:
            return worker.ask(request.encode() + b"\n")
        finally:
            worker.close()
    except WorkerError as error:
        raise _refused(str(error)) from error


def _refused(why: str) -> ModelError:
    return ModelError(
        f"the chat template of the model cannot be rendered: {printable(why)}; use another model"
    )
