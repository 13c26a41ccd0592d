"""What a memory cap buys, as ``keydiff plan`` shows it and ``keydiff ask`` refuses it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import SMALL, Result, fails, run, story
from report_helpers import parse, smallest_cap

from keydiff_cli.reading.noting import MOST
from keydiff_cli.system import machine

pytestmark = pytest.mark.model

Plan = Callable[..., Result]
QUESTION = "What is the name of the cat?"


@pytest.fixture(autouse=True)
def usual_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan counts the process: here one that has loaded no more than the command does."""
    monkeypatch.setattr(machine, "resident", lambda: 80_000_000)
    monkeypatch.setattr(machine, "peak", lambda: 80_000_000)


@pytest.fixture
def plan(small_path: Path, models_folder: Path) -> Plan:
    def plan(*words: object) -> Result:
        return run("plan", "--model", SMALL, *words, models=models_folder)

    return plan


def values(result: Result) -> dict[str, Any]:
    assert (result.status, result.err) == (0, "")
    return dict(json.loads(result.out))


def test_the_parts_add_up_and_stay_under_the_cap(plan: Plan) -> None:
    planned = values(plan("--json", "--memory", "390MB"))
    sizes = [planned[f"{part}_bytes"] for part in ("weights", "kv", "compute", "other")]
    assert planned["model"] == SMALL
    assert planned["trained_context"] == 8192
    assert sum(sizes) == planned["planned_bytes"] <= planned["cap_bytes"] == 390_000_000
    assert 256 < planned["budget"] < planned["cells"]
    wordy = values(plan("--json", "--memory", "390MB", "--system", "Be brief. " * 50))
    assert wordy["budget"] < planned["budget"]
    full = values(plan("--json", "--memory", "390MB", "--policy", "full"))
    assert (full["policy"], full["cap_bytes"]) == ("full", 390_000_000)
    binary = values(plan("--json", "--memory", "390MiB"))
    assert planned["planned_bytes"] < binary["planned_bytes"] <= binary["cap_bytes"] == 390 * 2**20


def test_workers_share_the_cap_and_the_weights(plan: Plan) -> None:
    alone = values(plan("--json", "--budget", 256))
    assert (alone["workers"], alone["all_workers_bytes"]) == (1, alone["planned_bytes"])
    shared = values(plan("--json", "--budget", 256, "--workers", 3, "--memory", "2GB"))
    beside = shared["planned_bytes"] - shared["weights_bytes"]
    own = 80_000_000  # of the process that gives them work
    assert shared["all_workers_bytes"] == own + shared["weights_bytes"] + 3 * beside
    assert shared["all_workers_bytes"] < 2_000_000_000
    assert shared["cap_bytes"] < 2_000_000_000
    named = smallest_cap(plan("--workers", 3, "--memory", "150MB"))
    assert values(plan("--json", "--workers", 3, "--memory", named))["budget"] >= 256


def test_it_says_what_ocr_takes(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keydiff_cli.documents.ocr.ocr.engine", lambda: "fake-1")
    assert values(plan("--json"))["ocr_bytes"] == 650_000_000
    assert values(plan("--json", "--ocr", "off"))["ocr_bytes"] == 0
    monkeypatch.setattr("keydiff_cli.documents.ocr.ocr.engine", lambda: "")
    assert values(plan("--json"))["ocr_bytes"] == 0


def test_it_is_a_table(plan: Plan) -> None:
    table = plan("--memory", "400MB")
    assert (table.status, table.err) == (0, "")
    assert "400 MB" in table.out


def test_an_archive_takes_so_much_of_the_disk(small_path: Path, models_folder: Path) -> None:
    names = ("archive_per_token_bytes", "archive_per_100_pages_bytes")
    without = run("plan", "--model", SMALL, "--json", models=models_folder, KEYDIFF_ARCHIVE="off")
    kept = run("plan", "--model", SMALL, "--policy", "full", "--json", models=models_folder)
    for none in (without, kept):  # the full cache evicts nothing that could come back
        assert [values(none)[name] for name in names] == [None, None]
    for archive, stored, token in (("full", "f16", 23_040), ("keys", "q8_0", 6_120)):
        wanted = {"KEYDIFF_ARCHIVE": archive, "KEYDIFF_ARCHIVE_TYPE": stored}
        words = ("plan", "--model", SMALL)
        planned = values(run(*words, "--json", models=models_folder, **wanted))
        assert [planned[name] for name in names] == [token, 50_000 * token]
    assert "306 MB" in run(*words, models=models_folder, **wanted).out


def test_notes_are_counted_by_the_parts_that_there_are_cells_for(plan: Plan) -> None:
    names = ("notes_per_100_pages", "note_tokens_per_100_pages", "note_tokens_per_token_read")
    for budget, longest in ((1024, 1920), (256, 960)):
        planned = values(plan("--json", "--budget", budget))
        count = -(-50_000 // longest)
        share = round(MOST * count / 50_000, 4)
        assert [planned[name] for name in names] == [count, MOST * count, share]
    assert "note tokens per 100 pages" in plan().out


def test_the_cap_that_the_message_names_is_the_smallest_that_works(plan: Plan) -> None:
    named = smallest_cap(plan("--memory", "150MB"))
    assert values(plan("--json", "--memory", named))["budget"] >= 256
    smaller = f"{int(named.removesuffix('MB')) - 20}MB"  # it is rounded up, by 20 at most
    assert smallest_cap(plan("--memory", smaller)) == named


def test_a_small_document_needs_no_large_budget(
    small_path: Path, models_folder: Path, cat: Path
) -> None:
    words = ("ask", "--model", SMALL, "--json", "--max-tokens", 3, "--budget", 1_000_000)
    report = parse(run(*words, "--memory", "380MB", cat, QUESTION, models=models_folder))
    assert report["cache"]["budget"] <= 256
    assert report["memory_bytes"]["planned"] <= 380_000_000


def test_a_question_too_long_for_a_small_cap_is_no_crash(
    small_path: Path, models_folder: Path, cat: Path
) -> None:
    words = ("ask", "--model", SMALL, "--budget", 128, "--block", 64, "--memory", "300MB")
    result = run(*words, cat, story(lines=80), models=models_folder)
    assert "smallest cap that works" in fails(result, 5)
