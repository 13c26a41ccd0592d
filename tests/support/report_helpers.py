"""The JSON object of a run that answered: its parts, and what holds of them in every run."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from cli_helpers import Result, fails

from keydiff_cli.report import CacheSetup, ModelIdentity

MODEL = ModelIdentity("toy", "/toy.gguf", None, "fake", 4096, 0)
CACHE = CacheSetup("keydiff", 128, 64, 512, 1000, "f16", "direct")
_NUMBER = (int, float)
_PLACE = {"document": str, "pages": (list, type(None)), "lines": [int], "page_kind": str}
_SHARE = {
    "tokens": int, "mean": _NUMBER, "union": _NUMBER, "recalled": int, "looked": int,
}  # fmt: skip
_COVERED = _SHARE | {
    "label": str,
    "pages": (list, type(None)),
    "lines": (list, type(None)),
}
_SCHEMA: dict[str, Any] = {
    "answer": str,
    "data": object,
    "thinking": str,
    "stop_reason": str,
    "certainty": _NUMBER,
    "model": {
        "name": str,
        "path": str,
        "sha256": str,
        "architecture": str,
        "trained_context": int,
        "gpu_layers": int,
    },
    "documents": [
        {
            "name": str,
            "kind": str,
            "pages": (int, type(None)),
            "start": int,
            "page_starts": (list, type(None)),
            "characters": int,
            "tokens": int,
            "sha256": str,
            "page_kind": (str, type(None)),
            "page_names": [str],
            "outline": [
                {
                    "title": str,
                    "level": int,
                    "page": (int, type(None)),
                    "line": (int, type(None)),
                }
            ],
            "left_out": [{"page": (int, type(None)), "what": str, "count": int}],
            "ocr_pages": [int],
        }
    ],
    "cache": {
        "policy": str,
        "budget": int,
        "block": int,
        "cells": int,
        "bytes": int,
        "kv_type": str,
        "access": str,
    },
    "tokens": {
        "document": int,
        "reused": int,
        "prompt": int,
        "kept": int,
        "generated": int,
        "compactions": int,
    },
    "timing_s": dict.fromkeys(
        ("load", "ingest", "score", "evict", "keep", "first_token", "answer", "notes", "total"),
        _NUMBER,
    ),
    "recall": {"tokens": int, "seconds": _NUMBER},
    "second_look": [
        {
            "document": str,
            "page": (int, type(None)),
            "lines": [int],
            "tokens": int,
            "by": str,
            "page_kind": str,
        }
    ],
    "quick": bool,
    "notes": [
        {
            "document": str,
            "pages": (list, type(None)),
            "lines": [int],
            "text": str,
            "left_out": [str],
            "page_kind": str,
        }
    ],
    "sentences": [{"text": str, "places": [_PLACE]}],
    "checked": {"figures": int, "found": int, "left_out": [str]},
    "citations": [
        {
            "start": int,
            "stop": int,
            "document": str,
            "page": (int, type(None)),
            "label": str,
            "lines": [int],
            "text": str,
            "weight": _NUMBER,
            "checked": (bool, type(None)),
            "missing": [str],
            "page_kind": str,
        }
    ],
    "supported": (str, type(None)),
    "support": (*_NUMBER, type(None)),
    "uncovered": [_PLACE],
    "coverage": [
        _SHARE
        | {
            "document": str,
            "page_kind": (str, type(None)),
            "parts": [_COVERED],
            "sections": [_COVERED],
        }
    ],
    "memory_bytes": {"cap": (int, type(None)), "planned": int, "peak": int},
    "warnings": [str],
}


def _check_schema(value: Any, schema: Any, where: str = "") -> None:
    if isinstance(schema, dict):
        assert list(value) == list(schema), where
        for key, inner in schema.items():
            _check_schema(value[key], inner, f"{where}.{key}")
    elif isinstance(schema, list):
        assert isinstance(value, list), where
        for item in value:
            _check_schema(item, schema[0], f"{where}[]")
    elif schema is not object:
        assert isinstance(value, schema), where
        assert isinstance(value, bool) == (schema is bool), where


def _check_values(report: dict[str, Any], *, alone: bool) -> None:
    """What holds for every finished run; the peak is that of a process, so it has to be its own."""
    tokens, times, memory = report["tokens"], report["timing_s"], report["memory_bytes"]
    cache = report["cache"]
    assert report["stop_reason"] in ("eos", "length")
    assert 0 < report["certainty"] <= 1
    assert tokens["document"] == sum(document["tokens"] for document in report["documents"])
    assert (tokens["kept"] == 0) == report["quick"]
    assert tokens["kept"] <= min(cache["budget"], tokens["document"])
    assert cache["budget"] + cache["block"] + tokens["prompt"] <= cache["cells"]
    assert cache["access"] in ("native", "direct", "copy")
    assert all(seconds >= 0 for seconds in times.values())
    assert 0 < times["first_token"] <= times["answer"]
    assert times["score"] + times["evict"] < times["ingest"] + times["answer"]
    assert times["load"] + times["ingest"] + times["answer"] <= times["total"] + 0.001
    assert cache["bytes"] < memory["planned"]
    assert cache["bytes"] < memory["peak"]
    assert memory["peak"] <= memory["planned"] or not alone


def _check_coverage(report: dict[str, Any]) -> None:
    """Each token of a document is in one of its parts, and none is held by more than all heads."""
    names = [(document["name"], document["tokens"]) for document in report["documents"]]
    assert [(each["document"], each["tokens"]) for each in report["coverage"]] == names
    for document in report["coverage"]:
        for count in ("tokens", "recalled", "looked"):
            assert sum(part[count] for part in document["parts"]) == document[count]
        for share in (document, *document["parts"], *document["sections"]):
            assert 0 <= share["mean"] <= share["union"] <= 1
    recalled = sum(document["recalled"] for document in report["coverage"])
    assert recalled == report["recall"]["tokens"]


def parse(result: Result) -> dict[str, Any]:
    """The JSON object of a run that answered, checked."""
    assert result.status == 0, result
    report: dict[str, Any] = json.loads(result.out)
    _check_schema(report, _SCHEMA)
    _check_values(report, alone=result.alone)
    _check_coverage(report)
    assert report["warnings"] == result.warnings
    return report


def smallest_cap(result: Result) -> str:
    """The cap that a refusal names."""
    match = re.search(r"the smallest cap that works is (\d+MB)", fails(result, 5))
    assert match is not None, result
    return match.group(1)


def sha256(path: Path) -> str:
    """What a report says to tell the file from others."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
