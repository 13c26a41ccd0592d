"""Rows of the tables of ``keydiff plan``, ``keydiff doctor`` and ``keydiff bench``."""

from __future__ import annotations

from typing import Any

from bench_helpers import NEEDLES

from keydiff_cli.bench.summary import summarise
from keydiff_cli.render.tables import bench_rows, doctor_rows, plan_rows, speed_rows

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
