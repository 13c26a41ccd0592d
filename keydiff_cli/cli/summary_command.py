"""``keydiff bench summary``: what summaries of one's own documents are worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keydiff_cli.cli.asked_results import ask_and_show
from keydiff_cli.cli.bench_options import ASKING, BenchOptions, parse_names
from keydiff_cli.cli.signatures import with_options


@with_options(
    "policies",
    "budgets",
    *ASKING,
    policies="full,keydiff-prerope",
    budgets="1024",
    out=Path("summary.jsonl"),
)
def summary(
    files: Annotated[list[Path], typer.Argument(metavar="FILES", help="Documents.")],
    question: Annotated[
        str, typer.Option("--question", metavar="TEXT", help="What asks for a summary.")
    ] = "summarize",
    words: Annotated[
        int | None,
        typer.Option(
            "--length",
            metavar="N",
            min=20,
            max=5000,
            help="Words that a summary should have. Default: as many as come.",
            show_default=False,
        ),
    ] = None,
    references: Annotated[
        Path | None,
        typer.Option(
            "--references",
            metavar="FILE",
            help="JSON lines with document and summary, to compare with.",
            show_default=False,
        ),
    ] = None,
    variants: Annotated[
        str,
        typer.Option(
            "--with",
            metavar="NAMES",
            help="What the question gets beside the cache, separated by commas: notes, nothing, "
            "recall, second-look, both; or passages alone, without the document in the cache.",
        ),
    ] = "notes,nothing",
    *,
    options: BenchOptions,
) -> None:
    """Summarise your own documents, in the way of keydiff ask.

    Figures, names and dates of a summary are looked up in its document, and its sentences are
    placed there. A document is read once for each policy and budget, and kept: the same command
    goes on where it was stopped.
    """
    from keydiff_cli.bench.benchmark import AskedBench
    from keydiff_cli.bench.summarising import (
        Summarising,
        documents_to_summarise,
        load_references,
    )
    from keydiff_cli.bench.variants import WAYS, parse_variants

    contenders = options.contenders()
    settings = options.settings("summary")
    chosen = parse_variants(parse_names(variants), settings, ("notes", *WAYS))
    documents = documents_to_summarise(files, question, words)
    by_others = load_references(references, documents) if references else {}
    exam = Summarising(documents, words, by_others)
    bench = AskedBench("summary", {}, documents, exam, exam.rate)
    ask_and_show(bench, settings, contenders, chosen, options)
