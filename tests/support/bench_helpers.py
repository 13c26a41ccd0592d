"""Prose, records and their files, as the tests of the benchmarks use them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from keydiff_cli.bench.records import Records

PROSE = [f"Sentence number {n} speaks of the weather on the quay that day." for n in range(400)]

# Needles at three depths of two texts: everything finds all of them, and a window the last one.
NEEDLES = [
    {
        "id": f"needle-{length}-0-{depth}",
        "text": f"needle-{length}-0",
        "task": "needle",
        "length": length,
        "depth": depth,
        "policy": policy,
        "budget": budget,
        "score": float(policy == "full" or depth > 0.5),
        "stop_reason": "length" if policy == "window" and not depth else "eos",
    }
    for policy, budget in (("full", None), ("window", 512))
    for length in (1024, 4096)
    for depth in (0.0, 0.5, 1.0)
]


def words(text: str) -> int:
    """Stands for the tokens of a text."""
    return len(text.split())


def record(name: str, policy: str, score: float) -> dict[str, object]:
    budget = None if policy == "full" else 64
    return {
        "id": name, "task": "needle", "length": 256, "policy": policy, "budget": budget,
        "score": score, "text": name, "depth": None, "stop_reason": "eos",
    }  # fmt: skip


def opened(path: Path, **options: object) -> list[dict[str, object]]:
    """What a run with these options finds in the file."""
    with closing(Records(path, {"bench": "needle", **options})) as records:
        return records.all


@pytest.fixture
def prose(tmp_path: Path) -> Path:
    """A folder with the prose in a file."""
    folder = tmp_path / "prose"
    folder.mkdir()
    (folder / "a.txt").write_text("\n".join(PROSE))
    return folder


def asked(name: str, policy: str, right: bool, **changes: Any) -> dict[str, Any]:
    """A record of a question about a document, answered rightly or wrongly."""
    whole = policy in ("full", "passages")
    record = {
        "id": name, "text": "d", "task": changes.pop("kind", "place"), "length": None,
        "depth": None, "policy": policy, "policy_version": None, "budget": None if whole else 64,
        "part": None if whole else "1/8", "evidence": "nothing", "question": "How many?",
        "references": ["5"], "answer": "It is 5." if right else "It is 6.", "score": float(right),
        "stop_reason": "eos", "answer_s": 1.0, "recall_s": 0.0, "read_s": None,
    }  # fmt: skip
    return record | changes


def measured(name: str, policy: str, kind: str = "summary", **more: Any) -> dict[str, Any]:
    """A record with measures of these names and values, beside what other fields are given."""
    kept = asked(name, policy, True, kind=kind)
    del kept["score"]
    changes = {field: more.pop(field) for field in list(more) if field in kept}
    return kept | {"text": name} | changes | {"measures": more}
