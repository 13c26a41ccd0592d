"""A server from its start to its end: the model, the socket, the signals."""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn

from keydiff_cli.errors import UsageError
from keydiff_cli.policies import choose_policy
from keydiff_cli.serve.app import Parts, make_app
from keydiff_cli.serve.bounds import Bounds
from keydiff_cli.serve.engine import Engine
from keydiff_cli.serve.files import Library
from keydiff_cli.serve.folders import Folders
from keydiff_cli.serve.keys import Keys, find_keys
from keydiff_cli.serve.metrics import Metrics
from keydiff_cli.serve.protocol import config_of
from keydiff_cli.serve.uploads import Uploads
from keydiff_cli.serve.watching import Watching
from keydiff_cli.settings.config import Settings
from keydiff_cli.system.files import told_by
from keydiff_cli.system.folders import snapshots_folder
from keydiff_cli.system.terminal import complain
from keydiff_cli.talk.inquiries import InquiryDesk

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_NAMES = ("localhost", "127.0.0.1", "[::1]")  # as requests name them
_FREEING = 60.0  # seconds in which the model is freed in the end


@dataclass(frozen=True)
class Service:
    """What is to be served, and to whom.

    Attributes
    ----------
    settings
        How documents are read and questions are answered.
    host, port
        Where to listen; port 0 is any free one.
    folders
        Folders whose files may be asked about.
    key_file
        A file with API keys, one a line.
    origins
        Origins of web pages that may use the server from a browser.
    log
        Whether each request is told on stderr.
    verbose
        Whether the place of an error that was not foreseen is told.
    """

    settings: Settings
    host: str = "127.0.0.1"
    port: int = 8383
    folders: Sequence[Path] = ()
    key_file: Path | None = None
    origins: Sequence[str] = ()
    bounds: Bounds = field(default_factory=Bounds)
    log: bool = False
    verbose: bool = False


def serve(service: Service) -> None:
    """Serve until SIGTERM or Ctrl-C, after which the answer on its way has its time to end.

    Raises
    ------
    KeydiffError
        If it cannot begin.
    """
    settings, bounds = service.settings, service.bounds
    choose_policy(settings.policy, None)
    keys = find_keys(service.key_file)
    local = service.host in _LOOPBACK
    if not local and not keys.given:
        raise UsageError(
            f"--host {service.host} lets others in: give a key of yours, by --api-key-file or "
            "KEYDIFF_API_KEY"
        )
    folders = Folders(service.folders)
    metrics = Metrics()
    with _listening(service) as listener, closing(_uploads(settings, bounds)) as uploads:
        engine = Engine(partial(_open_desk, settings), metrics, bounds.queue, service.verbose)
        model = engine.start()
        app = make_app(
            Parts(
                model=model,
                settings=settings,
                engine=engine,
                uploads=uploads,
                library=Library(uploads, folders),
                keys=keys,
                bounds=bounds,
                metrics=metrics,
                origins=service.origins,
                hosts=_NAMES if local else None,
                log=service.log,
                verbose=service.verbose,
            )
        )
        _tell(listener, keys, model, settings)
        _Server(app, engine, bounds).run(sockets=[listener])
        if not engine.join(_FREEING):  # llama.cpp does not return
            complain("error: the model does not stop; the process is ended")
            os._exit(1)
    complain("the server has ended")


class _Server(uvicorn.Server):
    """uvicorn, which ends in order at a signal, and does not pass it on."""

    should_exit: bool

    def __init__(self, app: Any, engine: Engine, bounds: Bounds) -> None:
        _log_in_lines()
        super().__init__(config_of(app, bounds, grace=bounds.grace))
        self._engine = engine
        self._grace = bounds.grace

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            self._engine.end(0)
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: Any) -> None:
        self.force_exit = self.should_exit  # a second signal cuts the answer on its way
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._engine.end(self._grace)
        await super().shutdown(sockets)


def _open_desk(settings: Settings, watching: Watching) -> InquiryDesk:
    """What answers, with its model loaded."""
    desk = InquiryDesk(settings, watching)
    desk.open()
    return desk


@contextmanager
def _listening(service: Service) -> Iterator[socket.socket]:
    """The socket, before time is spent on a model."""
    try:
        family = socket.AF_INET6 if ":" in service.host else socket.AF_INET
        listener = socket.create_server((service.host, service.port), family=family, backlog=128)
    except (OSError, OverflowError, UnicodeError) as error:
        raise UsageError(
            f"cannot listen on {service.host} port {service.port}: {told_by(error)}; choose "
            "others by --host and --port"
        ) from None
    with closing(listener):
        yield listener


def _uploads(settings: Settings, bounds: Bounds) -> Uploads:
    folder = snapshots_folder(settings.cache_dir) / "uploads"
    return Uploads(folder, each=bounds.upload, all_together=bounds.uploads)


def _tell(listener: socket.socket, keys: Keys, model: str, settings: Settings) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    where = f"http://{shown}:{port}/v1"
    complain(f"serving {model} at {where}; the API key is in {keys.source}")
    if not settings.cache:
        complain("warning: the cache is off: documents are read anew when others were asked about")


class _Lines(logging.Handler):
    """Tells what uvicorn logs, in one line each."""

    def emit(self, record: logging.LogRecord) -> None:
        complain(f"warning: {record.getMessage()}")


def _log_in_lines() -> None:
    """Tell what libraries log in lines; what the form's has to say is said to its client."""
    levels = {"uvicorn.error": logging.WARNING, "asyncio": logging.ERROR, "python_multipart": 99}
    for name, level in levels.items():
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [_Lines(level)], False
