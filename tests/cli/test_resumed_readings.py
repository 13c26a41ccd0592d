"""Documents that are read once: snapshots taken up by the command, and readings cut short."""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import SMALL, Result, fails, finish, parse, run, start, story
from pdf_files import pdf

from keydiff_cli.snapshots import Store

pytestmark = pytest.mark.model

BOUNDS = ("--model", SMALL, "--budget", 256, "--block", 64, "--max-tokens", 8)
QUESTION = "What is the secret password?"
Keydiff = Callable[..., Result]
Begin = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    return {"KEYDIFF_CACHE": "1", "KEYDIFF_CACHE_DIR": str(tmp_path / "cache")}


@pytest.fixture
def keydiff(small_path: Path, models_folder: Path, variables: dict[str, str]) -> Keydiff:
    def run_it(*words: object, **more: Any) -> Result:
        return run(*words, models=models_folder, **(variables | more))

    return run_it


@pytest.fixture
def begin(small_path: Path, models_folder: Path, variables: dict[str, str]) -> Begin:
    return partial(start, models=models_folder, variables=variables)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_text(story(lines=20))
    return path


def ask(keydiff: Keydiff, *words: object, **more: Any) -> dict[str, Any]:
    report = parse(keydiff("ask", "--json", *BOUNDS, *words, **more))
    return dict(report)


def snapshots(tmp_path: Path) -> list[Path]:
    left = [path for path in (tmp_path / "cache").iterdir() if path.suffix != ".lock"]
    assert all(path.suffix == ".snapshot" for path in left), left
    return left


def test_the_same_question_is_answered_without_reading(
    keydiff: Keydiff, document: Path, tmp_path: Path
) -> None:
    first = ask(keydiff, document, QUESTION)
    assert first["tokens"]["reused"] == 0
    again = ask(keydiff, document, QUESTION)
    assert again["tokens"]["reused"] == again["tokens"]["document"] == first["tokens"]["document"]
    assert again["tokens"]["kept"] == first["tokens"]["kept"]
    assert again["answer"] == first["answer"]
    assert again["documents"] == first["documents"]
    assert again["timing_s"]["ingest"] < first["timing_s"]["ingest"] / 4
    assert len(snapshots(tmp_path)) == 1
    for words in (
        ("--no-cache",), ("--policy", "keydiff"), ("--budget", 300), ("--block", 32),
        ("--kv-type", "q8_0"), ("--system", "Be brief."),
    ):  # fmt: skip
        assert ask(keydiff, *words, document, QUESTION)["tokens"]["reused"] == 0
    other = ask(keydiff, document, "What was painted?", "--policy", "focus")
    assert other["tokens"]["reused"] == 0


def test_what_was_read_ahead_answers_any_question(
    keydiff: Keydiff, document: Path, tmp_path: Path
) -> None:
    plain = ask(keydiff, "--policy", "keydiff-prerope", "--no-cache", document, QUESTION)
    bounds = BOUNDS[:-2]
    ahead = keydiff("read", *bounds, document)
    assert ahead.status == 0
    assert ahead.out == ""
    report = json.loads(keydiff("read", "--json", *bounds, document).out)
    assert report["stop_reason"] == "read"
    assert report["tokens"]["reused"] == report["tokens"]["document"]
    result = keydiff("ask", "--json", *BOUNDS, document, QUESTION)
    assert "--policy focus reads it again" in result.err
    report = parse(result)
    assert report["cache"]["policy"] == "keydiff-prerope"
    assert report["tokens"]["reused"] == report["tokens"]["document"]
    assert report["answer"] == plain["answer"]
    assert ask(keydiff, "--policy", "focus", document, QUESTION)["tokens"]["reused"] == 0
    assert len(snapshots(tmp_path)) == 2


def test_of_a_document_that_grew_the_new_part_is_read(keydiff: Keydiff, document: Path) -> None:
    words = ("--policy", "keydiff", document, QUESTION)
    first = ask(keydiff, *words)
    with document.open("a") as file:
        file.write("The lamp of the lighthouse was lit again in the autumn.\n" * 5)
    grown = ask(keydiff, *words)
    assert grown["tokens"]["reused"] == first["tokens"]["document"]
    assert grown["tokens"]["document"] > first["tokens"]["document"]
    document.write_text("A new beginning.\n" + document.read_text())
    assert ask(keydiff, *words)["tokens"]["reused"] == 0


