"""What stands before all requests: their host, their key, the size and the time of their bodies."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Sequence

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keydiff_cli.serve.bounds import Bounds
from keydiff_cli.serve.keys import Keys
from keydiff_cli.serve.metrics import Metrics
from keydiff_cli.serve.refusals import Refusal, refusal_of
from keydiff_cli.system.terminal import complain

FORM_BYTES = 64 * 1024  # of a form around its file, at most
UPLOAD_PATH, OPEN_PATH = "/v1/files", "/health"
CLIENT_GONE = Refusal(499, "the client has gone")  # which nobody waits for
_NO_KEY = Refusal(
    401,
    "the API key is missing or wrong; send 'Authorization: Bearer KEY'",
    code="invalid_api_key",
    headers={"WWW-Authenticate": "Bearer"},
)


class Guard:
    """Lets through what may come, bounded, and tells what goes wrong behind it in one line.

    Parameters
    ----------
    app
        What is behind it.
    hosts
        The hosts that requests may name, without port; None for any. Pages of other hosts that a
        browser shows would name those, also where their names lead to this machine.
    log, verbose
        Whether each request, and the place of an error that was not foreseen, is told on stderr.
    """

    def __init__(
        self,
        app: ASGIApp,
        bounds: Bounds,
        metrics: Metrics,
        *,
        hosts: Sequence[str] | None,
        log: bool = False,
        verbose: bool = False,
    ) -> None:
        self._app = app
        self._bounds = bounds
        self._metrics = metrics
        self._hosts = hosts
        self._log, self._verbose = log, verbose

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            headers = dict(scope["headers"])
            self._check_host(headers.get(b"host", b"").decode("latin-1"))
            await self._app(scope, self._bounded(scope, headers, receive), sending)
        except Exception as error:
            refusal = refusal_of(error)
            if refusal.code == "failed":
                self._tell(error)
            if not status:
                await respond(refusal)(scope, receive, sending)
        finally:
            self._metrics.responded(status or CLIENT_GONE.status)
            if self._log:
                complain(f"{status or CLIENT_GONE.status} {scope['method']} {scope['path']}")

    def _check_host(self, named: str) -> None:
        host = named.rpartition(":")[0] if named.rpartition(":")[2].isdecimal() else named
        if self._hosts is not None and host.lower() not in self._hosts:
            raise Refusal(403, f"this server is not {host[:80] or 'nameless'}", code="host")

    def _bounded(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> Receive:
        """What receives no more of a body than it may have, and waits no longer for it."""
        upload = scope["path"] == UPLOAD_PATH
        most = self._bounds.upload + FORM_BYTES if upload else self._bounds.message
        told = headers.get(b"content-length", b"0")
        if told.isdigit() and int(told[:20]) > most:
            raise _too_large(most)
        come, whole = 0, False

        async def receiving() -> Message:
            nonlocal come, whole
            try:
                async with asyncio.timeout(None if whole else self._bounds.head_seconds):
                    message = await receive()
            except TimeoutError:
                raise Refusal(408, "the rest of the request did not come") from None
            if message["type"] == "http.request":
                come += len(message.get("body", b""))
                whole = not message.get("more_body", False)
                if come > most:
                    raise _too_large(most)
            return message

        return receiving

    def _tell(self, error: Exception) -> None:
        complain(f"error: {type(error).__name__}: {error}")
        if self._verbose:
            traceback.print_exception(error, file=sys.stderr)


class KeyCheck:
    """Lets through who shows a key; which one it is, is kept in the scope of the request."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] != OPEN_PATH:
            shown = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
            kind, _, key = shown.partition(" ")
            number = self._keys.number(key.strip()) if kind.lower() == "bearer" else None
            if number is None:
                await respond(_NO_KEY)(scope, receive, send)
                return
            scope["key"] = number
        await self._app(scope, receive, send)


def respond(refusal: Refusal) -> JSONResponse:
    """The response to a request that is refused."""
    return JSONResponse(refusal.as_json(), refusal.status, refusal.headers)


def _too_large(most: int) -> Refusal:
    return Refusal(413, f"the body has more than {most} bytes", code="too_large")
