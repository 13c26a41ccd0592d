"""Measures what becomes of a model beyond the length that it was trained for.

    python docs/positions.py --model smollm2-135m --ways capped,counted --out FILE TEXT...

Each text is read once into a small cache. At each of the lengths the perplexity of the next 256
tokens is taken; beside it that of the same tokens after only the first length before them was
read, into a cache of their own. What is in the file is not measured again.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from measuring import model_path, show

from keydiff_cli.bench.statistics import student
from keydiff_cli.cache import KVCache
from keydiff_cli.engine.ingest import ingest, read_head
from keydiff_cli.engine.setup import open_engine
from keydiff_cli.llama import Model
from keydiff_cli.policies import find_policy
from keydiff_cli.reading.positions import compaction_of
from keydiff_cli.settings.config import Settings
from keydiff_cli.text.blocks import blocks

HEAD = 16  # tokens that stay pinned
TICKS = (0.9, 1, 1.1, 1.2, 1.3, 1.5, 2, 3, 5, 10, 30, 100, 300, 1000)  # of a picture
LAST = 256  # tokens whose perplexity is taken


@contextmanager
def opened(path: Path, way: str, given: argparse.Namespace) -> Iterator[KVCache]:
    """A cache that keeps positions in this way: capped, capped:0.25, counted, yarn:4 ...

    Of a model that is opened anew: a context that YaRN stretches changes what llama.cpp says that
    it was trained for.
    """
    name, _, number = way.partition(":")
    chosen = Settings(
        positions="counted" if name == "yarn" else name,
        compact_at=given.at,
        compact_to=float(number) if number and name != "yarn" else given.to,
    )
    with closing(Model(path)) as model:
        cache = open_engine(
            model,
            cells=given.budget + given.block + LAST + 1,
            block=given.block,
            kv_type=given.kv_type,
            threads=given.threads,
            stretch=float(number) if name == "yarn" else 1.0,
            positions=partial(compaction_of, chosen),
        )
        with closing(cache.context):
            yield cache


def read(cache: KVCache, tokens: np.ndarray, given: argparse.Namespace) -> None:
    """Read the tokens, evicting after each block; the first of an empty cache stay pinned."""
    if cache.used == 0:
        read_head(cache, tokens[:HEAD], given.block)
        tokens = tokens[HEAD:]
    policy = find_policy(given.policy)
    for _ in ingest(cache, blocks(tokens, given.block), policy=policy, budget=given.budget):
        pass


def loss_of(cache: KVCache, before: int, tokens: np.ndarray) -> float:
    """Minus the mean log-probability of the tokens; all but the last have then been read."""
    total = 0.0
    for given, token in zip([before, *tokens[:-1]], tokens, strict=True):
        cache.append(np.array([given], np.int32), logits=True)
        logits = cache.context.logits().astype(np.float64)
        total += np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[token]
    return total / len(tokens)


def measured(
    path: Path, tokens: np.ndarray, way: str, lengths: list[int], given: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """One record for each of the lengths, shortest first."""
    with opened(path, way, given) as cache:
        first = 0  # token that comes next
        began = time.perf_counter()
        for length in lengths:
            end = length - LAST
            read(cache, tokens[first : end - 1], given)
            seconds = time.perf_counter() - began
            loss = loss_of(cache, tokens[end - 1], tokens[end:length])
            first = length - 1
            alone = loss
            if length > lengths[0]:
                with opened(path, way, given) as short:
                    read(short, tokens[length - lengths[0] : end - 1], given)
                    alone = loss_of(short, tokens[end - 1], tokens[end:length])
            yield {"length": length, "loss": loss, "alone": alone, "seconds": seconds}
            began = time.perf_counter()


def summary(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Perplexity of each way at each length, over that of the same tokens at the first."""
    rows = []
    names = ("model", "policy", "way", "length")
    for kind in sorted({tuple(record[name] for name in names) for record in records}):
        pairs = [
            (record["alone"], record["loss"])
            for record in records
            if tuple(record[name] for name in names) == kind
        ]
        alone, then = np.array(pairs).T
        gaps, count = then - alone, len(pairs)
        half = student(count - 1) * gaps.std(ddof=1) / count**0.5 if count > 4 else np.nan
        row = {
            **dict(zip(names, kind, strict=True)),
            "pairs": count,
            "alone": round(float(np.exp(alone.mean())), 2),
            "perplexity": round(float(np.exp(then.mean())), 2),
            "ratio": round(float(np.exp(gaps.mean())), 3),
            "interval": [round(float(np.exp(gaps.mean() + side * half)), 3) for side in (-1, 1)],
        }
        show(**row)
        rows.append(row)
    return rows


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """A picture of the ratios against the length, with their intervals."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    names = ("model", "policy", "way")
    figure, panel = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    for kind in sorted({tuple(row[name] for name in names) for row in rows}):
        own = [row for row in rows if tuple(row[name] for name in names) == kind]
        ratios, lengths = [row["ratio"] for row in own], [row["length"] for row in own]
        low, high = np.transpose([row["interval"] for row in own])
        panel.errorbar(
            lengths, ratios, [ratios - low, high - ratios], label=", ".join(kind), capsize=3
        )
    panel.set_xscale("log", base=2)
    panel.set_yscale("log", base=2)
    panel.set_xlabel("tokens read")
    panel.set_ylabel("perplexity over that of a short text")
    low, high = panel.get_ylim()
    panel.set_xticks(sorted({row["length"] for row in rows}))
    panel.set_yticks([tick for tick in TICKS if low <= tick <= high])
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:,g}")
        axis.set_minor_formatter("")
    panel.grid(alpha=0.3)
    panel.legend(fontsize=8)
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("texts", nargs="*", type=Path)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--lengths", default="6144,12288,24576,49152,98304")
    parser.add_argument("--ways", default="capped,counted", help="also ranked, scaled, yarn:4")
    parser.add_argument("--policy", default="keydiff-prerope")
    parser.add_argument("--budget", type=int, default=1024)
    parser.add_argument("--block", type=int, default=128)
    parser.add_argument("--kv-type", default="f16")
    parser.add_argument("--at", type=float, default=1.0)
    parser.add_argument("--to", type=float, default=0.5)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--plot", type=Path, metavar="FILE.png|FILE.svg")
    given = parser.parse_args()
    lengths = [int(length) for length in given.lengths.split(",")]
    lines = given.out.read_text().splitlines() if given.out.exists() else []
    records = [json.loads(line) for line in lines]
    done = {(r["model"], r["policy"], r["text"], r["way"], r["length"]) for r in records}
    model_file = model_path(given.model)
    with given.out.open("a") as out:
        for path in given.texts:
            with closing(Model(model_file)) as model:
                tokens = model.tokenize(path.read_text(encoding="utf-8", errors="replace"))
            fitting = [length for length in lengths if length <= len(tokens)]
            for way in given.ways.split(","):
                key = (given.model, given.policy, path.stem, way)
                if all((*key, length) in done for length in fitting):
                    continue
                for found in measured(model_file, tokens, way, fitting, given):
                    if (*key, found["length"]) not in done:
                        names = ("model", "policy", "text", "way")
                        records.append({**dict(zip(names, key, strict=True)), **found})
                        out.write(json.dumps(records[-1]) + "\n")
                        out.flush()
    rows = summary(records)
    if given.plot:
        draw(rows, given.plot)


if __name__ == "__main__":
    main()
