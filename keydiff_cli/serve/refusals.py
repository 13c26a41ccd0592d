"""What a request is refused with: a status, and an error object as OpenAI's API has it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from keydiff_cli.errors import ExitStatus, KeydiffError
from keydiff_cli.system.files import told_by
from keydiff_cli.system.terminal import printable

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
# By what an error ends a command with: the status, and the code of the error object.
_STATUSES = {
    ExitStatus.USAGE: (400, "invalid_value"),
    ExitStatus.DOCUMENT: (400, "document"),
    ExitStatus.MEMORY: (413, "memory"),
    ExitStatus.MODEL: (500, "model"),
    ExitStatus.ANSWER: (500, "answer"),
}


class Refusal(Exception):
    """A request that is not answered.

    Parameters
    ----------
    status
        The status of HTTP.
    message
        One line: what is wrong, and what to do about it.
    code
        A word for programs.
    param
        The part of the request that is wrong.
    headers
        More headers of the response.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param
        self.headers = headers or {}

    @property
    def message(self) -> str:
        """The message, in one line."""
        return printable(str(self))

    def as_json(self) -> dict[str, Any]:
        """The error object."""
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        return {
            "error": {
                "message": self.message,
                "type": _TYPES.get(self.status, kind),
                "param": self.param,
                "code": self.code,
            }
        }


def invalid(param: str, problem: str, *, code: str = "invalid_value") -> Refusal:
    """What a request with a wrong part is refused with."""
    return Refusal(400, f"{param}: {problem}", code=code, param=param)


def of_status(status: int, problem: str | None = None) -> Refusal:
    """What is said of a status of HTTP alone."""
    return Refusal(status, problem or HTTPStatus(status).phrase.lower())


def refusal_of(error: BaseException) -> Refusal:
    """What an error of any kind is told as; of one that was not foreseen its kind alone."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, KeydiffError):
        status, code = _STATUSES.get(error.status, (500, "failed"))
        return Refusal(status, str(error), code=code)
    if isinstance(error, MemoryError):
        return Refusal(507, "out of memory; start the server with a smaller cap", code="memory")
    if isinstance(error, OSError):
        return Refusal(500, f"the server cannot read or write: {told_by(error)}", code="failed")
    return Refusal(500, f"the server failed ({type(error).__name__}); see its log", code="failed")
