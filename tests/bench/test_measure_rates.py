"""Rates of answers that have several measures."""

from __future__ import annotations

from typing import Any

import pytest
from bench_helpers import measured

from keydiff_cli.bench.measure_rates import rate_measures


def rows(*records: dict[str, Any]) -> dict[tuple[str, str, str], dict[str, Any]]:
    made = rate_measures(records)
    found = {(row["kind"], row["measure"], row["policy"]): row for row in made}
    assert len(found) == len(made)
    return found


def test_rates_are_means_over_answers_and_counts_medians() -> None:
    records = [
        measured("a", "full", figures=[9, 10], names=[0, 0], words=100, overlap=0.25),
        measured("b", "full", figures=[1, 2], names=[1, 4], words=300, overlap=0.75),
        measured("c", "full", figures=[0, 0], names=[0, 0], words=110, overlap=0.0, answer_s=4.0),
    ]
    found = rows(*records)
    figures = found["summary", "figures", "full"]
    assert (figures["part"], figures["whole"], figures["rate"]) == (10, 12, pytest.approx(0.7))
    assert (figures["answers"], figures["texts"], figures["median"]) == (3, 3, None)
    assert found["summary", "names", "full"]["rate"] == 0.25  # of the one that has any
    words, overlap = found["summary", "words", "full"], found["summary", "overlap", "full"]
    assert (words["median"], words["rate"], words["part"]) == (110, None, None)
    assert (overlap["rate"], overlap["median"], overlap["part"]) == (
        pytest.approx(1 / 3),
        None,
        None,
    )
    assert found["summary", "answer, s", "full"]["median"] == 1.0
    assert ("summary", "reading, s", "full") not in found  # none was read as a whole
    nothing = rows(measured("a", "full", names=[0, 0]))["summary", "names", "full"]
    assert (nothing["whole"], nothing["rate"], nothing["low"]) == (0, None, None)


def test_ways_are_compared_with_the_full_cache_on_the_same_texts() -> None:
    full = [measured(name, "full", found=[8, 10]) for name in "abcde"]
    some = [
        measured(name, "keydiff", found=[part, 10])
        for name, part in zip("abcdez", (8, 7, 8, 6, 7, 0), strict=True)
    ]
    row = rows(*full, *some)["summary", "found", "keydiff"]
    assert row["paired"] == 5
    assert row["difference"] == pytest.approx(-0.08)
    # Differences 0, -0.1, 0, -0.2, -0.1: deviation 0.0837, t(4) = 2.776; 2.776 * 0.0837 / sqrt(5).
    assert row["interval"] == pytest.approx([-0.184, 0.024], abs=0.001)
    assert row["rate"] == pytest.approx(0.6)
    assert row["low"] < 0.6 < row["high"]
    alone = rows(*full)["summary", "found", "full"]
    assert (alone["difference"], alone["paired"]) == (None, 0)
    assert (alone["low"], alone["high"]) == (None, None)  # all are alike


def test_kinds_are_also_taken_together() -> None:
    records = [
        measured(f"{kind}{text}", "full", kind=kind, text=text, found=[part, 4])
        for kind, part in (("people", 4), ("deadlines", 2))
        for text in "ab"
    ]
    found = rows(*records)
    assert {key[0] for key in found} == {"people", "deadlines", "all"}
    together = found["all", "found", "full"]
    assert (together["part"], together["whole"], together["rate"]) == (12, 16, 0.75)
    assert (together["answers"], together["texts"]) == (4, 2)
