"""From records to rates with intervals, per task, policy and budget."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from keydiff_cli.bench.records import Record
from keydiff_cli.bench.statistics import paired_difference, wilson

_RATES = frozenset(("rate", "low", "high", "difference", "interval", "ratio", "invented"))
_DIGITS = 4  # of a rate, in JSON

Cell = tuple[str, int | None, str, int | str | None]  # task, length, policy, budget


def summarise(records: Iterable[Record]) -> list[dict[str, Any]]:
    """One row per task, length, policy and budget, in the order they first came in.

    ``rate`` is the mean score with its 95 % interval (``low``, ``high``). ``difference`` is that
    to ``full`` over the samples that both have, with its own interval, which counts texts, because
    questions about one text are not independent; None without such, and for an interval from too
    few texts. Of texts of all lengths the budget is the part that was asked for, if it was one.
    ``cut`` answers were as long as they may be.
    """
    return _rows(_cells(records))


def _cells(records: Iterable[Record]) -> dict[Cell, dict[str, Record]]:
    """The samples of each row, by their names."""
    cells: dict[Cell, dict[str, Record]] = defaultdict(dict)
    for record in records:
        budget = record["budget"]
        if record["length"] is None:
            budget = record.get("part") or budget
        cells[record["task"], record["length"], record["policy"], budget][record["id"]] = record
    return cells


def _rows(cells: Mapping[Cell, Mapping[str, Record]]) -> list[dict[str, Any]]:
    rows = []
    for (task, length, policy, budget), samples in cells.items():
        scores = [record["score"] for record in samples.values()]
        low, high = wilson(sum(scores), len(scores))
        row: dict[str, Any] = {
            "task": task,
            "length": length,
            "policy": policy,
            "budget": budget,
            "samples": len(scores),
            "cut": sum(record["stop_reason"] == "length" for record in samples.values()),
            "rate": sum(scores) / len(scores),
            "low": low,
            "high": high,
            "difference": None,
            "interval": None,
        }
        full = cells.get((task, length, "full", None), {})
        shared = [name for name in samples if name in full]
        if shared and policy != "full":
            compared, whole = ([cell[name]["score"] for name in shared] for cell in (samples, full))
            texts = [samples[name]["text"] for name in shared]
            gap, interval = paired_difference(compared, whole, texts)
            row["difference"] = gap
            row["interval"] = interval and list(interval)
        rows.append(row)
    return rows


def pool(records: Iterable[Record]) -> list[dict[str, Any]]:
    """The same rows over all tasks together, every sample counting alike; none for one task.

    Rates over other samples cannot be compared: where a policy with a budget has answered the most
    samples of a length, those that lack any of these samples are left out.
    """
    together = list(records)
    if len({record["task"] for record in together}) < 2:
        return []
    cells = _cells({**record, "task": "all"} for record in together)
    most: dict[int | None, set[str]] = {}
    for (_, length, _, _), samples in cells.items():
        most[length] = max(most.get(length, set()), set(samples), key=len)
    return _rows({cell: rated for cell, rated in cells.items() if most[cell[1]] <= set(rated)})


def depth_grid(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Mean scores per policy, budget, length and depth, of the records that have a depth."""
    cells: dict[tuple[str, int | None, int, float], list[float]] = defaultdict(list)
    for record in records:
        if record["depth"] is not None:
            place = record["policy"], record["budget"], record["length"], record["depth"]
            cells[place].append(record["score"])
    return [
        {
            "policy": policy,
            "budget": budget,
            "length": length,
            "depth": depth,
            "samples": len(scores),
            "rate": sum(scores) / len(scores),
        }
        for (policy, budget, length, depth), scores in cells.items()
    ]


def rounded(summary: Mapping[str, Any]) -> dict[str, Any]:
    """A summary with its rates rounded for JSON; tables and pictures round the exact ones."""
    return {
        name: [{key: _rounded(key, value) for key, value in row.items()} for row in value]
        if name in ("results", "grid")
        else value
        for name, value in summary.items()
    }


def _rounded(name: str, value: Any) -> Any:
    if name not in _RATES or value is None:
        return value
    if isinstance(value, list):
        return [round(number, _DIGITS) for number in value]
    return round(value, _DIGITS)
