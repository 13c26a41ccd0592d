"""``keydiff batch``: questions about many documents, a row for each pair."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keydiff_cli.cli.many import MOST_WORKERS, Out, QuietMany, write_rows
from keydiff_cli.cli.options import ANSWERING, Options
from keydiff_cli.cli.shape_options import ChoicesOption, SchemaOption, refuse_citing, shape_of
from keydiff_cli.cli.signatures import with_options
from keydiff_cli.errors import UsageError
from keydiff_cli.system.files import told_by

if TYPE_CHECKING:
    from keydiff_cli.batch.engine import Engine
    from keydiff_cli.batch.messages import Orders
    from keydiff_cli.render.display import BatchDisplay

_WRITE = "write: keydiff batch FILES|FOLDERS -q QUESTION --out FILE"


class Engines(StrEnum):
    """Who reads and answers."""

    LOCAL = "local"
    RAY = "ray"


Places = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILES|FOLDERS",
        help="Documents, and folders of documents; - takes paths from standard input, one a line.",
        show_default=False,
    ),
]
Questions = Annotated[
    list[str] | None,
    typer.Option(
        "--question",
        "-q",
        metavar="TEXT",
        help="What to ask of each document; may be given several times.",
        show_default=False,
    ),
]


@with_options(
    *ANSWERING,
    "verbose",
    "offline",
)
def batch(
    files: Places = None,
    question: Questions = None,
    questions: Annotated[
        Path | None,
        typer.Option(
            "--questions",
            metavar="FILE",
            help="More questions, one a line.",
            show_default=False,
        ),
    ] = None,
    schema: SchemaOption = None,
    choices: ChoicesOption = None,
    out: Out = None,
    null: Annotated[
        bool,
        typer.Option("--null", "-0", help="Paths on standard input end with NUL, not a line."),
    ] = False,
    unordered: Annotated[
        bool,
        typer.Option("--unordered", help="Write rows as they are there, in any order."),
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N",
            min=1,
            max=MOST_WORKERS,
            help="Processes that read documents at the same time: on this machine, where the "
            "default is 1, all within --memory; on a cluster, where it is one on each node.",
            show_default=False,
        ),
    ] = None,
    engine: Annotated[
        Engines,
        typer.Option("--engine", help="Whether this machine reads, or a cluster of Ray."),
    ] = Engines.LOCAL,
    address: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="The cluster. Default: what RAY_ADDRESS says, or the one that runs here.",
            show_default=False,
        ),
    ] = None,
    send: Annotated[
        bool,
        typer.Option("--send", help="Send documents to the cluster, which cannot read the paths."),
    ] = False,
    quiet: QuietMany = False,
    *,
    options: Options,
) -> None:
    """Ask questions about many documents: a row for each document and question."""
    if not files:
        raise UsageError(f"no document; {_WRITE}")
    asked = [*(question or ()), *_lines(questions)]
    if not any(each.strip() for each in asked):
        raise UsageError(f"no question; {_WRITE}")
    if engine != Engines.RAY and (address is not None or send):
        raise UsageError("--address and --send are about a cluster: write --engine ray, too")
    resolved = options.resolve()
    settings = resolved.settings
    shape = shape_of(schema, choices)
    if shape is not None:
        refuse_citing(resolved)

    from keydiff_cli.batch.messages import Orders
    from keydiff_cli.batch.pairs import Pairs
    from keydiff_cli.batch.paths import find_documents
    from keydiff_cli.batch.tables import Answers
    from keydiff_cli.llama import echo_log
    from keydiff_cli.render.display import BatchDisplay

    echo_log(options.verbose)
    display = BatchDisplay(quiet=quiet)
    table = Answers(shape)
    documents = find_documents(_places(files, null=null), display.note, [out] if out else [])
    pairs = Pairs(settings, documents, asked, table, ordered=not unordered, send=send)
    orders = Orders(settings, shape, options.verbose)
    if engine == Engines.RAY:
        asking = _on_cluster(orders, address, workers)
    else:
        asking = _on_this_machine(orders, workers or 1, display)
    write_rows(pairs, asking, table, out, display)


def _on_this_machine(orders: Orders, workers: int, display: BatchDisplay) -> Engine:
    """Who asks here: one process or several."""
    if workers == 1:
        from keydiff_cli.batch.engine import Here

        return Here(orders)
    from keydiff_cli.batch.dispatch import Dispatcher
    from keydiff_cli.batch.workers import Workers, share

    return Dispatcher(Workers(share(orders, workers, display), workers))


def _on_cluster(orders: Orders, address: str | None, workers: int | None) -> Engine:
    """Who asks on the nodes of a cluster."""
    from keydiff_cli.batch.cluster import Cluster
    from keydiff_cli.batch.dispatch import Dispatcher

    return Dispatcher(Cluster(orders, address, workers))


def _lines(path: Path | None) -> Sequence[str]:
    """The questions in a file."""
    if path is None:
        return ()
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise UsageError(f"--questions: {path} cannot be read: {told_by(error)}") from None
    except ValueError:
        raise UsageError(f"--questions: {path} is no text in UTF-8") from None
    return [line.strip() for line in lines if line.strip()]


def _places(files: Sequence[str], *, null: bool) -> list[str]:
    """What was named, and what standard input has in place of ``-``."""
    from keydiff_cli.batch.paths import listed_paths

    if null and "-" not in files:
        raise UsageError("--null is about paths on standard input: name it, too, as -")
    places: list[str] = []
    for file in dict.fromkeys(files):
        places += listed_paths(sys.stdin.buffer.read(), null=null) if file == "-" else [file]
    return places
