"""``keydiff bench qa``: questions about documents of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from keydiff_cli.cli.bench_options import MOST, RUNNING, BenchOptions, parse_names
from keydiff_cli.cli.messages import tell_outdated
from keydiff_cli.cli.signatures import with_options


@with_options(
    "policies",
    "budgets",
    "out",
    "recall",
    "second_look",
    "cache_dir",
    *RUNNING,
    policies="full,keydiff-prerope",
    budgets="1/8",
    out=Path("qa.jsonl"),
)
def qa(
    data: Annotated[
        Path,
        typer.Option(
            "--data",
            metavar="FILE",
            help="JSON lines with document, question and answer.",
        ),
    ],
    document: Annotated[
        Path | None,
        typer.Option(
            "--document",
            metavar="FILE",
            help="What the questions are about that name no document.",
            show_default=False,
        ),
    ] = None,
    documents: Annotated[
        str,
        typer.Option("--documents", metavar="GLOB", help="Documents whose names match only."),
    ] = "*",
    kinds: Annotated[
        str | None,
        typer.Option(
            "--kind",
            metavar="NAMES",
            help="Kinds of questions, separated by commas. Default: all.",
            show_default=False,
        ),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(
            "--samples",
            metavar="N",
            min=1,
            max=MOST,
            help="Questions of a kind about a document. Default: all.",
            show_default=False,
        ),
    ] = None,
    variants: Annotated[
        str,
        typer.Option(
            "--with",
            metavar="NAMES",
            help="What a question gets beside the cache, separated by commas: nothing, recall, "
            "second-look, both; or passages alone, without the document in the cache.",
        ),
    ] = "nothing,both,passages",
    *,
    options: BenchOptions,
) -> None:
    """Ask about your own documents, in the way of keydiff ask.

    A document is read once for each policy and budget, and kept: the same command goes on where it
    was stopped.
    """
    from keydiff_cli.bench.asked_documents import Choice, load_questions
    from keydiff_cli.bench.benchmark import run_asking
    from keydiff_cli.bench.variants import parse_variants
    from keydiff_cli.render.display import BenchDisplay

    contenders = options.contenders()
    settings = options.settings("qa")
    chosen = parse_variants(parse_names(variants), settings)
    choice = Choice(parse_names(kinds) if kinds else (), documents, samples)
    asked = load_questions(data, document, choice)
    display = BenchDisplay(quiet=options.quiet)
    try:
        summary = run_asking(asked, settings, contenders, chosen, options.out, display)
    finally:
        display.reading_over()
    print_answers(summary, as_json=options.as_json)


def print_answers(summary: dict[str, Any], *, as_json: bool) -> None:
    """Show the results of questions about documents."""
    from keydiff_cli.bench.summary import rounded
    from keydiff_cli.render.printing import print_json, print_table
    from keydiff_cli.render.tables import ASKED_COLUMNS, asked_rows

    tell_outdated(summary["outdated"])
    if as_json:
        print_json(rounded(summary))
        return
    print_table(ASKED_COLUMNS, asked_rows(summary["results"]))
