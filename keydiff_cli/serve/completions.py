"""Answering one request: a job for the engine, and what is told of it as a response."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from keydiff_cli.serve.chat_answer import END, ChatAnswer, comment, event
from keydiff_cli.serve.chat_request import ChatRequest
from keydiff_cli.serve.engine import Engine
from keydiff_cli.serve.guard import CLIENT_GONE
from keydiff_cli.serve.job import Answered, Failed, Job, News, Piece, Waiting, Working
from keydiff_cli.serve.refusals import Refusal

PLACE = "X-Keydiff-Queue"  # the header with the place in the queue that a question had


@dataclass(frozen=True)
class Completions:
    """Answers requests by an engine, each within so many seconds.

    Attributes
    ----------
    model
        The name of the model.
    """

    engine: Engine
    model: str
    seconds: float

    async def respond(self, request: Request, chat: ChatRequest, files: list[str]) -> Response:
        """The response to a request about some files, by their paths.

        Raises
        ------
        Refusal
            If there is no answer; a stream that has begun says so itself.
        """
        news: asyncio.Queue[News] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def tell(what: News) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(news.put_nowait, what)

        address = request.client.host if request.client else ""
        client = request.scope.get("key"), address
        job = Job(client, chat.inquiry(files), chat.stop, tell)
        answer = ChatAnswer(self.model, self.engine.submit(job))
        told = self._told(request, job, news)
        if chat.stream:
            headers = {PLACE: str(answer.place), "Cache-Control": "no-store"}
            pieces = _events(answer, told, usage=chat.usage)
            return _Stream(pieces, headers, lambda: self.engine.cancel(job, CLIENT_GONE))
        return await _whole(answer, told)

    async def _told(
        self, request: Request, job: Job, news: asyncio.Queue[News]
    ) -> AsyncGenerator[News, None]:
        """What the engine tells, until the end, or until the client has gone or time is over."""
        gone = asyncio.create_task(_until_gone(request))
        until = asyncio.get_running_loop().time() + self.seconds
        try:
            while True:
                get = asyncio.create_task(news.get())
                left = until - asyncio.get_running_loop().time()
                await asyncio.wait(
                    {get, gone}, timeout=max(left, 0), return_when=asyncio.FIRST_COMPLETED
                )
                if not get.done():
                    get.cancel()
                    yield Failed(CLIENT_GONE if gone.done() else self._too_late())
                    return
                yield (what := get.result())
                if isinstance(what, Answered | Failed):
                    return
        finally:
            gone.cancel()
            self.engine.cancel(job, CLIENT_GONE)

    def _too_late(self) -> Refusal:
        problem = f"not answered in {self.seconds:g} seconds; what was read is kept: ask again"
        return Refusal(504, problem, code="timeout")


class _Stream(StreamingResponse):
    """A stream of events; ``close`` is called in its end, however that comes."""

    media_type = "text/event-stream"

    def __init__(
        self,
        pieces: AsyncGenerator[bytes, None],
        headers: dict[str, str],
        close: Callable[[], None],
    ) -> None:
        super().__init__(pieces, headers=headers)
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._close()


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _whole(answer: ChatAnswer, told: AsyncGenerator[News, None]) -> Response:
    text = ""
    async with aclosing(told) as news:
        async for what in news:
            if isinstance(what, Piece):
                text += what.text
            elif isinstance(what, Failed):
                raise what.refusal
            elif isinstance(what, Answered):
                data = answer.whole(text, what.report, what.spent, stopped=what.stopped)
                return JSONResponse(data, headers={PLACE: str(answer.place)})
    raise CLIENT_GONE


async def _events(
    answer: ChatAnswer, told: AsyncGenerator[News, None], *, usage: bool
) -> AsyncGenerator[bytes, None]:
    """The events of an answer; comments among them say what goes on before it."""
    length = 0
    async with aclosing(told) as news:
        yield event(answer.begun())
        async for what in news:
            if isinstance(what, Waiting):
                yield comment(f"queue {what.place}")
            elif isinstance(what, Working):
                yield comment(what.what)
            elif isinstance(what, Piece):
                length += len(what.text)
                yield event(answer.piece(what.text))
            elif isinstance(what, Failed):
                yield event(what.refusal.as_json())
            else:
                yield event(answer.ended(what.report, length, stopped=what.stopped))
                if usage:
                    yield event(answer.used(what.spent))
                yield END
