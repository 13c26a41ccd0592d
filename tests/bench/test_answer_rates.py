"""Rates of answers about documents."""

from __future__ import annotations

from typing import Any

import pytest
from bench_helpers import asked

from keydiff_cli.bench.answer_rates import rate_answers
from keydiff_cli.bench.statistics import wilson


def rows(*records: dict[str, Any]) -> dict[tuple[str, str, str], dict[str, Any]]:
    return {(row["kind"], row["policy"], row["evidence"]): row for row in rate_answers(records)}


def test_the_same_questions_are_compared_with_the_full_cache() -> None:
    full = [asked(f"q{n}", "full", n < 4) for n in range(5)]
    some = [asked(f"q{n}", "keydiff", n < 1) for n in range(1, 7)]
    found = rows(*full, *some)
    whole, kept = found["place", "full", "nothing"], found["place", "keydiff", "nothing"]
    assert (whole["questions"], whole["right"], whole["rate"]) == (5, 4, 0.8)
    assert (whole["low"], whole["high"]) == wilson(4, 5)
    assert (whole["difference"], whole["interval"], whole["paired"]) == (None, None, 0)
    assert (kept["questions"], kept["right"]) == (6, 0)
    assert (kept["difference"], kept["paired"]) == (-0.75, 4)  # of q1 to q4
    assert kept["budget"] == "1/8"
    assert ("all", "full", "nothing") not in found  # there is one kind


def test_an_interval_is_over_documents_or_over_the_questions_of_a_few() -> None:
    def interval(documents: int) -> Any:
        names = [(f"q{n}", f"d{n % documents}") for n in range(20)]
        full = [asked(name, "full", True, text=text) for name, text in names]
        some = [asked(name, "keydiff", text != "d0", text=text) for name, text in names]
        return rows(*full, *some)["place", "keydiff", "nothing"]["interval"]

    many, few = interval(5), interval(4)
    assert many[1] - many[0] > 0.9  # a fifth lost, all of it in one document of five
    assert few[1] - few[0] < 0.5  # as if no question depended on another
    assert interval(1) is None  # all questions are alike


def test_every_kind_of_evidence_has_a_row() -> None:
    records = [
        asked("q1", "keydiff", True, evidence="recall 384"),
        asked("q1", "keydiff", False),
        asked("q1", "passages", True, evidence="passages 512"),
        asked("q2", "keydiff", False, kind="other"),
    ]
    found = rows(*records)
    assert found["place", "keydiff", "recall 384"]["right"] == 1
    assert found["place", "keydiff", "nothing"]["right"] == 0
    assert found["place", "passages", "passages 512"]["budget"] is None
    assert found["all", "keydiff", "nothing"]["questions"] == 2


def test_what_cannot_be_judged_is_in_no_rate() -> None:
    long = "Because the sea was rough that day."
    free = [asked(f"q{n}", "full", True, references=[long]) for n in range(2)]
    row = rows(*free, asked("q3", "full", False))["place", "full", "nothing"]
    assert (row["questions"], row["unscored"], row["right"], row["rate"]) == (3, 2, 0, 0.0)
    row = rows(*free)["place", "full", "nothing"]
    assert (row["rate"], row["right"], row["unscored"]) == (None, 0, 2)


def test_answers_are_judged_anew() -> None:
    old = asked("q1", "full", True)
    assert rows({**old, "score": 0.0})["place", "full", "nothing"]["right"] == 1


def test_of_what_the_document_does_not_say_the_rest_is_invented() -> None:
    told = asked("q1", "full", True, kind="absent", answer="It is not mentioned.")
    made = [asked(f"q{n}", "full", True, kind="absent", answer="It is 5.") for n in (2, 3)]
    row = rows(told, *made)["absent", "full", "nothing"]
    assert row["invented"] == pytest.approx(2 / 3)
    assert rows(asked("q1", "full", True))["place", "full", "nothing"]["invented"] is None


def test_seconds_are_medians_and_a_reading_counts_once() -> None:
    times = [("q1", "a", 1.0, 60.0), ("q2", "a", 2.0, 60.0), ("q3", "b", 9.0, 20.0)]
    records = [
        asked(name, "full", True, text=text, answer_s=answer, recall_s=answer / 10, read_s=read)
        for name, text, answer, read in times
    ]
    taken_up = asked("q4", "full", True, text="c", answer_s=2.0, recall_s=0.2, read_s=None)
    row = rows(*records, taken_up)["place", "full", "nothing"]
    assert (row["answer_s"], row["recall_s"], row["read_s"]) == (2.0, 0.2, 40.0)
    assert rows(taken_up)["place", "full", "nothing"]["read_s"] is None
