"""``keydiff ask`` says where options of a summary have no effect, as there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_helpers import story
from report_helpers import parse
from snapshot_commands import Keydiff

WHOLE = "Summarize the document."
OTHER = "Which quay was painted?"
NOT_WHOLE = "the question is not about a document as a whole"


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_text(story(lines=13))
    return path


def no_effect(keydiff: Keydiff, *words: object, **more: str) -> list[str]:
    """What is warned of, as JSON has it and as stderr has it."""
    result = keydiff("ask", "--json", "--max-tokens", 4, "--budget", 256, *words, **more)
    assert parse(result)["warnings"] == result.warnings
    return [text for text in result.warnings if "no effect" in text]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--length", 50, OTHER), [f"--length has no effect: {NOT_WHOLE}"]),
        (
            ("--length", "short", "--format", "outline", OTHER),
            [f"--length and --format have no effect: {NOT_WHOLE}"],
        ),
        (("--format", "text", OTHER), []),
        (("--length", 50, "--budget", 4096, WHOLE), []),
        (
            ("--length", 50, WHOLE),
            [
                "--length has no effect: for notes each part would be read again, which --notes on "
                "allows"
            ],
        ),
        (
            ("--length", 50, "--notes", "off", WHOLE),
            ["--length has no effect: no notes are wanted"],
        ),
        (("--length", 50, "--each", WHOLE), ["--length has no effect: each part is asked"]),
    ],
)
def test_an_option_that_has_no_effect_is_named_with_the_reason(
    keydiff: Keydiff, document: Path, words: tuple[object, ...], expected: list[str]
) -> None:
    *options, question = words
    assert no_effect(keydiff, *options, document, question) == expected


def test_documents_that_are_searched_have_no_summary(keydiff: Keydiff, document: Path) -> None:
    words = ("--quick", "--length", 50, document, WHOLE)
    assert no_effect(keydiff, *words, KEYDIFF_SECOND_LOOK="256") == [
        "--length has no effect: the documents are searched, not read"
    ]


def test_a_setting_for_all_questions_may_have_no_effect_on_some(
    keydiff: Keydiff, document: Path
) -> None:
    assert no_effect(keydiff, document, OTHER, KEYDIFF_LENGTH="50") == []
