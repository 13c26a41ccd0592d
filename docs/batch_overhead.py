"""What giving documents to workers costs for each document, beside reading and answering it.

    python docs/batch_overhead.py [--model NAME] [--documents N] [--lines N] [--ray]

What counts is the time between the end of a worker's first document and that of its last one, less
reading and answering those in between and the last one; starting a worker is told apart. Prints one
line of JSON, in seconds. Each worker computes in one thread. With ``--ray`` also on a cluster that
is started on this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean

from keydiff_cli.batch.dispatch import Dispatcher
from keydiff_cli.batch.engine import Engine, Here
from keydiff_cli.batch.messages import Job, Orders, Outcome, Over
from keydiff_cli.batch.workers import Workers
from keydiff_cli.settings.config import Settings

QUESTION = "What was painted in the spring?"
LINE = "The storehouse on quay {} was painted in the spring and the men rested in its shade.\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--documents", type=int, default=9)
    parser.add_argument("--lines", type=int, default=20)
    parser.add_argument("--ray", action="store_true")
    given = parser.parse_args()
    settings = Settings(model=given.model, max_tokens=8, cache=False, threads=1)
    orders = Orders(settings)
    engines: dict[str, tuple[int, Callable[[], Engine]]] = {
        "here": (1, lambda: Here(orders)),
        "local, 1 worker": (1, lambda: Dispatcher(Workers(orders, 1))),
        "local, 2 workers": (2, lambda: Dispatcher(Workers(orders, 2))),
    }
    if given.ray:
        from keydiff_cli.batch.cluster import Cluster

        engines["ray, 1 worker"] = (1, lambda: Dispatcher(Cluster(orders, "local", 1)))
        engines["ray, 2 workers"] = (2, lambda: Dispatcher(Cluster(orders, "local", 2)))
    with tempfile.TemporaryDirectory() as folder:
        paths = list(_documents(Path(folder), given.documents, given.lines))
        print(
            json.dumps(
                {"model": given.model, "documents": given.documents, "lines": given.lines}
                | {
                    name: _measured(workers, make(), paths)
                    for name, (workers, make) in engines.items()
                }
            )
        )


def _documents(folder: Path, count: int, lines: int) -> Iterator[str]:
    for number in range(count):
        path = folder / f"{number}.txt"
        path.write_text("".join(LINE.format(number + line) for line in range(lines)))
        yield os.fspath(path)


def _measured(workers: int, engine: Engine, paths: list[str]) -> dict[str, float]:
    """What a document takes in a worker, what comes on top for each, and what starting takes."""
    jobs = (Job(number, path, (QUESTION,)) for number, path in enumerate(paths))
    work: dict[int, float] = {}
    ended: dict[int, float] = {}  # in the order in which documents ended
    started = time.perf_counter()
    for message in engine.messages(jobs):
        if isinstance(message, Outcome):
            if message.error is not None:
                raise SystemExit(message.error)
            work[message.number] = message.reading_seconds + message.seconds
        elif isinstance(message, Over):
            ended[message.number] = time.perf_counter() - started
    firsts = range(workers)  # documents: each worker begins with one of them
    later = [seconds for number, seconds in work.items() if number not in firsts]
    # The last documents to end are of one worker each: none waits while there is something to do.
    between = sum(list(ended.values())[-workers:]) - sum(ended[number] for number in firsts)
    return {
        "document_s": round(mean(later), 4),
        "overhead_s": round((between - sum(later)) / len(later), 4),
        "start_s": round(mean(ended[number] - work[number] for number in firsts), 2),
    }


if __name__ == "__main__":
    main()
