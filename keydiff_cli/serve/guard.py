"""What stands before all requests: their host, their key, the size and the time of their bodies."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keydiff_cli.serve.bounds import Bounds
from keydiff_cli.serve.keys import Keys
from keydiff_cli.serve.metrics import Metrics
from keydiff_cli.serve.refusals import Refusal, refusal_of
from keydiff_cli.system.terminal import complain

FORM_BYTES = 64 * 1024  # of a form around its file, at most
UPLOAD_PATH, OPEN_PATH = "/v1/files", "/health"
_DRAINED = 16 * 2**20  # bytes
_CLOSE = (b"connection", b"close")
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
        body = Body(scope, receive, self._bounds)

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if not body.whole:  # what is left of it would be taken for the next request
                    await body.drain()
                    message = {**message, "headers": [*message["headers"], _CLOSE]}
            await send(message)

        try:
            self._check_host(_header(scope, b"host"))
            body.check()
            await self._app(scope, body.receive, sending)
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

    def _tell(self, error: Exception) -> None:
        complain(f"error: {type(error).__name__}: {error}")
        if self._verbose:
            traceback.print_exception(error, file=sys.stderr)


class Body:
    """The body of a request, as it comes: no more of it than may be, and not too slowly.

    Attributes
    ----------
    whole : bool
        Whether all of it has come.
    """

    def __init__(self, scope: Scope, receive: Receive, bounds: Bounds) -> None:
        upload = scope["path"] == UPLOAD_PATH
        self._most = bounds.upload + FORM_BYTES if upload else bounds.message
        self._seconds = bounds.head_seconds
        self._receive = receive
        self._come = 0
        length = _header(scope, b"content-length")
        self._told = int(length[:20]) if length.isdecimal() else 0
        self.whole = not self._told and not _header(scope, b"transfer-encoding")

    def check(self) -> None:
        """Refuse what is told to be too large, before it comes."""
        if self._told > self._most:
            raise self._too_large()

    async def receive(self) -> Message:
        """The next piece of it, or that the client has gone."""
        try:
            async with asyncio.timeout(None if self.whole else self._seconds):
                message = await self._receive()
        except TimeoutError:
            raise Refusal(408, "the rest of the request did not come") from None
        if message["type"] == "http.request":
            self._come += len(message.get("body", b""))
            self.whole = not message.get("more_body", False)
            if self._come > self._most:
                raise self._too_large()
        return message

    async def drain(self) -> None:
        """Take some of what is left: a client may look for the response only after that."""
        left = _DRAINED
        with suppress(TimeoutError):
            async with asyncio.timeout(min(self._seconds, 2)):
                while left > 0:
                    message = await self._receive()
                    if not message.get("more_body", False):
                        return
                    left -= len(message["body"])

    def _too_large(self) -> Refusal:
        return Refusal(413, f"the body has more than {self._most} bytes", code="too_large")


class KeyCheck:
    """Lets through who shows a key; which one it is, is kept in the scope of the request."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] != OPEN_PATH:
            kind, _, key = _header(scope, b"authorization").partition(" ")
            number = self._keys.number(key.strip()) if kind.lower() == "bearer" else None
            if number is None:
                await respond(_NO_KEY)(scope, receive, send)
                return
            scope["key"] = number
        await self._app(scope, receive, send)


def respond(refusal: Refusal) -> JSONResponse:
    """The response to a request that is refused."""
    return JSONResponse(refusal.as_json(), refusal.status, refusal.headers)


def _header(scope: Scope, name: bytes) -> str:
    """A header of a request; empty if there is none."""
    return str(dict(scope["headers"]).get(name, b"").decode("latin-1"))
