"""Measures what becomes of a model beyond the length that it was trained for.

    python docs/positions.py --model smollm2-135m --ways capped,counted --out FILE TEXT...

Of each text the tokens before its last 256 are read, as many as each of the lengths says, into a
small cache; then the perplexity of these last ones is taken, which are the same for every length.
What is in the file is not measured again; it is summed up in the end, paired with the first length.
"""

from __future__ import annotations

import argparse
import json
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
from measuring import model_path, show

from keydiff_cli.bench.statistics import student
from keydiff_cli.engine.ingest import ingest, read_head
from keydiff_cli.engine.setup import open_engine
from keydiff_cli.llama import Model
from keydiff_cli.policies import find_policy
from keydiff_cli.reading.positions import compaction_of
from keydiff_cli.settings.config import Settings
from keydiff_cli.text.blocks import blocks

LAST = 256  # tokens whose perplexity is taken


def loss_of(path: Path, tokens: np.ndarray, way: str, given: argparse.Namespace) -> float:
    """Minus the mean log-probability of the last tokens, after those before them were read.

    By a model that is opened anew: a context that YaRN stretches changes what llama.cpp says that
    it was trained for.
    """
    with closing(Model(path)) as model:
        return _loss_of(model, tokens, way, given)


def _loss_of(model: Model, tokens: np.ndarray, way: str, given: argparse.Namespace) -> float:
    name, _, number = way.partition(":")
    stretch = float(number) if name == "yarn" else 1.0
    chosen = Settings(
        positions="counted" if name == "yarn" else name,
        compact_at=given.at,
        compact_to=float(number) if number and name != "yarn" else given.to,
    )
    cache = open_engine(
        model,
        cells=given.budget + given.block + LAST + 1,
        block=given.block,
        kv_type=given.kv_type,
        threads=given.threads,
        stretch=stretch,
        positions=partial(compaction_of, chosen),
    )
    with closing(cache.context):
        head, read, last = tokens[:16], tokens[16:-LAST], tokens[-LAST:]
        read_head(cache, head, given.block)
        policy = find_policy(given.policy)
        for _ in ingest(
            cache, blocks([read[:-1]], given.block), policy=policy, budget=given.budget
        ):
            pass
        total = 0.0
        for before, token in zip([read[-1], *last[:-1]], last, strict=True):
            cache.append(np.array([before], np.int32), logits=True)
            logits = cache.context.logits().astype(np.float64)
            total += np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[token]
    return total / LAST


def summary(records: list[dict], lengths: list[int]) -> None:
    """Perplexity of each way at each length over that at the first length, text by text."""
    found = {(r["way"], r["length"], r["text"], r["part"]): r["loss"] for r in records}
    texts = sorted({key[2:] for key in found})
    for way in dict.fromkeys(r["way"] for r in records):
        for length in lengths:
            pairs = [
                (found[way, lengths[0], *text], found[way, length, *text])
                for text in texts
                if (way, length, *text) in found and (way, lengths[0], *text) in found
            ]
            if pairs:
                first, then = np.array(pairs).T
                gaps, count = then - first, len(pairs)
                half = student(count - 1) * gaps.std(ddof=1) / count**0.5 if count > 4 else np.nan
                low, high = gaps.mean() - half, gaps.mean() + half
                show(
                    way=way,
                    length=length,
                    texts=len(pairs),
                    perplexity=round(float(np.exp(then.mean())), 2),
                    ratio=round(float(np.exp((then - first).mean())), 3),
                    interval=[round(float(np.exp(low)), 3), round(float(np.exp(high)), 3)],
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("texts", nargs="+", type=Path)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--lengths", default="6144,12288,24576,49152,98304")
    parser.add_argument("--ways", default="capped,counted", help="also ranked, scaled, yarn:4")
    parser.add_argument("--policy", default="keydiff-prerope")
    parser.add_argument("--budget", type=int, default=1024)
    parser.add_argument("--block", type=int, default=128)
    parser.add_argument("--kv-type", default="f16")
    parser.add_argument("--at", type=float, default=1.0)
    parser.add_argument("--to", type=float, default=0.5)
    parser.add_argument("--parts", type=int, default=1, help="ends in each text")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    lengths = [int(length) for length in given.lengths.split(",")]
    lines = given.out.read_text().splitlines() if given.out.exists() else []
    records = [json.loads(line) for line in lines]
    done = {(r["text"], r["part"], r["length"], r["way"]) for r in records}
    model_file = model_path(given.model)
    with given.out.open("a") as out:
        for path in given.texts:
            with closing(Model(model_file)) as model:
                tokens = model.tokenize(path.read_text(encoding="utf-8", errors="replace"))
            for part in range(given.parts):
                end = len(tokens) - part * (len(tokens) - lengths[0]) // given.parts
                for length in lengths:
                    for way in given.ways.split(","):
                        if end < length or (path.name, part, length, way) in done:
                            continue
                        began = time.perf_counter()
                        loss = loss_of(model_file, tokens[end - length : end], way, given)
                        record = {
                            "model": given.model,
                            "text": path.name,
                            "part": part,
                            "length": length,
                            "way": way,
                            "loss": float(loss),
                            "seconds": time.perf_counter() - began,
                        }
                        records.append(record)
                        out.write(json.dumps(record) + "\n")
                        out.flush()
    summary(records, lengths)


if __name__ == "__main__":
    main()
