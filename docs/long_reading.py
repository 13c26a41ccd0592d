"""Measures a long reading as it goes on: time for each token, memory, and bytes on disk.

    python docs/long_reading.py --tokens 120000 --out FILE TEXT...
    KEYDIFF_ARCHIVE=off python docs/long_reading.py --tokens 1000000 --budget 512 --out FILE TEXT...

The texts, over and over, come through a pipe; the last line of all is a fact, which is asked for in
the end. Every few blocks a second context of the same model runs a block of its own: what one takes
over what the other takes does not depend on how fast the machine is just then. A reading that was
stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import cycle
from pathlib import Path
from statistics import median

import numpy as np
import psutil
from measuring import machine, model_path, show

from keydiff_cli import Events, Reader, Settings
from keydiff_cli.engine.setup import open_engine
from keydiff_cli.llama import Model
from keydiff_cli.report import Progress
from keydiff_cli.settings.resolving import resolve

EVERY = 32  # blocks of a step
FACT = "\nThe password of the northern lighthouse is BLUE HERON.\n"
QUESTION = "What is the password of the northern lighthouse?"


class Steps(Events):
    """Notes what each step of a reading takes."""

    def __init__(self, model: Model, given: argparse.Namespace) -> None:
        self.steps: list[dict[str, float]] = []
        self._out: Path = given.out
        self._process = psutil.Process()
        self._beside = open_engine(
            model, cells=2 * given.block, block=given.block, threads=given.threads
        )
        self._block = np.arange(1000, 1000 + given.block, dtype=np.int32)
        self._blocks = self._tokens = 0
        self._since = time.perf_counter()
        self._seconds = 0.0

    def reading(self, progress: Progress) -> None:
        self._seconds += time.perf_counter() - self._since
        self._blocks += 1
        if self._blocks % EVERY == 0:
            step = {
                "tokens": progress.tokens,
                "seconds": self._seconds / max(progress.fresh - self._tokens, 1),
                "beside": self._reference(),
                "memory": self._process.memory_info().rss,
            }
            self.steps.append(step)
            with self._out.open("a") as out:
                out.write(json.dumps(step) + "\n")
            self._tokens, self._seconds = progress.fresh, 0.0
        self._since = time.perf_counter()

    def _reference(self) -> float:
        """Seconds of a token of a block in a context of its own."""
        began = time.perf_counter()
        self._beside.clear()
        self._beside.append(self._block)
        return (time.perf_counter() - began) / len(self._block)

    def close(self) -> None:
        self._beside.context.close()


def text_of(paths: list[Path], model: Model, tokens: int) -> Iterator[bytes]:
    """So many tokens of some texts over and over, by lines, and the fact."""
    lines = (line for path in cycle(paths) for line in path.open(encoding="utf-8"))
    count = 0
    while count < tokens:
        text = "".join(line for _, line in zip(range(500), lines, strict=False))
        count += len(model.tokenize(text))
        yield text.encode()
    yield FACT.encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("texts", nargs="+", type=Path)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--tokens", type=int, default=120_000)
    parser.add_argument("--budget", type=int, default=1024)
    parser.add_argument("--block", type=int, default=128)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    values = {name: getattr(given, name) for name in ("model", "budget", "block", "threads")}
    settings: Settings = resolve({**values, "max_tokens": 32, "temperature": 0}).settings
    show(figure="machine", **machine())
    with closing(Model(model_path(given.model))) as model, tempfile.TemporaryDirectory() as folder:
        pipe = Path(folder) / "pipe"
        os.mkfifo(pipe)

        def write() -> None:
            with pipe.open("wb") as file:
                file.writelines(text_of(given.texts, model, given.tokens))

        threading.Thread(target=write, daemon=True).start()
        with closing(Steps(model, given)) as steps, Reader(settings, steps) as reader:
            reader.read([str(pipe)])
            report, answer = reader.report, reader.ask(QUESTION)
    full = [step for step in steps.steps if step["tokens"] > 2 * given.budget]
    tenth = max(len(full) // 10, 1)
    ratios = [step["seconds"] / step["beside"] for step in full]
    show(
        figure="long",
        model=given.model,
        budget=given.budget,
        tokens=report.tokens.document,
        compactions=report.tokens.compactions,
        last_over_first_tenth=round(median(ratios[-tenth:]) / median(ratios[:tenth]), 3),
        memory_first=full[0]["memory"],
        memory_last=full[-1]["memory"],
        memory_largest=max(step["memory"] for step in full),
        answer=answer,
    )


if __name__ == "__main__":
    main()
