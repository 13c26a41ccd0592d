"""``keydiff ask`` of what was read before: when a snapshot is taken up, and when it is not."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import Result, story
from report_helpers import parse
from snapshot_commands import Keydiff

BOUNDS = ("--budget", 128, "--block", 64)
SHORT = (*BOUNDS, "--max-tokens", 6)
FOCUS = ("--policy", "focus")
QUESTION = "What is the secret password?"
OTHER = "What was painted?"


def batches(result: Result) -> int:
    """Batches that llama.cpp was given, which it logs."""
    return result.err.count("set_abort_callback")


@pytest.fixture(scope="module")
def read_before(
    tiny_path: Path, models_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Keydiff, Path, dict[str, Any], dict[str, Any]]:
    """A document that was read for a question and by ``keydiff``, and the reports of both."""
    folder = tmp_path_factory.mktemp("read-before")
    keydiff, document = Keydiff(models_folder, tiny_path, folder / "cache"), folder / "story.txt"
    document.write_text(story())
    result = keydiff("ask", "--json", "--verbose", *FOCUS, *SHORT, document, QUESTION)
    focused = dict(parse(result))
    assert batches(result) >= focused["tokens"]["document"] // 64
    blind = keydiff.report("--policy", "keydiff", *SHORT, document, QUESTION)
    assert focused["tokens"]["reused"] == blind["tokens"]["reused"] == 0
    assert len(keydiff.snapshots()) == 2
    return keydiff, document, focused, blind


@pytest.fixture
def keydiff(read_before: tuple[Keydiff, Path, Any, Any], tmp_path: Path) -> Keydiff:
    """The command, with what was kept of the document."""
    shutil.copytree(read_before[0].cache, tmp_path / "cache")
    return replace(read_before[0], cache=tmp_path / "cache")


@pytest.fixture
def anew(read_before: tuple[Keydiff, Path, Any, Any], tmp_path: Path) -> Keydiff:
    """The command, with nothing kept."""
    return replace(read_before[0], cache=tmp_path / "cache")


@pytest.fixture
def document(read_before: tuple[Keydiff, Path, Any, Any], tmp_path: Path) -> Path:
    return Path(shutil.copy(read_before[1], tmp_path))


@pytest.fixture(scope="module")
def focused(read_before: tuple[Any, Any, dict[str, Any], Any]) -> dict[str, Any]:
    """The report of the reading for the question."""
    return read_before[2]


@pytest.fixture(scope="module")
def blind(read_before: tuple[Any, Any, Any, dict[str, Any]]) -> dict[str, Any]:
    """The report of the reading by ``keydiff``."""
    return read_before[3]


def test_the_same_question_is_answered_without_reading(
    keydiff: Keydiff, document: Path, focused: dict[str, Any]
) -> None:
    result = keydiff("ask", "--verbose", *FOCUS, *SHORT, document, QUESTION)
    assert result.status == 0
    assert result.out.strip() == focused["answer"].strip()
    assert batches(result) <= 12  # of which one is the question, and 5 are tokens of the answer
    again = keydiff.report(*FOCUS, *SHORT, document, QUESTION)
    tokens = again["tokens"]
    assert tokens["reused"] == tokens["document"] == focused["tokens"]["document"]
    assert tokens["kept"] == focused["tokens"]["kept"]
    assert again["answer"] == focused["answer"]
    assert again["documents"] == focused["documents"]
    assert len(keydiff.snapshots()) == 2


@pytest.mark.parametrize(
    "words",
    [
        ("--no-cache",), ("--policy", "window"), ("--budget", 300), ("--block", 32),
        ("--kv-type", "q8_0"), ("--system", "Be brief."),
    ],
    ids=lambda words: words[0],
)  # fmt: skip
def test_with_another_setting_it_is_read_again(
    words: tuple[object, ...], keydiff: Keydiff, document: Path
) -> None:
    usual = (*BOUNDS, "--policy", "keydiff", "--max-tokens", 1)
    report = keydiff.report(*usual, *words, document, QUESTION)
    assert report["tokens"]["reused"] == 0


def test_what_was_read_for_another_question_is_read_again(keydiff: Keydiff, document: Path) -> None:
    assert keydiff.report(*FOCUS, *SHORT, document, OTHER)["tokens"]["reused"] == 0


def test_of_a_document_that_grew_the_new_part_is_read(
    keydiff: Keydiff, document: Path, blind: dict[str, Any]
) -> None:
    words = ("--policy", "keydiff", *BOUNDS, "--max-tokens", 1, document, QUESTION)
    with document.open("a") as file:
        file.write("The lamp of the lighthouse was lit again in the autumn.\n" * 5)
    grown = keydiff.report(*words)
    assert grown["tokens"]["reused"] == blind["tokens"]["document"]
    assert grown["tokens"]["document"] > blind["tokens"]["document"]
    document.write_text("A new beginning.\n" + document.read_text())
    assert keydiff.report(*words)["tokens"]["reused"] == 0


def test_a_short_document_is_taken_up_whatever_the_budget(anew: Keydiff, document: Path) -> None:
    """Nothing was evicted, so a budget or a cap makes no difference, and no cells are added."""
    words = ("--block", 64, "--max-tokens", 4, "--policy", "keydiff")
    document.write_text(story(lines=10))
    first = anew.report(*words, document, QUESTION)
    assert first["tokens"]["kept"] == first["tokens"]["document"]
    for bound in (("--budget", 2000), ("--memory", "4GB")):
        again = anew.report(*words, *bound, document, QUESTION)
        assert again["tokens"]["reused"] == again["tokens"]["document"]
        assert again["cache"]["cells"] == first["cache"]["cells"]
        assert again["answer"] == first["answer"]


def test_where_nothing_is_evicted_any_policy_takes_it_up(anew: Keydiff, document: Path) -> None:
    """And the next question is answered at once; a pyramid evicts from its last layers first."""
    document.write_text(story(lines=10))
    words = ("--block", 64, "--max-tokens", 4, document)
    first = anew.report(*FOCUS, *words, QUESTION)
    read = first["tokens"]["document"]
    assert (first["cache"]["policy"], first["tokens"]["kept"]) == ("focus", read)
    other = anew.report(*FOCUS, *words, OTHER)
    alone = anew.report("--no-cache", *FOCUS, *words, OTHER)
    assert other["tokens"]["reused"] == read
    assert other["cache"]["policy"] == "focus"
    assert (other["answer"], other["certainty"]) == (alone["answer"], alone["certainty"])
    for policy, budget, reused in (
        ("window", read, read), ("full", 0, read), ("pyramid", 2 * read, read),
        ("pyramid", read, 0), ("pyramid", 2 * read + 64, read), ("h2o", read, 0),
    ):  # fmt: skip
        bound = ("--budget", budget) if budget else ()
        report = anew.report("--policy", policy, *bound, *words, QUESTION)
        assert report["tokens"]["reused"] == reused, (policy, budget)
    assert len(anew.snapshots()) == 3


def test_a_pipe_is_taken_up_too(anew: Keydiff) -> None:
    text = story().encode()
    words = ("--policy", "keydiff", *SHORT, QUESTION)
    first, again = (anew.report(*words, stdin=text) for _ in range(2))
    assert first["tokens"]["reused"] == 0
    assert again["tokens"]["reused"] == again["tokens"]["document"] > 0
    assert again["answer"] == first["answer"]


def test_a_damaged_snapshot_is_read_again(
    keydiff: Keydiff, document: Path, blind: dict[str, Any]
) -> None:
    for path in keydiff.snapshots():
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    words = ("--policy", "keydiff", *SHORT, document, QUESTION)
    report = keydiff.report(*words)
    assert any("cannot be used: its checksum does not match" in text for text in report["warnings"])
    assert report["tokens"]["reused"] == 0
    assert report["answer"] == blind["answer"]
    assert keydiff.report(*words)["tokens"]["reused"] > 0


def test_a_folder_that_cannot_be_written_is_warned_about(
    anew: Keydiff, document: Path, tmp_path: Path, blind: dict[str, Any]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    words = ("ask", "--policy", "keydiff", *SHORT, document, QUESTION)
    result = anew(*words, KEYDIFF_CACHE_DIR=str(blocked / "cache"))
    assert result.status == 0
    assert result.out.strip() == blind["answer"].strip()
    assert len([text for text in result.warnings if "cannot be kept" in text]) == 1
