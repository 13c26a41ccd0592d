"""``keydiff bench`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench_helpers import prose
from cli_helpers import Result
from cli_helpers import run as keydiff

__all__ = ["prose"]  # a fixture


TIMINGS = ("read_s", "answer_s")
COMMON = ("--quiet", "--offline", "--threads", "1", "--block", "64")


def bench(name: str, *arguments: object, cwd: Path, model: Path) -> Result:
    return keydiff("bench", name, *arguments, "-m", model, cwd=cwd)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def without_timings(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in record.items() if name not in TIMINGS} for record in records
    ]


NEEDLE = (
    "--policy", "full,keydiff,focus", "--budget", "1/2", "--length", "1024", "--depth", "0.3,0.8",
    "--max-tokens", "4", *COMMON,
)  # fmt: skip


def test_a_run_is_reproducible_and_goes_on_where_it_stopped(
    tiny_path: Path, prose: Path, tmp_path: Path
) -> None:
    def run(out: str, *more: str) -> Result:
        return bench(
            "needle", "--text", prose, "--out", out, *NEEDLE, *more, cwd=tmp_path, model=tiny_path
        )

    first = run("a.jsonl", "--json")
    assert first.status == 0, first.err
    summary = json.loads(first.out)
    records = lines(tmp_path / "a.jsonl")
    assert len(records) == 1 + 3 * 2
    assert records[0]["sha256"] == summary["header"]["sha256"]
    assert records[0]["max_tokens"] == 4
    assert {record["budget"] for record in records[1:]} == {None, 512}
    assert [row["policy"] for row in summary["results"]] == ["full", "keydiff", "focus"]
    for row in summary["results"]:
        assert row["samples"] == 2
        assert 0 <= row["low"] <= row["rate"] <= row["high"] <= 1
        assert (row["difference"] is None) == (row["policy"] == "full")
        assert row["interval"] is None  # from one text
    assert len(summary["grid"]) == 6
    assert summary["machine"]["cores"] >= 1
    assert json.loads((tmp_path / "a.summary.json").read_text(encoding="utf-8")) == summary

    # Stopped after four samples and in the middle of a line, it ends with the same records.
    whole = (tmp_path / "a.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "b.jsonl").write_bytes(b"".join(whole[:5]) + whole[5][:20])
    second = run("b.jsonl", "--plot", "map.png")
    assert second.status == 0, second.err
    assert without_timings(lines(tmp_path / "b.jsonl")) == without_timings(records)
    again = json.loads((tmp_path / "b.summary.json").read_text(encoding="utf-8"))
    assert again == summary
    assert "keydiff 512" in second.out
    assert "against full" in second.out
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")

    other = run("b.jsonl", "--seed", "1")
    assert other.status == 2
    assert other.errors == [
        "keydiff: error: b.jsonl was begun with another --seed; name another file"
    ]


def test_read_for_another_question(tiny_path: Path, prose: Path, tmp_path: Path) -> None:
    arguments = ("--task", "niah_multivalue", "--samples", "1", "--length", "1024", "--text", prose)
    arguments += ("--policy", "focus,focus:share=0", "--budget", "128", "--max-tokens", "2")
    arguments += ("--read-for", "Summarise the text.", "--plot", "rates.svg", *COMMON)
    done = bench("ruler", *arguments, cwd=tmp_path, model=tiny_path)
    assert done.status == 0, done.err
    header, *records = lines(tmp_path / "ruler.jsonl")
    assert header["read_for"] == "Summarise the text."
    assert [record["policy"] for record in records] == ["focus"] * 2 + ["focus:share=0"] * 2
    assert {record["kept"] for record in records} == {128}
    assert "<svg" in (tmp_path / "rates.svg").read_text(encoding="utf-8")


def test_evicting_once(tiny_path: Path, prose: Path, tmp_path: Path) -> None:
    arguments = ("--task", "niah_multivalue", "--samples", "1", "--length", "1024", "--text", prose)
    arguments += ("--policy", "full,focus,snapkv,keydiff,pyramid", "--budget", "1/2,1/1", "--once")
    arguments += ("--max-tokens", "4", "--out", "once.jsonl", *COMMON)
    done = bench("ruler", *arguments, cwd=tmp_path, model=tiny_path)
    assert done.status == 0, done.err
    header, *records = lines(tmp_path / "once.jsonl")
    assert header["once"] is True
    full = {record["id"]: record for record in records if record["policy"] == "full"}
    assert len(records) == 2 + 4 * 2 * 2
    for record in records:
        assert record["read_s"] == full[record["id"]]["read_s"]  # the text was read once
        if record["budget"] == 1024 and record["policy"] != "pyramid":
            assert record["answer"] == full[record["id"]]["answer"]
        if record["budget"] == 512:
            assert record["kept"] == (768 if record["policy"] == "pyramid" else 512)


def test_longbench(tiny_path: Path, tmp_path: Path) -> None:
    data = Path(__file__).parents[1] / "longbench"
    arguments = ("--data", data, "--dataset", "qasper,trec,passage_retrieval_en,trec")
    arguments += ("--policy", "full,keydiff", "--budget", "96", "--max-tokens", "2", *COMMON)
    done = bench("longbench", *arguments, "--json", cwd=tmp_path, model=tiny_path)
    assert done.status == 0, done.err
    rows = json.loads(done.out)["results"]
    assert [(row["task"], row["policy"]) for row in rows[::2]] == [
        ("qasper", "full"), ("trec", "full"), ("passage_retrieval_en", "full"),
    ]  # fmt: skip
