"""Answers as OpenAI's API has them, whole or in pieces, with what keydiff knows of them."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from keydiff_cli.report import Report
from keydiff_cli.talk.inquiries import Spent

# What of the report comes with an answer, as docs/json.md has it.
_TOLD = (
    *("citations", "supported", "support", "second_look", "sentences", "checked", "uncovered"),
    *("warnings", "stop_reason", "certainty", "data", "thinking", "timing_s"),
)
_OF_DOCUMENT = ("name", "kind", "pages", "page_kind", "tokens", "sha256")


@dataclass(frozen=True)
class ChatAnswer:
    """One answer, of a model by its name, to a question whose place in the queue was ``place``."""

    model: str
    place: int = 0
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, text: str, report: Report, spent: Spent, *, stopped: bool) -> dict[str, Any]:
        """The object of a whole answer; ``stopped`` says that one of ``stop`` has ended it."""
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": finish_reason(report, stopped=stopped),
        }
        return {
            **self._head("chat.completion"),
            "choices": [choice],
            "usage": usage_of(spent),
            "keydiff": self._told(report, len(text)),
        }

    def begun(self) -> dict[str, Any]:
        """The first piece of an answer."""
        return self._piece({"role": "assistant", "content": ""}, None)

    def piece(self, text: str) -> dict[str, Any]:
        """A piece of an answer."""
        return self._piece({"content": text}, None)

    def ended(self, report: Report, length: int, *, stopped: bool) -> dict[str, Any]:
        """The last piece, of an answer of so many characters, with what is known of it."""
        piece = self._piece({}, finish_reason(report, stopped=stopped))
        return {**piece, "keydiff": self._told(report, length)}

    def used(self, spent: Spent) -> dict[str, Any]:
        """A piece without text: the tokens that it took."""
        return {**self._head("chat.completion.chunk"), "choices": [], "usage": usage_of(spent)}

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}

    def _piece(self, delta: dict[str, Any], reason: str | None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**self._head("chat.completion.chunk"), "choices": [choice]}

    def _told(self, report: Report, length: int) -> dict[str, Any]:
        """What keydiff knows of an answer of so many characters, of which more was generated."""
        data = report.as_json()
        documents = [
            {name: document[name] for name in _OF_DOCUMENT} for document in data["documents"]
        ]
        data["citations"] = [each for each in data["citations"] if each["stop"] <= length]
        told = {name: data[name] for name in _TOLD}
        return {"documents": documents, "pages": pages_of(data), "queue": self.place, **told}


def finish_reason(report: Report, *, stopped: bool) -> str:
    """Why an answer ended: ``stop`` or ``length``."""
    return "length" if report.stop_reason == "length" and not stopped else "stop"


def usage_of(spent: Spent) -> dict[str, Any]:
    """The tokens that an answer took."""
    return {
        "prompt_tokens": spent.prompt,
        "completion_tokens": spent.generated,
        "total_tokens": spent.prompt + spent.generated,
        "prompt_tokens_details": {"cached_tokens": spent.known},
    }


def pages_of(data: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """The pages that an answer rests on, of a report as plain data: cited, else read again."""
    found = data["citations"] or data["second_look"]
    pages = [(each["document"], each["page"]) for each in found if each["page"] is not None]
    return [{"document": name, "page": page} for name, page in dict.fromkeys(pages)]


def event(data: Any) -> bytes:
    """A server-sent event of plain data."""
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode("utf-8", "replace")


def comment(text: str) -> bytes:
    """A comment in a stream of events, which clients pass over."""
    return f": {text}\n\n".encode("utf-8", "replace")


END = b"data: [DONE]\n\n"
