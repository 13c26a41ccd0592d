"""``keydiff bench qa``: questions about documents of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keydiff_cli.cli.asked_results import ask_and_show
from keydiff_cli.cli.bench_options import ASKING, MOST, BenchOptions, parse_names
from keydiff_cli.cli.signatures import with_options


@with_options(
    "policies",
    "budgets",
    *ASKING,
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
    from keydiff_cli.bench.answer_rates import rate_answers
    from keydiff_cli.bench.asked_documents import Choice, load_questions
    from keydiff_cli.bench.benchmark import AskedBench
    from keydiff_cli.bench.exams import Judging
    from keydiff_cli.bench.variants import parse_variants

    contenders = options.contenders()
    settings = options.settings("qa")
    chosen = parse_variants(parse_names(variants), settings)
    choice = Choice(parse_names(kinds) if kinds else (), documents, samples)
    asked = load_questions(data, document, choice)
    bench = AskedBench("qa", {}, asked, Judging(), rate_answers)
    ask_and_show(bench, settings, contenders, chosen, options)
