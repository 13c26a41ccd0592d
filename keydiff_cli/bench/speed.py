"""Speed and memory: ``keydiff ask`` in a process of its own for every policy and budget."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from keydiff_cli.bench.bench_events import BenchEvents, sample_name, too_long
from keydiff_cli.bench.benchmark import describe, write_summary
from keydiff_cli.bench.contenders import Contender
from keydiff_cli.bench.haystack import cut, digest
from keydiff_cli.bench.record_forms import MEASURED
from keydiff_cli.bench.records import Record, Records, latest
from keydiff_cli.errors import ExitStatus, KeydiffError, ModelError, setting
from keydiff_cli.llama import Model
from keydiff_cli.policies import find_policy, policy_version
from keydiff_cli.reading.preparation import locate_model
from keydiff_cli.settings.config import Settings
from keydiff_cli.settings.resolving import PREFIX
from keydiff_cli.system import machine
from keydiff_cli.system.processes import orderly_end

QUESTION = "Retell what the text says, in as many words as you can."


def run(
    sentences: list[str],
    settings: Settings,
    contenders: Sequence[Contender],
    *,
    length: int,
    repeat: int,
    seed: int,
    out: Path,
    events: BenchEvents,
) -> dict[str, Any]:
    """Measure what is missing in ``out``; write and return the summary, ``<out>.summary.json``.

    The text is ``length`` tokens of the sentences, from a place that the seed decides.
    """
    located = locate_model(settings, events)
    threads = settings.threads or machine.physical_cores()
    arguments = ["--offline", "--threads", str(threads)]
    arguments += ["--block", str(settings.block), "--kv-type", settings.kv_type]
    arguments += ["--max-tokens", str(settings.max_tokens), "--temperature", "0"]
    places = (
        ("gpu-layers", settings.gpu_layers),
        ("device", settings.device),
        ("rpc", settings.rpc),
    )
    arguments += [word for name, value in places if value for word in (f"--{name}", value)]
    options = {"seed": seed, "text": digest(sentences), "threads": threads}
    options["processor"] = machine.processor()
    header = describe("speed", options, located, settings)
    with closing(Model(located.path, weights=False)) as model:
        taken = cut(sentences, length, lambda t: len(model.tokenize(t)), random.Random(seed))
        count_on = settings.positions == "counted" or any(
            find_policy(contender.policy).scorer is None for contender in contenders
        )
        if count_on and length > model.trained_context > 0:
            events.warning(too_long(length, model.trained_context))
    asking = partial(_ask, ["--model", str(located.path), *arguments], _environment(settings))
    with closing(Records(out, header)) as records:
        document = " ".join(taken)
        measure(document, length, contenders, repeat, located.path, asking, records, events)
    current, outdated = latest(records.all)
    results = {"results": summarise(current), "outdated": outdated}
    return write_summary(out, header, threads, results)


def measure(
    document: str,
    length: int,
    contenders: Sequence[Contender],
    repeat: int,
    model: Path,
    ask: Callable[[str, Path, str, int | None], dict[str, Any]],
    records: Records,
    events: BenchEvents,
) -> None:
    """Ask about the document ``repeat`` times with every contender, in turns.

    Turns make them meet the same machine; a process each makes the peak memory its own.

    Parameters
    ----------
    length
        Tokens the document was made for.
    ask
        Gives the report of a run, from its name, the document, a policy and its budget.

    Raises
    ------
    KeydiffError
        If a run fails; the message is what it said.
    """
    runs = [
        (f"speed-{length}-{turn}", contender.policy, contender.tokens(length))
        for turn in range(repeat)
        for contender in contenders
    ]
    versions = {name: policy_version(find_policy(name)) for name in {c.policy for c in contenders}}
    # What an older version of a policy took is measured anew.
    missing = [run for run in dict.fromkeys(runs) if not records.has(run, versions[run[1]])]
    if missing:
        _warm(model)
    with orderly_end(), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text.txt"
        path.write_text(document, encoding="utf-8")
        for done, (sample, policy, budget) in enumerate(missing, len(runs) - len(missing)):
            name = sample_name(sample, policy, budget)
            events.working(name, done, len(runs))
            report = ask(name, path, policy, budget)
            record = {
                "id": sample,
                "policy": policy,
                "policy_version": versions[policy],
                "budget": budget,
                "length": length,
                **_figures(report),
            }
            records.add(record)
            rate = f"{record['ingest_tokens_per_s']:.1f} tokens/s"
            events.finished_sample(f"{name}: {rate}", done + 1, len(runs))


def _ask(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    name: str,
    path: Path,
    policy: str,
    budget: int | None,
) -> dict[str, Any]:
    """Ask about a text in a process of its own; return its report."""
    command = [sys.executable, "-m", "keydiff_cli", "ask", "--json", "--quiet", "--no-cache"]
    command += ["--policy", policy, *arguments]
    command += ["--budget", str(budget)] if budget is not None else []
    done = subprocess.run(
        [*command, str(path), QUESTION],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        env=environment,
    )
    if done.returncode != 0:
        raise _failure(name, done)
    report: dict[str, Any] = json.loads(done.stdout)
    if (taken := report["cache"]["policy"]) != policy:
        raise ModelError(f"{name} was read by {taken}; use {setting('policy', taken)}")
    return report


def _warm(model: Path) -> None:
    """Read a file into memory, or the first run would pay for the disk."""
    with model.open("rb") as file:
        while file.read(2**24):
            pass


def _environment(settings: Settings) -> dict[str, str]:
    """The environment with what is measured, and without the user's other settings.

    Reading and the cache are: nothing goes to an archive, and no passages are read again.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    alone = {f"{PREFIX}ARCHIVE": "off", f"{PREFIX}SECOND_LOOK": "0"}
    for name in ("positions", "compact_at", "compact_to"):
        alone[PREFIX + name.upper()] = str(getattr(settings, name))
    return {**kept, **alone, f"{PREFIX}CONFIG": os.devnull, "PYTHONUTF8": "1"}


