"""What giving documents to workers costs for each document, beside reading and answering it.

    python docs/batch_overhead.py [--model NAME] [--documents N] [--lines N] [--ray]

Runs once with N documents and once with three times as many: what comes on top of reading and
answering in the workers is split into what each document adds, and what starting takes. Prints one
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

from keydiff_cli.batch.dispatch import Dispatcher
from keydiff_cli.batch.engine import Engine, Here
from keydiff_cli.batch.messages import Job, Orders, Outcome
from keydiff_cli.batch.workers import Workers
from keydiff_cli.settings.config import Settings

QUESTION = "What was painted in the spring?"
LINE = "The storehouse on quay {} was painted in the spring and the men rested in its shade.\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--documents", type=int, default=4)
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
        paths = list(_documents(Path(folder), 3 * given.documents, given.lines))
        print(
            json.dumps(
                {"model": given.model, "documents": given.documents, "lines": given.lines}
                | {
                    name: _measured(workers, make, paths, given.documents)
                    for name, (workers, make) in engines.items()
                }
            )
        )


def _documents(folder: Path, count: int, lines: int) -> Iterator[str]:
    for number in range(count):
        path = folder / f"{number}.txt"
        path.write_text("".join(LINE.format(number + line) for line in range(lines)))
        yield os.fspath(path)


def _measured(
    workers: int, make: Callable[[], Engine], paths: list[str], few: int
) -> dict[str, float]:
    """What a document takes in a worker, what comes on top for each, and what starting takes."""
    small, _ = _beside(workers, make(), paths[:few])
    large, work = _beside(workers, make(), paths)
    each = (large - small) / (len(paths) - few)
    return {
        "document_s": round(work / len(paths), 4),
        "overhead_s": round(each, 4),
        "start_s": round(small - each * few, 2),
    }


def _beside(workers: int, engine: Engine, paths: list[str]) -> tuple[float, float]:
    """Seconds of all workers beside their work, and those of their work."""
    jobs = (Job(number, path, (QUESTION,)) for number, path in enumerate(paths))
    started, work = time.perf_counter(), 0.0
    for message in engine.messages(jobs):
        if isinstance(message, Outcome):
            if message.error is not None:
                raise SystemExit(message.error)
            work += message.reading_seconds + message.seconds
    return workers * (time.perf_counter() - started) - work, work


if __name__ == "__main__":
    main()
