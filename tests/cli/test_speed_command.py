"""``keydiff bench speed``: what it hands to the benchmark, and how its results are shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bench_helpers import PROSE, prose
from cli_helpers import SMALL, run

from keydiff_cli.settings.config import Settings

__all__ = ["prose"]  # a fixture

ROW = {
    "policy": "keydiff", "budget": 128, "turns": 2, "ratio": 1 / 3, "score_share": 0.125,
    "evict_share": 0.0, "ingest_tokens_per_s": 1000.04, "first_token_s": 0.5,
    "decode_tokens_per_s": None, "peak_bytes": 10**8,
}  # fmt: skip
HEADER = {"model": "toy", "block": 64, "threads": 1, "kv_type": "f16"}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the benchmark was run with."""
    measured: list[dict[str, Any]] = []

    def measure(sentences: list[str], settings: Settings, contenders: Any, **more: Any) -> Any:
        more |= {"sentences": sentences, "settings": settings, "contenders": contenders}
        measured.append(more)
        return {"results": [ROW], "outdated": len(measured) - 1, "header": HEADER}

    monkeypatch.setattr("keydiff_cli.bench.speed.run", measure)
    return measured


def test_it_measures_what_was_asked_for(
    measured: list[dict[str, Any]], prose: Path, tmp_path: Path
) -> None:
    table = run("bench", "speed", "--text", prose, cwd=tmp_path)
    assert (table.status, table.err) == (0, "")
    head, row, last = table.out.splitlines()
    assert "time to full" in head
    shown = "keydiff 128 2 1000.0 0.33 12.50 % 0.00 % 0.50 - 100 MB"
    assert row.split() == shown.split()
    assert last.startswith("toy: blocks of 64 tokens, 1 threads, cache in f16")
    words = ("--policy", "full,window", "--budget", "300", "--length", 512, "--repeat", 3)
    words += ("--seed", 5, "--out", "a.jsonl", "--block", 32, "--json")
    shown = run("bench", "speed", "--text", prose, *words, cwd=tmp_path)
    (warning,) = shown.warnings
    assert warning.startswith("1 turns of an older version of a policy do not count; ")
    (result,) = json.loads(shown.out)["results"]
    assert result["ratio"] == 0.3333
    usual, given = measured
    assert usual["sentences"] == PROSE
    assert (usual["length"], usual["repeat"], usual["seed"]) == (4096, 1, 0)
    assert usual["out"] == Path("speed.jsonl")
    assert [contender.policy for contender in usual["contenders"]] == [
        "full", "focus", "keydiff-prerope",
    ]  # fmt: skip
    assert usual["settings"].max_tokens == 64
    assert (given["length"], given["repeat"], given["seed"]) == (512, 3, 5)
    assert given["out"] == Path("a.jsonl")
    assert [contender.policy for contender in given["contenders"]] == ["full", "window"]
    assert given["settings"].block == 32


@pytest.mark.model
def test_processes_are_measured_once(small_path: Path, prose: Path, tmp_path: Path) -> None:
    arguments = ("--length", "256", "--budget", "128", "--text", prose, "--quiet", "--offline")
    arguments += ("-m", SMALL, "--threads", "1", "--block", "64")
    arguments += ("--policy", "full,keydiff", "--max-tokens", "4")
    places = {"cwd": tmp_path, "models": small_path.parent}
    done = run("bench", "speed", *arguments, "--json", **places)
    assert done.status == 0, done.err
    lines = (tmp_path / "speed.jsonl").read_text(encoding="utf-8").splitlines()
    _, *records = map(json.loads, lines)
    turns = [(record["id"], record["policy"], record["budget"]) for record in records]
    assert turns == [("speed-256-0", "full", None), ("speed-256-0", "keydiff", 128)]
    full, evicting = json.loads(done.out)["results"]
    assert full["ratio"] == 1
    assert full["score_share"] == full["evict_share"] == 0
    assert 0 < evicting["score_share"] < 1
    assert evicting["ratio"] > 0
    assert min(full["peak_bytes"], evicting["peak_bytes"]) > 90 * 10**6
    shown = run("bench", "speed", *arguments, **places)
    assert "time to full" in shown.out
    assert shown.out.splitlines()[-1].startswith(f"{SMALL}: blocks of 64 tokens, 1 threads")
    assert (tmp_path / "speed.jsonl").read_text(encoding="utf-8").splitlines() == lines
