"""Rows of the tables of ``keydiff plan`` and ``keydiff doctor``."""

from __future__ import annotations

from typing import Any

from keydiff_cli.render.rows import doctor_rows, plan_rows

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
