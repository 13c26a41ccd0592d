"""From records of questions about documents to rates, per kind, policy, budget and evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from keydiff_cli.bench.records import Record
from keydiff_cli.bench.statistics import paired_difference, wilson
from keydiff_cli.bench.verdicts import ABSENT, judge

ALL = "all"  # kinds together
_FEWEST = 5  # documents that say something about others

Way = tuple[str, int | str | None, str]  # policy, budget, evidence
FULL: Way = ("full", None, "nothing")  # what all others are compared with


def rate_answers(records: Iterable[Record]) -> list[dict[str, Any]]:
    """One row per kind, policy, budget and evidence, in the order they first came in.

    Answers are judged anew, so that what was answered long ago counts by today's rules. What cannot
    be judged (``unscored``) is in no rate. ``difference`` is that to the full cache over the
    questions that both have, with its 95 % interval over the documents; where there are fewer than
    five, over the questions, which says something about these documents only. Of the kind
    ``absent`` the rest is ``invented``. Seconds are medians, ``read_s`` over the readings.
    """
    kinds: dict[str, dict[Way, dict[str, Record]]] = defaultdict(lambda: defaultdict(dict))
    for record in records:
        for kind in (record["task"], ALL):
            kinds[kind][way_of(record)][record["id"]] = _judged(record)
    together = kinds.pop(ALL, {})
    rows = [_row(kind, way, ways) for kind, ways in kinds.items() for way in ways]
    if len(kinds) > 1:
        rows += [_row(ALL, way, together) for way in together]
    return rows


def way_of(record: Record) -> Way:
    """How a record's answer was got; the budget as the part of the text that was asked for."""
    return record["policy"], record.get("part") or record["budget"], record["evidence"]


def _judged(record: Record) -> Record:
    (reference,) = record["references"]
    right = judge(record["answer"], record["question"], reference, record["task"])
    return {**record, "score": None if right is None else float(right)}


def _row(kind: str, way: Way, ways: Mapping[Way, Mapping[str, Record]]) -> dict[str, Any]:
    policy, budget, evidence = way
    answers = list(ways[way].values())
    scored = {name: record for name, record in ways[way].items() if record["score"] is not None}
    right = sum(record["score"] for record in scored.values())
    rate = right / len(scored) if scored else None
    low, high = wilson(right, len(scored))
    difference, interval, paired = _against_full(way, scored, ways.get(FULL, {}))
    readings = {record["text"]: record["read_s"] for record in answers if record["read_s"]}
    return {
        "kind": kind,
        "policy": policy,
        "budget": budget,
        "evidence": evidence,
        "documents": len({record["text"] for record in answers}),
        "questions": len(answers),
        "unscored": len(answers) - len(scored),
        "cut": sum(record["stop_reason"] == "length" for record in answers),
        "right": int(right),
        "rate": rate,
        "low": low,
        "high": high,
        "invented": None if kind != ABSENT or rate is None else 1 - rate,
        "paired": paired,
        "difference": difference,
        "interval": interval,
        "answer_s": median(record["answer_s"] for record in answers),
        "recall_s": median(record["recall_s"] for record in answers),
        "read_s": median(readings.values()) if readings else None,
    }


def _against_full(
    way: Way, scored: Mapping[str, Record], full: Mapping[str, Record]
) -> tuple[float | None, Sequence[float] | None, int]:
    """The mean difference to the full cache, its interval, and how many questions both have."""
    shared = [name for name in scored if name in full and full[name]["score"] is not None]
    if way == FULL or not shared:
        return None, None, 0
    texts = [scored[name]["text"] for name in shared]
    difference, interval = paired_difference(
        [scored[name]["score"] for name in shared],
        [full[name]["score"] for name in shared],
        texts if len(set(texts)) >= _FEWEST else shared,
    )
    return difference, interval and list(interval), len(shared)
