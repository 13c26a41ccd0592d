"""One benchmark: texts in, records, rates and a table of them out."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from keydiff_cli import models
from keydiff_cli.bench.contenders import Contender
from keydiff_cli.bench.events import BenchEvents
from keydiff_cli.bench.records import (
    Key,
    Record,
    Records,
    called,
    differences,
    key_of,
    latest,
    read_records,
)
from keydiff_cli.bench.runner import Options, Runner, Score
from keydiff_cli.bench.samples import Count, Text
from keydiff_cli.bench.summary import depth_grid, pool, summarise
from keydiff_cli.errors import UsageError
from keydiff_cli.llama import Model
from keydiff_cli.planning.placement import placement_of
from keydiff_cli.policies import POLICIES
from keydiff_cli.reading.preparation import locate_model
from keydiff_cli.settings.config import Settings, cache_path
from keydiff_cli.system import machine
from keydiff_cli.system.files import whole_file
from keydiff_cli.version import __version__

Make = Callable[[Count], Iterable[Text]]

# Answers that were measured under other ones cannot be put together.
_CONDITIONS = ("keydiff", "llama_cpp_python", "sha256", "block", "kv_type", "read_for", "once")
# What else is the same in the names of samples that can be put together.
_NAMES = ("bench", "seed", "text", "depths")


@dataclass(frozen=True)
class Bench:
    """A benchmark to run.

    Attributes
    ----------
    name
        Of the benchmark.
    options
        What its texts depend on; goes into the file of records.
    make
        Makes the texts, with a function that counts tokens.
    score
        Scores an answer.
    read_for
        Question that the texts are read for, instead of the one that is asked.
    once
        Evict once, after reading, instead of while reading.
    """

    name: str
    options: dict[str, Any]
    make: Make
    score: Score
    read_for: str | None = None
    once: bool = False


def run(
    bench: Bench,
    settings: Settings,
    contenders: Sequence[Contender],
    out: Path,
    events: BenchEvents,
) -> dict[str, Any]:
    """Run what is missing in ``out``; write and return the summary.

    The summary goes beside the records (:func:`summary_path`).
    """
    located = locate_model(settings, events)
    options = Options(
        block=settings.block,
        threads=settings.threads or machine.physical_cores(),
        kv_type=settings.kv_type,
        max_tokens=settings.max_tokens,
        read_for=bench.read_for,
        once=bench.once,
    )
    asked = {**bench.options, "read_for": bench.read_for, "once": bench.once}
    header = describe(bench.name, asked, located, settings)
    with (
        closing(Records(out, header)) as records,
        closing(Model(located.path, placement=placement_of(settings))) as model,
    ):

        def count(text: str) -> int:
            return len(model.tokenize(text))

        runner = Runner(model, options, bench.score, records, events)
        runner.run(bench.make(count), contenders)
    current, outdated = latest(records.all)
    answers = sorted(current, key=_in_order(current, [c.policy for c in contenders]))
    results = {
        "results": summarise(answers),
        "grid": depth_grid(answers),
        "outdated": outdated,
    }
    return write_summary(out, header, options.threads, results)


def show(paths: Sequence[Path]) -> dict[str, Any]:
    """Summarise the records of files, of all tasks together, too; nothing is run.

    Raises
    ------
    UsageError
        If a file is none of answers, they were measured under different conditions, or there are
        none yet.
    """
    headers: list[Record] = []
    records: dict[Key, Record] = {}
    limits: dict[str, int | None] = {}
    versions: dict[str, str | None] = {}
    outdated = 0
    for path in paths:
        header, some = read_records(path)
        if header["bench"] == "speed":
            raise UsageError(f"{path} holds times, not answers; see its .summary.json")
        headers.append(header)
        if differing := [name for name in differences(headers[0], header) if name in _CONDITIONS]:
            raise UsageError(
                f"{path} was measured with another {called(differing)} than {paths[0]}; "
                "show it alone"
            )
        of = json.dumps([header.get(name) for name in _NAMES])
        if limits.setdefault(of, header.get("max_tokens")) != header.get("max_tokens"):
            raise UsageError(
                f"{path} has the same samples as another file, with another --max-tokens; "
                "show it alone"
            )
        current, older = latest(some)
        outdated += older
        for record in current:
            version = record.get("policy_version")
            if versions.setdefault(record["policy"], version) != version:
                raise UsageError(
                    f"{path} was measured with another version of {record['policy']} than the "
                    "files before it; run its benchmark again, or show it alone"
                )
            named = {**record, "id": f"{of}-{record['id']}", "text": f"{of}-{record['text']}"}
            records[key_of(named)] = named
    if not records:
        raise UsageError(f"{', '.join(map(str, paths))}: no answers yet; run the benchmark")
    answers = sorted(records.values(), key=_in_order(records.values(), tuple(POLICIES)))
    return {
        "headers": headers,
        "results": [*summarise(answers), *pool(answers)],
        "grid": depth_grid(answers),
        "outdated": outdated,
    }


def _in_order(
    records: Iterable[Record], policies: Sequence[str]
) -> Callable[[Record], tuple[int, ...]]:
    """Task by task, then these policies and others as they come in, the largest budget first."""
    tasks: dict[str, int] = {}
    places = {policy: place for place, policy in enumerate(dict.fromkeys(policies))}
    for record in records:
        tasks.setdefault(record["task"], len(tasks))
        places.setdefault(record["policy"], len(places))
    return lambda record: (
        tasks[record["task"]],
        record["length"] or 0,
        places[record["policy"]],
        -(record["budget"] or 0),
    )


def describe(
    name: str, options: Mapping[str, Any], located: models.LocatedModel, settings: Settings
) -> dict[str, Any]:
    """Everything that the records of a benchmark depend on: the first line of their file."""
    sha256 = located.sha256 or models.checksum(located.path, cache_path() / "checksums")
    return {
        "bench": name,
        "keydiff": __version__,
        "llama_cpp_python": version("llama-cpp-python"),
        **options,
        "model": located.name,
        "sha256": sha256,
        "block": settings.block,
        "kv_type": settings.kv_type,
        "max_tokens": settings.max_tokens,
        "gpu_layers": settings.gpu_layers,
        "device": settings.device,
        "rpc": settings.rpc,
    }


def write_summary(
    out: Path, header: Mapping[str, Any], threads: int, results: Mapping[str, Any]
) -> dict[str, Any]:
    """Write and return the summary beside the records: settings, machine and results."""
    summary = {
        "header": header,
        "machine": {
            "processor": machine.processor(),
            "cores": machine.physical_cores(),
            "threads": threads,
            "memory": machine.physical_memory(),
            "system": platform.platform(terse=True),
            "python": platform.python_version(),
        },
        **results,
    }
    with whole_file(summary_path(out)) as file:
        file.write((json.dumps(summary, indent=2) + "\n").encode("ascii"))
    return summary


def summary_path(out: Path) -> Path:
    """Where the summary of records is: ``needle.summary.json`` for ``needle.jsonl``."""
    name = out.stem if out.suffix == ".jsonl" else out.name
    return out.with_name(f"{name}.summary.json")
