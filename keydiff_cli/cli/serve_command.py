"""``keydiff serve``: answer the requests of other programs."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from keydiff_cli.cli.options import ANSWERING, Options
from keydiff_cli.cli.signatures import with_options
from keydiff_cli.errors import UsageError
from keydiff_cli.system.sizes import parse_size

_NEEDED = ("starlette", "uvicorn", "python_multipart")


@with_options(
    *ANSWERING,
    "verbose",
    "offline",
)
def serve(
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Where to listen. Another address than this machine's own needs a key of yours.",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="The port; 0 is any free one.")
    ] = 8383,
    documents: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FOLDER",
            help="A folder whose files may be asked about; may be given several times.",
            show_default=False,
        ),
    ] = None,
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="API keys, one a line. Default: KEYDIFF_API_KEY, or one made at the first start.",
            show_default=False,
        ),
    ] = None,
    cors: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ORIGIN",
            help="Web pages that may use the server; may be given several times.",
            show_default=False,
        ),
    ] = None,
    upload_size: Annotated[
        str, typer.Option(metavar="SIZE", help="The largest file that may be sent.")
    ] = "100MB",
    uploads_size: Annotated[
        str, typer.Option(metavar="SIZE", help="All files that were sent, together.")
    ] = "10GB",
    message_size: Annotated[
        str, typer.Option(metavar="SIZE", help="The largest request, but for files.")
    ] = "1MB",
    queue: Annotated[int, typer.Option(metavar="N", min=1, help="Questions that may wait.")] = 64,
    request_seconds: Annotated[
        float, typer.Option(metavar="S", min=0.1, help="Time for an answer, with its wait.")
    ] = 3600,
    head_seconds: Annotated[
        float,
        typer.Option(
            metavar="S",
            min=0.1,
            help="Time for the head of a request, and for each piece of the rest, to come.",
        ),
    ] = 10,
    grace_seconds: Annotated[
        float,
        typer.Option(
            metavar="S", min=0, help="Time for the answer on its way when the server is ended."
        ),
    ] = 20,
    connections: Annotated[
        int, typer.Option(metavar="N", min=1, help="Connections that may be open.")
    ] = 256,
    log: Annotated[bool, typer.Option("--log", help="Tell each request on stderr.")] = False,
    *,
    options: Options,
) -> None:
    """Answer questions of other programs, by OpenAI's protocol (needs the extra serve)."""
    if not all(map(find_spec, _NEEDED)):
        raise UsageError('the server needs the extra serve: pip install "keydiff-cli[serve]"')
    settings = options.resolve().settings

    from keydiff_cli.llama import echo_log
    from keydiff_cli.serve.bounds import Bounds
    from keydiff_cli.serve.server import Service, serve

    echo_log(options.verbose)
    bounds = Bounds(
        upload=parse_size(upload_size),
        uploads=parse_size(uploads_size),
        message=parse_size(message_size),
        queue=queue,
        seconds=request_seconds,
        head_seconds=head_seconds,
        grace=grace_seconds,
        connections=connections,
    )
    serve(
        Service(
            settings,
            host=host,
            port=port,
            folders=documents or (),
            key_file=api_key_file,
            origins=cors or (),
            bounds=bounds,
            log=log,
            verbose=options.verbose,
        )
    )