def test_under_a_cap_it_is_taken_up_too(keydiff: Keydiff, document: Path) -> None:
    """What the cap allows varies with the size of the process, and with the command."""
    document.write_text(story(lines=60))
    words = ("--model", SMALL, "--block", 64, "--memory", "335MB")
    ahead = json.loads(keydiff("read", "--json", *words, document).out)
    assert ahead["tokens"]["kept"] < ahead["tokens"]["document"]
    for question in (QUESTION, "What was painted?"):
        report = parse(keydiff("ask", "--json", *words, "--max-tokens", 4, document, question))
        assert report["tokens"]["reused"] == report["tokens"]["document"]
        assert report["cache"]["policy"] == "keydiff-prerope"


def test_a_short_document_is_taken_up_whatever_the_budget(keydiff: Keydiff, document: Path) -> None:
    """Nothing was evicted, so a budget or a cap makes no difference, and no cells are added."""
    words = ("--model", SMALL, "--block", 64, "--max-tokens", 4, "--policy", "keydiff")
    first = parse(keydiff("ask", "--json", *words, document, QUESTION))
    assert first["tokens"]["kept"] == first["tokens"]["document"]
    for bound in (("--budget", 2000), ("--memory", "400MB")):
        again = parse(keydiff("ask", "--json", *words, *bound, document, QUESTION))
        assert again["tokens"]["reused"] == again["tokens"]["document"]
        assert again["cache"]["cells"] == first["cache"]["cells"]
        assert again["answer"] == first["answer"]


def test_where_nothing_is_evicted_any_policy_takes_it_up(
    keydiff: Keydiff, document: Path, tmp_path: Path
) -> None:
    """And the next question is answered at once; a pyramid evicts from its last layers first."""
    words = ("--model", SMALL, "--block", 64, "--max-tokens", 4, document)
    first = parse(keydiff("ask", "--json", *words, QUESTION))
    read = first["tokens"]["document"]
    assert (first["cache"]["policy"], first["tokens"]["kept"]) == ("focus", read)
    other = parse(keydiff("ask", "--json", *words, "What was painted?"))
    alone = parse(keydiff("ask", "--json", "--no-cache", *words, "What was painted?"))
    assert other["tokens"]["reused"] == read
    assert other["cache"]["policy"] == "focus"
    assert (other["answer"], other["certainty"]) == (alone["answer"], alone["certainty"])
    for policy, budget, reused in (
        ("window", read, read), ("full", 0, read), ("pyramid", 2 * read, read),
        ("pyramid", read, 0), ("pyramid", 2 * read + 64, read), ("h2o", read, 0),
    ):  # fmt: skip
        bound = ("--budget", budget) if budget else ()
        report = parse(keydiff("ask", "--json", "--policy", policy, *bound, *words, QUESTION))
        assert report["tokens"]["reused"] == reused, (policy, budget)
    assert len(snapshots(tmp_path)) == 3


