"""Measures the figures of docs/benchmarks.md, one JSON line per run, on stdout.

    python docs/measure.py share     # scoring + eviction as a share of the time of a block
    python docs/measure.py ratio     # reading to a budget against reading with the full cache
    python docs/measure.py length    # peak memory against the length of the document
    python docs/measure.py again     # a second question against the first reading
    python docs/measure.py certainty # certainty of right, wrong and free answers
    python docs/measure.py start     # start-up time of the command
    python docs/measure.py ratio --policy focus,keydiff --question "Who signed the report?"

The text is the sample document, repeated. Run on an idle machine: nothing else may use the cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from measuring import LARGE, SAMPLE, SMALL, machine, model_path, show
from reading_times import ratio, share

from keydiff_cli import Reader, Settings
from keydiff_cli.llama import Model
from keydiff_cli.policies import DEFAULT_POLICY

FACTS = SAMPLE.parent / "facts.json"
ABSENT = [  # nothing in the sample answers these
    "What is the telephone number of the harbour office?",
    "What is the harbour master's date of birth?",
    "In which year did the lighthouse burn down?",
    "How many passengers took the night ferry to Bergen?",
]
FREE = [
    "Summarize the report in one sentence.",
    "What was the hardest part of the year?",
    "What should the harbour do next?",
    "Is the tone of the report optimistic?",
]
QUESTION = "What was the purchase price of the new crane, in pounds?"
# Reading and the cache are measured: nothing goes to an archive, and no passages are read again.
ALONE = {"KEYDIFF_ARCHIVE": "off", "KEYDIFF_SECOND_LOOK": "0"}


def texts(name: str, lengths: list[int]) -> Iterator[str]:
    """The sample, repeated and cut to about so many tokens of a model."""
    model = Model(model_path(name), weights=False)
    sample = SAMPLE.read_text(encoding="utf-8")
    per_token = len(sample) / len(model.tokenize(sample))
    model.close()
    for tokens in lengths:
        yield (sample * (tokens // 4000 + 1))[: int(tokens * per_token)]


def run(*words: object, **variables: str) -> dict[str, Any]:
    """Run the command itself; what it reports."""
    command = [sys.executable, "-m", "keydiff_cli", *map(str, words), "--json", "-q"]
    environment = {**os.environ, **ALONE, **variables}
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def length(name: str, lengths: list[int], budget: int) -> None:
    """The peak that the command reports."""
    show(figure="machine", **machine())
    for text in texts(name, lengths):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(text)
            file.flush()
            words = ("--no-cache", "-m", name, "--policy", "focus", "--budget", budget)
            report = run("ask", *words, "--max-tokens", 16, file.name, "Summarize.")
        show(
            figure="length",
            model=name,
            budget=budget,
            tokens=report["tokens"]["document"],
            planned=report["memory_bytes"]["planned"],
            peak=report["memory_bytes"]["peak"],
        )


def again(name: str, tokens: int, budget: int) -> None:
    """A second question against the first reading, of the sample and of a longer text."""
    show(figure="machine", **machine())
    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder) / "long.txt"
        long.write_text(next(texts(name, [tokens])), encoding="utf-8")
        for path in (SAMPLE.with_suffix(".pdf"), long):
            store, words = Path(folder) / path.stem, ("-m", name, "--budget", budget)
            first = run("read", *words, path, KEYDIFF_CACHE_DIR=str(store))
            asked = ("--max-tokens", 8, path, "Who wrote it?")
            second = run("ask", *words, *asked, KEYDIFF_CACHE_DIR=str(store))
            reading, times = first["timing_s"]["ingest"], second["timing_s"]
            # Finding and checking the snapshot, and tokenising the document, are in the total.
            waited = times["total"] - times["load"] - times["answer"] + times["first_token"]
            (snapshot,) = store.glob("*.snapshot")
            show(
                figure="again",
                model=name,
                tokens=first["tokens"]["document"],
                kept=first["tokens"]["kept"],
                reused=second["tokens"]["reused"],
                reading_s=reading,
                keeping_percent=round(100 * first["timing_s"]["keep"] / reading, 2),
                load_s=times["load"],
                waited_s=round(waited, 3),
                first_token_s=times["first_token"],
                percent=round(100 * waited / reading, 2),
                snapshot_bytes=snapshot.stat().st_size,
                bytes_per_token=round(snapshot.stat().st_size / second["tokens"]["kept"]),
                cache_bytes_per_token=round(first["cache"]["bytes"] / first["cache"]["cells"]),
            )


def certainty(name: str, policy: str, budgets: list[int | None]) -> None:
    """How sure the model is of its answers about the sample."""
    show(figure="machine", **machine())
    facts = [(fact["question"], fact["answer"]) for fact in json.loads(FACTS.read_text())]
    for budget in budgets:
        settings = Settings(
            model=name,
            policy="full" if budget is None else policy,
            budget=budget,
            cache=False,
            archive="off",
            second_look=0,
            max_tokens=48,
            temperature=0,
        )
        with Reader(settings) as reader:
            reader.read([str(SAMPLE.with_suffix(".pdf"))])
            for question, fact in [*facts, *((question, None) for question in ABSENT + FREE)]:
                answer = reader.ask(question)
                kind = "free" if question in FREE else "absent"
                if fact is not None:
                    kind = "right" if fact.lower() in answer.lower() else "wrong"
                show(
                    figure="certainty",
                    model=name,
                    policy=settings.policy,
                    budget=budget,
                    kept=reader.report.tokens.kept,
                    question=question,
                    answer=answer,
                    kind=kind,
                    certainty=reader.report.certainty,
                )


def start(runs: int = 11) -> None:
    show(figure="machine", **machine())
    for argument in ("--help", "--version"):
        times = []
        for _ in range(runs):
            started = time.perf_counter()
            subprocess.run(
                [Path(sys.executable).parent / "keydiff", argument], capture_output=True, check=True
            )
            times.append(time.perf_counter() - started)
        show(
            figure="start",
            command=f"keydiff {argument}",
            median_ms=round(1000 * sorted(times)[runs // 2]),
            min_ms=round(1000 * min(times)),
        )


def names(text: str) -> list[str]:
    return text.split(",")


def numbers(text: str) -> list[int]:
    return [int(part) for part in names(text)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "figure", choices=["share", "ratio", "length", "again", "certainty", "start"]
    )
    parser.add_argument("--model", help=f"default: {LARGE}; for length {SMALL}")
    parser.add_argument("--policy", type=names, help="for share, ratio and certainty")
    parser.add_argument("--budget", type=numbers, help="for share and ratio")
    parser.add_argument("--block", type=int, default=128, help="for share and ratio")
    parser.add_argument("--tokens", type=int, help="for share (beyond the budget), ratio and again")
    parser.add_argument("--question", default=QUESTION, help="for policies that read for it")
    chosen = parser.parse_args()
    model, tokens = chosen.model or LARGE, chosen.tokens or 16384
    if chosen.figure == "share":
        policies, budgets = (
            chosen.policy or ["keydiff", DEFAULT_POLICY],
            chosen.budget or [2560, 8192],
        )
        beyond = chosen.tokens or 2048
        share(model, policies, budgets, chosen.block, beyond, chosen.question)
    elif chosen.figure == "ratio":
        policies, budgets = chosen.policy or [DEFAULT_POLICY], chosen.budget or [4096]
        ratio(model, policies, budgets, chosen.block, tokens, chosen.question)
    elif chosen.figure == "length":
        length(chosen.model or SMALL, [2048, 4096, 8192, 16384, 32768], 1024)
    elif chosen.figure == "again":
        again(model, tokens, 4096)
    elif chosen.figure == "certainty":
        for policy in chosen.policy or [DEFAULT_POLICY]:
            certainty(model, policy, [None, 2048, 1024, 512, 256])
    else:
        start()


if __name__ == "__main__":
    main()
