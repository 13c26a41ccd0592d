"""One benchmark: texts in, records, rates and a table of them out."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from keydiff_cli import models
from keydiff_cli.bench.answer_rates import rate_answers
from keydiff_cli.bench.asked_documents import AskedDocument
from keydiff_cli.bench.asking import Asking
from keydiff_cli.bench.bench_events import BenchEvents
from keydiff_cli.bench.contenders import Contender
from keydiff_cli.bench.exams import Exam
from keydiff_cli.bench.measure_rates import rate_measures
from keydiff_cli.bench.records import Record, Records, latest
from keydiff_cli.bench.runner import Runner, Score
from keydiff_cli.bench.samples import Count, Text
from keydiff_cli.bench.summary import depth_grid, pool, rounded, summarise
from keydiff_cli.bench.together import Together
from keydiff_cli.bench.trials import Conditions
from keydiff_cli.bench.variants import Variant
from keydiff_cli.errors import UsageError
from keydiff_cli.llama import Model
from keydiff_cli.planning.placement import placement_of
from keydiff_cli.policies import POLICIES
from keydiff_cli.reading.preparation import locate_model
from keydiff_cli.settings.config import Settings
from keydiff_cli.snapshots import ArchiveForm
from keydiff_cli.system import machine
from keydiff_cli.system.files import whole_file
from keydiff_cli.system.folders import user_cache_folder
from keydiff_cli.version import __version__

Make = Callable[[Count], Iterable[Text]]
Rate = Callable[[Iterable[Record]], list[dict[str, Any]]]

RATES: dict[str, Rate] = {
    "qa": rate_answers,
    "summary": rate_measures,
    "each": rate_measures,
}
"""How the answers of benchmarks that ask about documents are rated."""


@dataclass(frozen=True)
class Bench:
    """A benchmark to run.

    Attributes
    ----------
    name
        What the benchmark is called.
    options
        What its texts depend on; goes into the file of records.
    make
        Makes the texts, with a function that counts tokens.
    score
        Scores an answer.
    read_for
        Question that the texts are read for, instead of the question that is asked.
    once
        Evict once, after reading, instead of while reading.
    """

    name: str
    options: dict[str, Any]
    make: Make
    score: Score
    read_for: str | None = None
    once: bool = False


@dataclass(frozen=True)
class AskedBench:
    """A benchmark that asks about documents in the way of ``keydiff ask``.

    Attributes
    ----------
    name
        What the benchmark is called.
    options
        What its questions and answers depend on; goes into the file of records.
    documents
        What is asked about.
    exam
        How it is asked, and answers are marked.
    rate
        The rows of the results, from the records that count.
    """

    name: str
    options: dict[str, Any]
    documents: Sequence[AskedDocument]
    exam: Exam
    rate: Rate


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
    options = Conditions(
        block=settings.block,
        threads=settings.threads or machine.physical_cores(),
        kv_type=settings.kv_type,
        max_tokens=settings.max_tokens,
        read_for=bench.read_for,
        once=bench.once,
        positions=settings.positions,
        compact_at=settings.compact_at,
        compact_to=settings.compact_to,
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


def run_asking(
    asked: AskedBench,
    settings: Settings,
    contenders: Sequence[Contender],
    variants: Sequence[Variant],
    out: Path,
    events: BenchEvents,
) -> dict[str, Any]:
    """Ask what is missing in ``out`` about documents; write and return the summary, as :func:`run`.

    Questions are part of their records, so that a file may have some and then others.
    """
    archived = ArchiveForm.of(replace(settings, archive="full"))
    options = {"system": settings.system, "archive_type": archived and archived.type}
    located = locate_model(settings, events)
    header = describe(asked.name, {**asked.options, **options}, located, settings)
    with closing(Records(out, header)) as records:
        Asking(settings, variants, records, asked.exam, events).run(asked.documents, contenders)
    current, outdated = latest(records.all)
    threads = settings.threads or machine.physical_cores()
    results = {"results": asked.rate(current), "outdated": outdated}
    return write_summary(out, header, threads, results)


def show(paths: Sequence[Path]) -> dict[str, Any]:
    """Summarise the records of files, of all tasks together, too; nothing is run.

    Raises
    ------
    UsageError
        If a file holds no answers, or answers were measured under different conditions.
    """
    together = Together()
    for path in paths:
        together.add(path)
    if not (records := together.records.values()):
        raise UsageError(f"{', '.join(map(str, paths))}: no answers yet; run the benchmark")
    if rate := RATES.get(together.headers[0]["bench"]):
        return {
            "headers": together.headers,
            "results": rate(records),
            "outdated": together.outdated,
        }
    answers = sorted(records, key=_in_order(records, tuple(POLICIES)))
    return {
        "headers": together.headers,
        "results": [*summarise(answers), *pool(answers)],
        "grid": depth_grid(answers),
        "outdated": together.outdated,
    }


def _in_order(
    records: Iterable[Record], policies: Sequence[str]
) -> Callable[[Record], tuple[int, ...]]:
    """A key to sort by: task, length, policy (these come first), the largest budget first."""
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
    sha256 = located.sha256 or models.checksum(located.path, user_cache_folder() / "checksums")
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
        "positions": settings.positions,
        "compact_at": settings.compact_at,
        "compact_to": settings.compact_to,
        "gpu_layers": settings.gpu_layers,
        "device": settings.device,
        "rpc": settings.rpc,
    }


def write_summary(
    out: Path, header: Mapping[str, Any], threads: int, results: Mapping[str, Any]
) -> dict[str, Any]:
    """Write and return the summary beside the records: settings, machine and results.

    The file has the rates rounded (:func:`~keydiff_cli.bench.summary.rounded`), what is returned
    has them as they are.
    """
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
        file.write((json.dumps(rounded(summary), indent=2) + "\n").encode("ascii"))
    return summary


def summary_path(out: Path) -> Path:
    """Where the summary of records is: ``needle.summary.json`` for ``needle.jsonl``."""
    name = out.stem if out.suffix == ".jsonl" else out.name
    return out.with_name(f"{name}.summary.json")
