"""What errors of all kinds are told as."""

from __future__ import annotations

import errno

import pytest

from keydiff_cli.errors import (
    AnswerError,
    DocumentError,
    KeydiffError,
    MemoryCapError,
    ModelError,
    UsageError,
    setting,
)
from keydiff_cli.serve.refusals import Refusal, invalid, of_status, refusal_of


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (UsageError(f"give {setting('max_tokens', 5)}"), 400, "give max_tokens=5"),
        (DocumentError("a.pdf is\n\x1b[31mdamaged"), 400, "a.pdf is damaged"),
        (MemoryCapError("too small"), 413, "too small"),
        (ModelError("gone"), 500, "gone"),
        (AnswerError("not valid"), 500, "not valid"),
        (KeydiffError("odd"), 500, "odd"),
        (MemoryError(), 507, "out of memory; start the server with a smaller cap"),
        (OSError(errno.ENOSPC, "no space", "/secret/path"), 500,
         "the server cannot read or write: no space"),
        (ZeroDivisionError("/secret"), 500, "the server failed (ZeroDivisionError); see its log"),
        (invalid("n", "is odd"), 400, "n: is odd"),
        (of_status(405), 405, "method not allowed"),
    ],
)  # fmt: skip
def test_an_error_is_a_status_and_a_line(error: Exception, status: int, message: str) -> None:
    refusal = refusal_of(error)
    told = refusal.as_json()["error"]
    assert (refusal.status, told["message"]) == (status, message)
    assert told["type"] == ("server_error" if status >= 500 else "invalid_request_error")


def test_the_error_object() -> None:
    refusal = Refusal(429, "later", code="queue_full", param="x", headers={"Retry-After": "1"})
    assert refusal_of(refusal) is refusal
    assert refusal.as_json() == {
        "error": {
            "message": "later",
            "type": "rate_limit_error",
            "param": "x",
            "code": "queue_full",
        }
    }
