"""``keydiff bench each``: whether a question for all items of a kind finds all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keydiff_cli.cli.asked_results import ask_and_show, shown
from keydiff_cli.cli.bench_options import ASKING, BenchOptions, parse_lengths, parse_names
from keydiff_cli.cli.signatures import with_options
from keydiff_cli.errors import UsageError, setting

FEWEST, MOST = 1, 60  # items of a kind in a text


@with_options(
    "policies",
    "budgets",
    "lengths",
    "samples",
    "seed",
    "text",
    *ASKING,
    policies="full,keydiff-prerope",
    budgets="1024",
    lengths="16384",
    samples=1,
    seed=0,
    out=Path("each.jsonl"),
)
def each(
    items: Annotated[
        int,
        typer.Option(
            "--items", metavar="N", min=FEWEST, max=MOST, help="Items of each kind in a text."
        ),
    ] = 20,
    kinds: Annotated[
        str,
        typer.Option("--kind", metavar="NAMES", help="Kinds of items, separated by commas."),
    ] = "deadlines,people,penalties",
    variants: Annotated[
        str,
        typer.Option(
            "--with",
            metavar="NAMES",
            help="How the question is asked, separated by commas: of each part of the text (each); "
            "or with nothing, recall, second-look or both beside the cache; or of passages alone.",
        ),
    ] = "each,nothing,both",
    *,
    options: BenchOptions,
) -> None:
    """Ask for all items of a kind that are planted in long texts.

    A text is read once for each policy and budget, and kept: the same command goes on where it was
    stopped. The texts are beside the records.
    """
    from keydiff_cli.bench.asking_for_all import (
        ListingAll,
        load_texts,
        texts_folder,
        write_texts,
    )
    from keydiff_cli.bench.benchmark import AskedBench
    from keydiff_cli.bench.haystack import digest
    from keydiff_cli.bench.measure_rates import rate_measures
    from keydiff_cli.bench.planted import KINDS, planted_texts
    from keydiff_cli.bench.variants import WAYS, parse_variants

    sizes, chosen_kinds = parse_lengths(options.lengths), parse_names(kinds)
    if unknown := [kind for kind in chosen_kinds if kind not in KINDS]:
        raise UsageError(f"{setting('kind')}: '{unknown[0]}' is not one of {', '.join(KINDS)}")
    contenders = options.contenders()
    settings = options.settings("each")
    chosen = parse_variants(parse_names(variants), settings, ("each", *WAYS))
    sentences, seed = options.sentences(settings), options.seed or 0
    with shown(options) as display:
        texts = load_texts(
            settings,
            display,
            lambda count: planted_texts(sentences, sizes, items, options.samples, count, seed),
        )
    documents = write_texts(texts, texts_folder(options.out), chosen_kinds)
    header = {"text": digest(sentences), "seed": seed, "items": items}
    bench = AskedBench("each", header, documents, ListingAll(texts), rate_measures)
    ask_and_show(bench, settings, contenders, chosen, options)
