"""HTTP connections by uvicorn, bounded in number and in the time that a request's head takes."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol

from keydiff_cli.serve.bounds import Bounds


def bounded_protocol(bounds: Bounds) -> type[H11Protocol]:
    """The class of connections within bounds."""

    class Bounded(H11Protocol):
        """A connection that is closed where there are too many, or its head does not come."""

        _waiting: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) > bounds.connections:
                transport.abort()
                return
            self._wait_for_head()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.conn.their_state is not h11.IDLE:
                self._wait_no_more()
            elif self._waiting is None:
                self._wait_for_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._wait_no_more()
            super().connection_lost(exc)

        def _wait_for_head(self) -> None:
            self._waiting = self.loop.call_later(bounds.head_seconds, self.transport.abort)

        def _wait_no_more(self) -> None:
            if self._waiting is not None:
                self._waiting.cancel()
                self._waiting = None

    return Bounded


def config_of(app: object, bounds: Bounds, *, grace: float) -> Config:
    """What uvicorn is told: nothing of its own is logged but errors."""
    return Config(
        app,  # type: ignore[arg-type]
        loop="asyncio",
        http=bounded_protocol(bounds),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=int(grace) + 2,
        h11_max_incomplete_event_size=64 * 1024,
    )