def test_what_cannot_be_kept_ends_a_reading_ahead(
    keydiff: Keydiff, document: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    bounds = BOUNDS[:-2]
    blocked = str(tmp_path / "file" / "cache")
    result = keydiff("read", *bounds, document, KEYDIFF_CACHE_DIR=blocked)
    assert result.status == 1
    assert "what was read is not kept" in result.errors[0]


def test_a_pipe_is_taken_up_too(keydiff: Keydiff) -> None:
    text = story(lines=30).encode()
    first = ask(keydiff, QUESTION, stdin=text)
    again = ask(keydiff, QUESTION, stdin=text)
    assert (first["tokens"]["reused"], again["tokens"]["reused"]) == (
        0,
        again["tokens"]["document"],
    )
    assert again["answer"] == first["answer"]


def test_a_damaged_snapshot_is_read_again(keydiff: Keydiff, document: Path, tmp_path: Path) -> None:
    first = ask(keydiff, document, QUESTION)
    (path,) = snapshots(tmp_path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    result = keydiff("ask", "--json", *BOUNDS, document, QUESTION)
    assert any("cannot be used: its checksum does not match" in text for text in result.warnings)
    report = parse(result)
    assert report["tokens"]["reused"] == 0
    assert report["answer"] == first["answer"]
    assert ask(keydiff, document, QUESTION)["tokens"]["reused"] > 0


def test_a_folder_that_cannot_be_written_is_warned_about(
    keydiff: Keydiff, document: Path, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    result = keydiff("ask", *BOUNDS, document, QUESTION, KEYDIFF_CACHE_DIR=str(blocked / "cache"))
    assert result.status == 0
    assert result.out.strip()
    assert len([text for text in result.warnings if "cannot be kept" in text]) == 1
    for folder in (blocked, tmp_path / ("a" * 300)):  # a file, and a name that is too long
        result = keydiff("cache", "list", KEYDIFF_CACHE_DIR=str(folder))
        assert result.status == 0
        assert "cannot be searched" in result.warnings[0]


def test_killed_at_any_moment_it_goes_on_and_gives_the_same_answer(
    keydiff: Keydiff, begin: Begin, document: Path, tmp_path: Path
) -> None:
    document.write_text(story(lines=120))
    words = ("ask", "--json", *BOUNDS, document, QUESTION)
    whole = ask(keydiff, "--no-cache", document, QUESTION)
    moments = random.Random(0)
    store, cut = Store(tmp_path / "cache", 10**9, pytest.fail), 0
    for _ in range(20):
        process = begin(*words)
        assert process.stderr is not None
        while b"planned" not in process.stderr.readline():  # then reading begins
            assert process.poll() is None
        time.sleep(moments.uniform(0, 2.5))
        alive = process.poll() is None
        process.kill()
        process.communicate()
        cut += alive and any(not entry.description["complete"] for entry in store.entries())
    assert cut > 0
    report = parse(keydiff(*words))
    assert report["tokens"]["reused"] > 0
    assert report["answer"] == whole["answer"]
    assert report["tokens"]["kept"] == whole["tokens"]["kept"]
    assert report["documents"] == whole["documents"]
    assert len(snapshots(tmp_path)) == 1
    again = parse(keydiff(*words))
    assert again["tokens"]["reused"] == again["tokens"]["document"]
    assert again["answer"] == whole["answer"]


def test_two_at_once_do_not_disturb_each_other(
    keydiff: Keydiff, begin: Begin, document: Path, tmp_path: Path
) -> None:
    words = ("ask", "--json", *BOUNDS, "--threads", 1, document, QUESTION)
    both = [begin(*words) for _ in range(2)]
    one, other = (parse(finish(process)) for process in both)
    assert one["answer"] == other["answer"]
    assert len(snapshots(tmp_path)) == 1
    assert parse(keydiff(*words))["answer"] == one["answer"]


def test_the_cache_is_listed_shown_and_emptied(
    keydiff: Keydiff, document: Path, tmp_path: Path
) -> None:
    listed = keydiff("cache", "list")
    assert (listed.status, listed.err) == (0, "")
    pages = tmp_path / "pages.pdf"
    pages.write_bytes(pdf(["One.", "Two."]))
    ask(keydiff, document, QUESTION)
    report = ask(keydiff, "--policy", "keydiff", document, pages, QUESTION)
    text = keydiff("cache", "list").out
    assert "story.txt" in text
    assert "focus" in text
    entries = json.loads(keydiff("cache", "list", "--json").out)
    assert [entry["settings"]["policy"] for entry in entries] == ["keydiff", "focus"]
    assert [entry["question"] for entry in entries] == [None, QUESTION]
    assert all(entry["complete"] for entry in entries)
    shown = json.loads(keydiff("cache", "show", entries[0]["id"]).out)
    assert shown == entries[0]
    assert shown["documents"] == report["documents"]
    text_index, pdf_index = shown["documents"]
    assert (text_index["start"], text_index["page_starts"]) == (0, None)
    assert pdf_index["start"] == text_index["tokens"]
    one, two = pdf_index["page_starts"]
    assert pdf_index["start"] < one < two < shown["tokens"]
    removed = keydiff("cache", "remove", entries[0]["id"])
    assert removed.status == 0
    assert "removed 1" in removed.err
    assert len(snapshots(tmp_path)) == 1
    assert "no snapshot begins" in fails(keydiff("cache", "show", entries[0]["id"]), 2)
    assert "is no age" in fails(keydiff("cache", "prune", "--older-than", "soon"), 2)
    assert "removed 0" in keydiff("cache", "prune", "--older-than", "1d").err
    assert "removed 1" in keydiff("cache", "prune", "--max-size", "0").err
    assert snapshots(tmp_path) == []