def _failure(name: str, run: subprocess.CompletedProcess[str]) -> KeydiffError:
    said = run.stderr.strip().splitlines() or ["it said nothing"]
    failure = KeydiffError(f"{name} failed: {said[-1].removeprefix('keydiff: error: ')}")
    with suppress(ValueError):
        failure.status = ExitStatus(run.returncode)
    return failure


def _figures(report: dict[str, Any]) -> dict[str, Any]:
    tokens, seconds = report["tokens"], report["timing_s"]
    ingest, decoding = seconds["ingest"], seconds["answer"] - seconds["first_token"]
    return {
        "document_tokens": tokens["document"],
        "ingest_s": ingest,
        "ingest_tokens_per_s": round(tokens["document"] / ingest, 2),
        "score_share": round(seconds["score"] / ingest, 5),
        "evict_share": round(seconds["evict"] / ingest, 5),
        "first_token_s": seconds["first_token"],
        "decode_tokens_per_s": round((tokens["generated"] - 1) / decoding, 2) if decoding else None,
        "peak_bytes": report["memory_bytes"]["peak"],
    }


def summarise(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Medians per length, policy and budget; ``ratio`` is the reading time over that of ``full``.

    The ratio is the median of those of single turns; None without ``full``.
    """
    cells: dict[tuple[int, str, int | None], dict[str, Record]] = defaultdict(dict)
    for record in records:
        cells[record["length"], record["policy"], record["budget"]][record["id"]] = record
    rows = []
    for (length, policy, budget), turns in cells.items():
        full = cells.get((length, "full", None), {})
        ratios = [
            record["ingest_s"] / full[name]["ingest_s"]
            for name, record in turns.items()
            if name in full
        ]
        row: dict[str, Any] = {
            "length": length,
            "policy": policy,
            "budget": budget,
            "turns": len(turns),
            "ratio": median(ratios) if ratios else None,
        }
        for name in MEASURED:
            values = [record[name] for record in turns.values() if record.get(name) is not None]
            row[name] = median(values) if values else None
        rows.append(row)
    return rows
