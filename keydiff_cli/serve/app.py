"""What the server answers, by path."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from keydiff_cli.serve.bounds import Bounds
from keydiff_cli.serve.chat_request import parse_json, read_chat_request
from keydiff_cli.serve.completions import Completions
from keydiff_cli.serve.engine import Engine
from keydiff_cli.serve.files import KnownFile, Library
from keydiff_cli.serve.form import Form
from keydiff_cli.serve.guard import (
    CLIENT_GONE,
    OPEN_PATH,
    UPLOAD_PATH,
    Guard,
    KeyCheck,
    respond,
)
from keydiff_cli.serve.keys import Keys
from keydiff_cli.serve.metrics import Metrics
from keydiff_cli.serve.refusals import Refusal, invalid, of_status, refusal_of
from keydiff_cli.serve.uploads import Uploads
from keydiff_cli.settings.config import Settings

_MOST_LISTED = 10_000


@dataclass(frozen=True)
class Parts:
    """What the server is made of.

    Attributes
    ----------
    model
        The name of the model.
    settings
        How it reads and answers.
    origins
        Origins of web pages that may use the server from a browser.
    hosts, log, verbose
        As of :class:`~keydiff_cli.serve.guard.Guard`.
    """

    model: str
    settings: Settings
    engine: Engine
    uploads: Uploads
    library: Library
    keys: Keys
    bounds: Bounds
    metrics: Metrics
    origins: Sequence[str] = ()
    hosts: Sequence[str] | None = None
    log: bool = False
    verbose: bool = False


def make_app(parts: Parts) -> ASGIApp:
    """The server as an ASGI application."""
    routes = _Routes(parts)
    listed = [
        Route(OPEN_PATH, routes.health, methods=["GET"]),
        Route("/metrics", routes.metrics, methods=["GET"]),
        Route("/v1/models", routes.models, methods=["GET"]),
        Route("/v1/models/{name:path}", routes.model, methods=["GET"]),
        Route("/v1/chat/completions", routes.complete, methods=["POST"]),
        Route(UPLOAD_PATH, routes.list_files, methods=["GET"]),
        Route(UPLOAD_PATH, routes.send_file, methods=["POST"]),
        Route("/v1/files/{file_id}", routes.file, methods=["GET"]),
        Route("/v1/files/{file_id}", routes.delete_file, methods=["DELETE"]),
        Route("/v1/files/{file_id}/content", routes.content, methods=["GET"]),
    ]
    inner = Starlette(
        routes=listed,
        exception_handlers=dict.fromkeys(
            (HTTPException, Refusal, ClientDisconnect, Exception), _refused
        ),
    )
    inner.router.redirect_slashes = False  # to what a request says that this host is
    app: ASGIApp = KeyCheck(inner, parts.keys)
    if parts.origins:
        app = CORSMiddleware(
            app, allow_origins=parts.origins, allow_methods=["*"], allow_headers=["*"]
        )
    return Guard(
        app,
        parts.bounds,
        parts.metrics,
        hosts=parts.hosts,
        log=parts.log,
        verbose=parts.verbose,
    )


async def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, ClientDisconnect):
        return respond(CLIENT_GONE)
    if isinstance(error, HTTPException):
        path = request.scope["path"]
        problem = f"there is no {path[:80]} here" if error.status_code == 404 else None
        refusal = of_status(error.status_code, problem)
        refusal.headers.update(error.headers or {})
        return respond(refusal)
    return respond(refusal_of(error))


class _Routes:
    """The endpoints."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._began = int(time.time())
        self._completions = Completions(parts.engine, parts.model, parts.bounds.seconds)

    async def health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def metrics(self, request: Request) -> Response:
        engine = self._parts.engine
        text = self._parts.metrics.text(waiting=engine.waiting, running=engine.running)
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

    async def models(self, request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [self._model()]})

    async def model(self, request: Request) -> Response:
        if (name := request.path_params["name"]) != self._parts.model:
            problem = f"there is no model '{name[:80]}' here; there is '{self._parts.model}'"
            raise Refusal(404, problem, code="model_not_found", param="model")
        return JSONResponse(self._model())

    def _model(self) -> dict[str, Any]:
        return {
            "id": self._parts.model,
            "object": "model",
            "created": self._began,
            "owned_by": "keydiff",
        }

    async def complete(self, request: Request) -> Response:
        parts = self._parts
        data = parse_json(await request.body())
        # A schema may take some time.
        chat = await asyncio.to_thread(read_chat_request, data, parts.model, parts.settings)
        files = [str(file.path) for file in await self._files(chat.file_ids)]
        return await self._completions.respond(request, chat, files)

    async def _files(self, file_ids: Sequence[str]) -> list[KnownFile]:
        get = self._parts.library.get
        return [await asyncio.to_thread(get, file_id) for file_id in file_ids]

    async def list_files(self, request: Request) -> Response:
        query = request.query_params
        known = await asyncio.to_thread(self._parts.library.list)
        known = [file for file in known if query.get("purpose", file.purpose) == file.purpose]
        if query.get("order", "desc") == "asc":
            known.reverse()
        if (after := query.get("after")) is not None:
            ids = [file.id for file in known]
            if after not in ids:
                raise invalid("after", "there is no such file")
            known = known[ids.index(after) + 1 :]
        limit = query.get("limit", str(_MOST_LISTED))
        if not limit.isdecimal() or not 0 < int(limit[:9]) <= _MOST_LISTED:
            raise invalid("limit", f"is no number from 1 to {_MOST_LISTED}")
        shown = known[: int(limit)]
        return JSONResponse(
            {
                "object": "list",
                "data": [file.as_json() for file in shown],
                "first_id": shown[0].id if shown else None,
                "last_id": shown[-1].id if shown else None,
                "has_more": len(shown) < len(known),
            }
        )

    async def send_file(self, request: Request) -> Response:
        form = Form(request.headers.get("content-type", ""), self._parts.uploads)
        try:
            async for data in request.stream():
                form.feed(data)
            file = await asyncio.to_thread(form.finish)  # which waits for the disk
        finally:
            form.close()
        return JSONResponse(file.as_json())

    async def file(self, request: Request) -> Response:
        [file] = await self._files([request.path_params["file_id"]])
        return JSONResponse(file.as_json())

    async def content(self, request: Request) -> Response:
        [file] = await self._files([request.path_params["file_id"]])
        return FileResponse(file.path, media_type="application/octet-stream", filename=file.name)

    async def delete_file(self, request: Request) -> Response:
        file_id = request.path_params["file_id"]
        await self._files([file_id])
        if not self._parts.uploads.delete(file_id):
            raise Refusal(403, "this file is of a folder of the server: it stays", code="read_only")
        return JSONResponse({"id": file_id, "object": "file", "deleted": True})
