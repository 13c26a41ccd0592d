"""``keydiff ask`` with the small model: the answer, the JSON object, what its options change."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import SMALL, Result, story
from report_helpers import parse, sha256

pytestmark = pytest.mark.model

Ask = Callable[..., Result]
QUESTION = "What is the name of the cat?"


@pytest.fixture(scope="module")
def folder(cat: Path) -> Path:
    (cat.parent / "story.txt").write_text(story(lines=8))
    return cat.parent


@pytest.fixture(scope="module")
def plain(ask: Ask, folder: Path) -> Result:
    """What it prints."""
    return ask("--max-tokens", 6, folder / "story.txt", "What is it?")


@pytest.fixture(scope="module")
def report(ask: Ask, folder: Path) -> dict[str, Any]:
    """What it says as JSON."""
    return parse(ask("--json", "--max-tokens", 6, folder / "story.txt", "What is it?"))


def test_answer_is_alone_on_stdout(plain: Result) -> None:
    assert plain.status == 0
    assert plain.out.strip()
    assert plain.out.endswith("\n")
    assert "keydiff" not in plain.out
    first, *_, last = plain.err.splitlines()
    assert re.fullmatch(
        rf"keydiff: {SMALL}, keydiff-prerope with a budget of 128 tokens, [\d.]+ MB planned", first
    )
    assert re.fullmatch(
        r"keydiff: read \d+ tokens, kept 128, recalled \d+, \d passages again, "
        r"generated 6 in [\d.]+ s, peak memory [\d.]+ MB",
        last,
    )


def test_same_command_gives_the_same_answer(plain: Result, report: dict[str, Any]) -> None:
    assert report["answer"].rstrip("\n") == plain.out.rstrip("\n")


def test_stopped_by_length_is_warned_of(plain: Result, report: dict[str, Any]) -> None:
    assert report["stop_reason"] == "length"
    assert report["tokens"]["generated"] == 6
    (warning,) = plain.warnings
    assert "--max-tokens 12" in warning
    assert report["warnings"] == [warning]


def test_json_describes_model_document_and_cache(
    report: dict[str, Any], folder: Path, small_path: Path
) -> None:
    assert report["model"] == {
        "name": SMALL,
        "path": str(small_path),
        "sha256": sha256(small_path),
        "architecture": "llama",
        "trained_context": 8192,
        "gpu_layers": 0,
    }
    (document,) = report["documents"]
    path = folder / "story.txt"
    assert document["name"] == "story.txt"
    assert (document["kind"], document["pages"]) == ("text", None)
    assert document["characters"] == len(path.read_text())
    assert document["sha256"] == sha256(path)
    cache = report["cache"]
    assert (cache["policy"], cache["kv_type"]) == ("keydiff-prerope", "f16")
    assert (cache["budget"], cache["block"]) == (128, 64)
    assert report["tokens"]["document"] > report["tokens"]["kept"] == 128
    assert report["memory_bytes"]["cap"] is None


@pytest.mark.parametrize("policy", ["keydiff", "keydiff-token", "window", "full", "h2o:recent=0"])
def test_policy(policy: str, ask: Ask, folder: Path) -> None:
    words = ("--json", "--policy", policy, "--max-tokens", 3)
    report = parse(ask(*words, folder / "story.txt", "What is it?"))
    assert report["cache"]["policy"] == policy
    assert (report["stop_reason"], report["tokens"]["generated"]) == ("length", 3)
    assert report["answer"].strip()
    read, kept = report["tokens"]["document"], report["tokens"]["kept"]
    assert kept == (read if policy == "full" else 128)
    assert any("does not apply" in warning for warning in report["warnings"]) == (policy == "full")


def test_quantised_cache_is_about_half_as_large(
    ask: Ask, folder: Path, report: dict[str, Any]
) -> None:
    words = ("--json", "--kv-type", "q8_0", "--max-tokens", 3)
    quantised = parse(ask(*words, folder / "story.txt", "What is it?"))
    assert quantised["cache"]["kv_type"] == "q8_0"
    assert quantised["tokens"]["kept"] == 128
    assert 0.5 < quantised["cache"]["bytes"] / report["cache"]["bytes"] < 0.56


@pytest.mark.parametrize("block", [1, 7, 2048])
def test_any_block_size_reads_the_document(block: int, ask: Ask, folder: Path) -> None:
    words = ("--json", "--block", block, "--max-tokens", 3)
    assert parse(ask(*words, folder / "cat.txt", QUESTION))["cache"]["block"] == block


def test_seed_decides_what_is_sampled(ask: Ask, folder: Path) -> None:
    def sample(seed: int) -> str:
        words = ("--temperature", 1, "--seed", seed, "--max-tokens", 12)
        result = ask(*words, folder / "cat.txt", "Tell me a story.")
        assert result.status == 0
        return result.out

    first = sample(7)
    assert sample(7) == first
    assert sample(8) != first


def test_quiet_shows_warnings_only(ask: Ask, folder: Path) -> None:
    done = ask("--quiet", "--max-tokens", 300, folder / "cat.txt", QUESTION)
    assert (done.status, done.err) == (0, "")
    cut = ask("--quiet", "--max-tokens", 1, folder / "cat.txt", QUESTION)
    assert cut.status == 0
    assert done.out.startswith(cut.out.rstrip("\n"))
    assert len(done.out) > len(cut.out) > 1
    assert cut.err.splitlines() == [f"keydiff: warning: {warning}" for warning in cut.warnings]


def test_stats_and_log_go_to_stderr(ask: Ask, folder: Path) -> None:
    result = ask("--stats", "-v", "--max-tokens", 2, folder / "cat.txt", QUESTION)
    assert result.status == 0
    assert result.out.count("\n") == 1
    assert "reading, tokens/s" in result.err
    assert "llama_model_loader" in result.err
