"""From records with several measures to a row for each, per kind, policy, budget and evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, median
from typing import Any

from keydiff_cli.bench.answer_rates import ALL, FULL, Way, way_of
from keydiff_cli.bench.records import Record
from keydiff_cli.bench.statistics import paired_difference

Samples = Mapping[str, Record]  # by their names
Share = Sequence[float]  # a part and its whole


def rate_measures(records: Iterable[Record]) -> list[dict[str, Any]]:
    """One row per kind, measure, policy, budget and evidence, in the order they first came in.

    A measure is so many of so many, ``[part, whole]``, or a rate from 0 to 1, a float; then
    ``rate`` is its mean over the answers, whatever their ``whole``, and ``part`` and ``whole`` are
    summed up. Where ``whole`` is 0, an answer does not count. Its 95 % interval (``low``, ``high``)
    is over the texts, None with fewer than five or where all are alike. ``difference`` is the mean
    difference to the full cache over the answers that both have (``paired``), with its
    ``interval``, over the texts as well. Of a count, and of seconds, there is the ``median``.
    ``cut`` answers were as long as they may be.
    """
    kinds: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        kinds[record["task"]].append(record)
    if len(kinds) > 1:
        kinds[ALL] = [record for some in list(kinds.values()) for record in some]
    return [row for kind, some in kinds.items() for row in _rows(kind, some)]


def _rows(kind: str, records: Sequence[Record]) -> list[dict[str, Any]]:
    ways: dict[Way, dict[str, Record]] = defaultdict(dict)
    for record in records:
        ways[way_of(record)][record["id"]] = record
    names = dict.fromkeys(name for record in records for name in _measures(record))
    return [
        _row(kind, name, way, ways)
        for name in names
        for way, samples in ways.items()
        if any(name in _measures(record) for record in samples.values())
    ]


def _measures(record: Record) -> dict[str, Any]:
    """The measures of a record, and its seconds: what has a rate is a part and its whole."""
    seconds = {
        "answer, s": record["answer_s"],
        "notes, s": record.get("notes_s") or None,  # taken up, or none were made
        "reading, s": record["read_s"],
    }
    return {
        **{
            name: (value, 1) if isinstance(value, float) else value
            for name, value in record["measures"].items()
        },
        **{name: value for name, value in seconds.items() if value is not None},
    }


def _row(kind: str, name: str, way: Way, ways: Mapping[Way, Samples]) -> dict[str, Any]:
    policy, budget, evidence = way
    having = {key: record for key, record in ways[way].items() if name in _measures(record)}
    row: dict[str, Any] = {
        "kind": kind,
        "measure": name,
        "policy": policy,
        "budget": budget,
        "evidence": evidence,
        "answers": len(having),
        "cut": sum(record["stop_reason"] == "length" for record in having.values()),
        "texts": len({record["text"] for record in having.values()}),
        **dict.fromkeys(("part", "whole", "rate", "low", "high", "median")),
        "paired": 0,
        "difference": None,
        "interval": None,
    }
    shares = _shares(name, having)
    if not shares:
        return row | {"median": median(_measures(record)[name] for record in having.values())}
    parts, wholes = zip(*shares.values(), strict=True)
    if not any(isinstance(part, float) for part in parts):
        row |= {"part": sum(parts), "whole": sum(wholes)}
    return row | _mean(_rates(shares), having) | _against_full(name, way, ways)


def _shares(name: str, samples: Samples) -> dict[str, Share]:
    """The measure of each answer of which it is a part of something."""
    found = {key: _measures(record).get(name) for key, record in samples.items()}
    return {key: value for key, value in found.items() if isinstance(value, Sequence)}


def _rates(shares: Mapping[str, Share]) -> dict[str, float]:
    return {key: part / whole for key, (part, whole) in shares.items() if whole}


def _mean(rates: Mapping[str, float], samples: Samples) -> dict[str, Any]:
    if not rates:
        return {}
    texts = [samples[key]["text"] for key in rates]
    _, interval = paired_difference(list(rates.values()), [0.0] * len(rates), texts)
    low, high = interval or (None, None)
    return {"rate": fmean(rates.values()), "low": low, "high": high}


def _against_full(name: str, way: Way, ways: Mapping[Way, Samples]) -> dict[str, Any]:
    """The mean difference to the full cache over the answers that both have."""
    here, there = (_rates(_shares(name, ways.get(each, {}))) for each in (way, FULL))
    shared = [key for key in here if key in there]
    if way == FULL or not shared:
        return {}
    difference, interval = paired_difference(
        [here[key] for key in shared],
        [there[key] for key in shared],
        [ways[way][key]["text"] for key in shared],
    )
    return {
        "paired": len(shared),
        "difference": difference,
        "interval": interval and list(interval),
    }
