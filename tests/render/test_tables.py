"""Rows of the tables of ``keydiff plan``, ``keydiff doctor`` and ``keydiff bench``."""

from __future__ import annotations

from typing import Any

from bench_helpers import NEEDLES, asked, measured

from keydiff_cli.bench.answer_rates import rate_answers
from keydiff_cli.bench.measure_rates import rate_measures
from keydiff_cli.bench.summary import summarise
from keydiff_cli.render.tables import (
    asked_rows,
    bench_rows,
    doctor_rows,
    measured_rows,
    plan_rows,
    speed_rows,
)

EXAMINED: dict[str, Any] = {
    "keydiff": "1.0",
    "python": "3.12.1",
    "system": "Linux",
    "processor": "A processor",
    "cores": 2,
    "library": None,
    "models": {"folder": "/m", "free": None, "default": "small", "installed": []},
    "cache": {"folder": "/c", "free": 10**9, "used": True},
    "memory": {"total": 8 * 10**9, "usable": 2 * 10**9},
    "problems": ["the first", "the second"],
}


def test_a_plan_names_sizes_without_their_unit() -> None:
    values = {"model": "small", "cells": 1280, "kv_bytes": 29_491_200, "cap_bytes": None}
    assert plan_rows(values) == [
        ("model", "small"),
        ("cells", "1280"),
        ("kv", "29.5 MB"),
        ("cap", "none"),
    ]


def test_what_was_examined() -> None:
    rows = dict(doctor_rows(EXAMINED))
    assert rows["processor"] == "A processor, 2 cores"
    assert rows["memory"] == "2.00 GB free of 8.00 GB"
    assert rows["models"] == "/m, not usable"
    assert rows["models here"] == "none"
    assert rows["what was read"] == "/c, 1.00 GB free"
    assert rows["problems"] == "2"
    assert "queries" not in rows


def test_the_library_and_its_devices() -> None:
    library = {
        "llama_cpp_python": "0.3.36",
        "path": "/lib",
        "observes": False,
        "access": "copy",
        "features": ["CPU", "AVX2"],
        "devices": [
            {"name": "CPU", "description": "A processor", "memory": 10**9},
            {"name": "RPC0", "description": "A server", "memory": 0},
        ],
    }
    rows = doctor_rows({**EXAMINED, "library": library, "problems": []})
    assert ("llama-cpp-python", "0.3.36, /lib") in rows
    assert ("access to the cache", "copy") in rows
    assert ("queries", "not shown") in rows
    assert ("built for", "CPU, AVX2") in rows
    assert [value for name, value in rows if name == "device"] == [
        "CPU: A processor, 1.00 GB",
        "RPC0: A server",
    ]
    assert rows[-1] == ("problems", "none")


def test_rates_of_a_benchmark() -> None:
    full, _, window, _ = bench_rows(summarise(NEEDLES))
    assert full == ("needle", 1024, "full", "-", 3, "100 %", "44-100", "-", "-")
    assert window[:6] == ("needle", 1024, "window", 512, 3, "33 %")
    assert window[7:] == ("-67", 1)
    texts = [{**record, "text": record["id"]} for record in NEEDLES]
    texts += [
        {**record, "id": f"again-{record['id']}", "text": f"again-{record['id']}"}
        for record in NEEDLES
    ]
    _, _, window, _ = bench_rows(summarise(texts))
    assert window[7] == "-67 (-100 to -13)"


def test_rates_of_questions_about_documents() -> None:
    records = [asked(f"q{n}", "full", True, read_s=30.0) for n in range(4)]
    records += [
        asked(f"q{n}", "focus", n > 0, evidence="recall 9", recall_s=0.25, stop_reason="length")
        for n in range(4)
    ]
    free = {"references": ["Because of the sea that day."], "kind": "why"}
    records += [asked("q", "full", True, **free), asked("p", "full", False, kind="absent")]
    full, focus, why, absent, *together = asked_rows(rate_answers(records))
    assert full == (
        "place", "full", "-", "nothing", 4, "-", 4, "100 %", "51-100", "-", "-", "-", "1.0", "-",
        "30.0",
    )  # fmt: skip
    assert focus[1:8] == ("focus", "1/8", "recall 9", 4, "-", 3, "75 %")
    assert focus[9:] == ("-25", "-", 4, "1.0", "0.2", "-")
    assert why[4:10] == (1, 1, "-", "-", "-", "-")
    assert absent[6:11] == (0, "0 %", "0-79", "-", "100 %")
    assert [row[:5] for row in together] == [
        ("all", "full", "-", "nothing", 6), ("all", "focus", "1/8", "recall 9", 4),
    ]  # fmt: skip


def test_measures_of_answers() -> None:
    full = [measured(name, "full", found=[8, 10], words=290, answer_s=1.26) for name in "abcde"]
    some = [
        measured(name, "focus", found=[part, 10], words=301, stop_reason="length")
        for name, part in zip("abcde", (8, 7, 8, 6, 7), strict=True)
    ]
    rows = {(row[1], row[2]): row for row in measured_rows(rate_measures([*full, *some]))}
    assert rows["found", "full"] == (
        "summary", "found", "full", "-", "nothing", 5, "40 of 50", "80 %", "-", "-", "-",
    )  # fmt: skip
    assert rows["found", "focus"][3:] == (
        "1/8", "nothing", 5, "36 of 50", "72 %", "62-82", "-8 (-18 to +2)", 5,
    )  # fmt: skip
    assert rows["words", "full"][6:] == ("-", "290 (median)", "-", "-", "-")
    assert rows["answer, s", "full"][7] == "1.3 (median)"


def test_a_rate_is_rounded_once() -> None:
    """The rate of 22 in 163 is 13.497 %: 0.1350 would be shown as 14 %."""
    records = [
        {**NEEDLES[0], "id": str(number), "text": str(number), "score": float(number < 22)}
        for number in range(163)
    ]
    ((_, _, _, _, samples, rate, *_),) = bench_rows(summarise(records))
    assert (samples, rate) == (163, "13 %")


def test_rows_of_speed() -> None:
    row = {
        "policy": "focus", "budget": 512, "turns": 3, "ingest_tokens_per_s": 50.04, "ratio": None,
        "score_share": 0.0123, "evict_share": 0.004, "first_token_s": 0.5,
        "decode_tokens_per_s": None, "peak_bytes": 1_234_000_000,
    }  # fmt: skip
    assert speed_rows([row]) == [
        ("focus", 512, 3, "50.0", "-", "1.23 %", "0.40 %", "0.50", "-", "1.23 GB")
    ]
