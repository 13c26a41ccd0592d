"""Measures the figures of docs/benchmarks.md, one JSON line per run, on stdout.

    python docs/measure.py share     # scoring + eviction as a share of the time of a block
    python docs/measure.py ratio     # reading to a budget against reading with the full cache
    python docs/measure.py length    # peak memory against the length of the document
    python docs/measure.py again     # a second question against the first reading
    python docs/measure.py certainty # certainty of right, wrong and free answers
    python docs/measure.py start     # start-up time of the command

The text is the sample document, repeated. Run on an idle machine: nothing else may use the cores.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in keydiff_cli/__main__.py

SAMPLE = Path(__file__).parent / "sample" / "harbour-report.txt"
LARGE, SMALL = "qwen2.5-coder-1.5b", "smollm2-135m"
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
SHARES = [(2560, 128), (8192, 128)]
BLIND = "keydiff-prerope"  # by which documents are read for questions that are not known


def show(**values: Any) -> None:
    print(json.dumps(values), flush=True)


def machine() -> dict[str, Any]:
    from importlib.metadata import version

    import numpy

    from keydiff_cli.system.machine import physical_cores, physical_memory, processor

    return {
        "cpu": processor(),
        "cores": physical_cores(),
        "memory": physical_memory(),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "llama_cpp_python": version("llama-cpp-python"),
    }


def model_path(name: str) -> Path:
    """The file of a model of the catalogue, fetched if it is missing."""
    from keydiff_cli.reading.preparation import locate_model
    from keydiff_cli.report import Events
    from keydiff_cli.settings.config import Settings

    return locate_model(Settings(model=name), Events()).path


class Reading:
    """One context that reads the repeated sample, block by block."""

    def __init__(
        self,
        model_name: str,
        policy: str,
        budget: int,
        block: int,
        tokens: int,
        access: Any = None,
    ) -> None:
        from keydiff_cli.cache import KVCache
        from keydiff_cli.engine.ingest import read_head
        from keydiff_cli.llama import Context, Model
        from keydiff_cli.policies import POLICIES
        from keydiff_cli.system.machine import physical_cores
        from keydiff_cli.text.blocks import Tokenizer, blocks, cut_text
        from keydiff_cli.text.prompts import build_prompt, prompt_tokens

        self.model = Model(model_path(model_name))
        head, _ = prompt_tokens(self.model, build_prompt(self.model), "")
        threads = physical_cores()
        room = tokens if policy == "full" else budget
        self.context = Context(
            self.model, cells=len(head) + room + block, batch=block, threads=threads
        )
        self.cache = KVCache(self.context, access=access)
        read_head(self.cache, head, block)
        self.policy, self.keep = POLICIES[policy], len(head) + budget
        tokenizer = Tokenizer(self.model)
        text = SAMPLE.read_text(encoding="utf-8")

        def stream() -> Iterator[Any]:
            first = True
            while True:
                for part in cut_text([text]):
                    yield tokenizer(part, first=first)
                    first = False

        self.blocks = islice(blocks(stream(), block, len(head)), tokens // block)
        self.evicting: list[float] = []  # seconds of the blocks that evicted

    def step(self) -> float | None:
        """Read a block; its seconds, or None at the end."""
        block = next(self.blocks, None)
        if block is None:
            return None
        started, scored = time.perf_counter(), self.cache.times.score
        self.cache.append(block.ids)
        self.cache.evict(self.keep, self.policy)
        seconds = time.perf_counter() - started
        if self.cache.times.score != scored:
            self.evicting.append(seconds)
        return seconds

    def close(self) -> None:
        self.context.close()
        self.model.close()


def share() -> None:
    """Only blocks that evict count: at the start there is nothing to score.

    Scored in NumPy, and with a patched llama.cpp natively, too. The runs take turns block by block,
    so that they meet the same machine.
    """
    from keydiff_cli.llama import API_VERSION, api_version

    show(figure="machine", **machine())
    runs = [("keydiff", "direct"), (BLIND, "direct")]
    if api_version() == API_VERSION:
        runs += [("keydiff", "native"), (BLIND, "native")]
    for budget, block in SHARES:
        tokens = budget + 2048 // block * block + block
        readings = [
            Reading(LARGE, policy, budget, block, tokens, access) for policy, access in runs
        ]
        while all(reading.step() is not None for reading in readings):
            pass
        for (policy, access), reading in zip(runs, readings, strict=True):
            blocks, total, times = len(reading.evicting), sum(reading.evicting), reading.cache.times
            show(
                figure="share",
                model=LARGE,
                policy=policy,
                access=access,
                budget=budget,
                block=block,
                blocks=blocks,
                seconds=round(total, 3),
                score_percent=round(100 * times.score / total, 3),
                move_percent=round(100 * times.move / total, 3),
                percent=round(100 * (times.score + times.move) / total, 3),
                tokens_per_s=round(blocks * block / total, 1),
            )
            reading.close()


def ratio(policy: str, tokens: int, budgets: list[int]) -> None:
    """The runs take turns block by block, so that a drift of the machine meets all alike."""
    show(figure="machine", **machine())
    runs = {"full": Reading(LARGE, "full", 0, 128, tokens)}
    runs |= {f"{policy}-{n}": Reading(LARGE, policy, n, 128, tokens) for n in budgets}
    seconds = dict.fromkeys(runs, 0.0)
    going = True
    while going:
        for name, run in runs.items():
            step = run.step()
            if step is None:
                going = False
                break
            seconds[name] += step
    for name, taken in seconds.items():
        show(
            figure="ratio",
            model=LARGE,
            tokens=tokens,
            run=name,
            seconds=round(taken, 1),
            ratio_to_full=round(taken / seconds["full"], 3),
        )


def texts(name: str, lengths: list[int]) -> Iterator[str]:
    """The sample, repeated and cut to about so many tokens of a model."""
    from keydiff_cli.llama import Model

    model = Model(model_path(name), weights=False)
    sample = SAMPLE.read_text(encoding="utf-8")
    per_token = len(sample) / len(model.tokenize(sample))
    model.close()
    for tokens in lengths:
        yield (sample * (tokens // 4000 + 1))[: int(tokens * per_token)]


def run(*words: object, **variables: str) -> dict[str, Any]:
    """Run the command itself; what it reports."""
    command = [sys.executable, "-m", "keydiff_cli", *map(str, words), "--json", "-q"]
    environment = {**os.environ, **variables}
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
            words = ("--no-cache", "-m", name, "--budget", budget, "--max-tokens", 16)
            report = run("ask", *words, file.name, "Summarize.")
        show(
            figure="length",
            model=name,
            budget=budget,
            tokens=report["tokens"]["document"],
            planned=report["memory_bytes"]["planned"],
            peak=report["memory_bytes"]["peak"],
        )


def again(name: str, tokens: int) -> None:
    """A second question against the first reading, of the sample and of a longer text."""
    show(figure="machine", **machine())
    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder) / "long.txt"
        long.write_text(next(texts(name, [tokens])), encoding="utf-8")
        for path in (SAMPLE.with_suffix(".pdf"), long):
            store = Path(folder) / path.stem
            first = run("read", "-m", name, path, KEYDIFF_CACHE_DIR=str(store))
            words = ("ask", "-m", name, "--max-tokens", 8, path, "Who wrote it?")
            second = run(*words, KEYDIFF_CACHE_DIR=str(store))
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
    from keydiff_cli import Reader, Settings

    show(figure="machine", **machine())
    facts = [(fact["question"], fact["answer"]) for fact in json.loads(FACTS.read_text())]
    for budget in budgets:
        settings = Settings(
            model=name,
            policy="full" if budget is None else policy,
            budget=budget,
            cache=False,
            max_tokens=48,
            temperature=0,
        )
        with Reader(settings) as reader:
            reader.read([str(SAMPLE.with_suffix(".pdf"))])
            for question, fact in [*facts, *((one, None) for one in ABSENT + FREE)]:
                answer = reader.ask(question)
                kind = "free" if question in FREE else "absent"
                if fact is not None:
                    kind = "right" if fact.lower() in answer.lower() else "wrong"
                show(
                    figure="certainty",
                    model=name,
                    policy=settings.policy,
                    budget=budget,
                    kept=reader.report.tokens["kept"],
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "figure", choices=["share", "ratio", "length", "again", "certainty", "start"]
    )
    parser.add_argument("--model", help="for length, again and certainty")
    parser.add_argument("--policy", default=BLIND, help="for ratio and certainty")
    parser.add_argument("--tokens", type=int, default=16384, help="for ratio and again")
    chosen = parser.parse_args()
    if chosen.figure == "share":
        share()
    elif chosen.figure == "ratio":
        ratio(chosen.policy, chosen.tokens, [4096])
    elif chosen.figure == "length":
        length(chosen.model or SMALL, [2048, 4096, 8192, 16384, 32768], 1024)
    elif chosen.figure == "again":
        again(chosen.model or LARGE, chosen.tokens)
    elif chosen.figure == "certainty":
        certainty(chosen.model or LARGE, chosen.policy, [None, 2048, 1024, 512, 256])
    else:
        start()


if __name__ == "__main__":
    main()
