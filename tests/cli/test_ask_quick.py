"""``keydiff ask``: at once from passages alone, and from what was read once, whatever is asked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cli_helpers import SMALL, fails, run, story
from fake_model import FakeLlama
from snapshot_commands import Keydiff

from keydiff_cli.report import Report

QUESTION = "What is the secret password of the harbour?"
OTHER = "When was the harbour founded?"
USUAL = {"KEYDIFF_ARCHIVE": "full", "KEYDIFF_SECOND_LOOK": "256"}


@pytest.mark.parametrize(
    ("words", "variables"),
    [(["--no-second-look"], {}), ([], {"KEYDIFF_SECOND_LOOK": "0"})],
)
def test_without_passages_there_is_no_quick_answer(
    fake: FakeLlama, document: Path, words: list[str], variables: dict[str, str]
) -> None:
    result = run("ask", "--quick", *words, document, "Why?", **variables)
    problem = "--quick answers from passages alone, and the second look is off"
    assert fails(result, 2) == problem
    assert fake.sketches == 0


def test_what_is_not_read_has_no_parts_to_ask(fake: FakeLlama, document: Path) -> None:
    result = run("ask", "--quick", "--each", document, "List all lamps.")
    problem = "--quick reads nothing, and --each asks every part: leave one of them out"
    assert fails(result, 2) == problem
    assert fake.sketches == 0


@pytest.mark.parametrize("tokens", [0, 512])
def test_it_is_advised_where_it_can_be_had(
    tokens: int, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = Report(stop_reason="interrupted")
    monkeypatch.setattr("keydiff_cli.ask.ask", lambda *_, **__: stopped)
    result = run("ask", document, "Why?", KEYDIFF_SECOND_LOOK=str(tokens))
    assert result.status == 130
    assert ("--quick" in result.err) == (tokens > 0)


@pytest.mark.parametrize("piped", [False, True])
def test_a_quick_answer_says_that_it_is_one(fake: FakeLlama, document: Path, piped: bool) -> None:
    question = "Which storehouse was painted?"
    if piped:
        result = run("ask", "--quick", question, stdin=document.read_bytes())
    else:
        result = run("ask", "--quick", document, question)
    assert (result.status, result.out) == (0, f"{question}\n")
    *_, last = result.err.splitlines()
    assert re.match(r"keydiff: searched \d+ tokens, \d passages again, generated \d+ in ", last)
    assert "[lines " in fake.cache.text()


@pytest.mark.model
@pytest.mark.usefixtures("small_path")
def test_read_once_a_document_answers_any_question(keydiff: Keydiff, tmp_path: Path) -> None:
    document = tmp_path / "story.txt"
    document.write_text(story(lines=20))
    words = ("--model", SMALL, "--budget", 128, "--block", 64, "--max-tokens", 6, document)
    quick = keydiff.report("--quick", *words, QUESTION, **USUAL)
    assert quick["quick"]
    assert quick["tokens"]["document"] > 128
    assert "words" in {look["by"] for look in quick["second_look"]}
    assert quick["second_look"][0]["lines"][0] == 1
    assert not keydiff.cache.exists()

    first = keydiff.report(*words, QUESTION, **USUAL)
    assert not first["quick"]
    assert first["cache"]["policy"] == "keydiff-prerope"
    assert (first["tokens"]["reused"], first["tokens"]["kept"]) == (0, 128)
    kinds = sorted(path.suffix for path in keydiff.cache.iterdir() if path.suffix != ".lock")
    assert kinds == [".archive", ".snapshot"]

    for question in (OTHER, QUESTION):
        report = keydiff.report(*words, question, **USUAL)
        assert report["tokens"]["reused"] == report["tokens"]["document"]
        assert 0 < report["recall"]["tokens"] <= 96  # three quarters of what is kept
        assert report["recall"]["seconds"] > 0
        looks = report["second_look"]
        assert {look["document"] for look in looks} == {"story.txt"}
        assert {look["by"] for look in looks} <= {"words", "attention", "both"}
        assert 1 in [look["lines"][0] for look in looks]
        assert sum(look["tokens"] for look in looks) <= 256
    assert report["answer"] == first["answer"]
    plain = keydiff.report("--no-recall", "--no-second-look", *words, QUESTION, **USUAL)
    assert (plain["recall"]["tokens"], plain["second_look"]) == (0, [])
    assert plain["tokens"]["reused"] == plain["tokens"]["document"]
