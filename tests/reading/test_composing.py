"""Answers from notes: what the model is told beside the question, and how much it may say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from archived_readings import settings_for
from cli_helpers import story

from keydiff_cli.engine.answer import Answer
from keydiff_cli.reading.noting import Noting
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Note
from keydiff_cli.text.prompts import Asked


@pytest.mark.parametrize(
    ("documents", "question", "words"),
    [
        (1, "Summarize it.", 60),
        (2, "Summarize the documents.", 60),
        (2, "Compare the documents.", 120),
        (2, "What are these documents about?", None),
        (1, "What do they have in common?", None),
    ],
)
def test_what_the_model_says_of_the_whole_has_a_limit_of_words(
    tiny_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    documents: int,
    question: str,
    words: int | None,
) -> None:
    """Which it is told, and twice as many tokens."""
    paths = [tmp_path / f"{number}.txt" for number in range(documents)]
    for path in paths:
        path.write_text(story(lines=20))
    told: list[str] = []
    limits: list[int | None] = []

    def notes(_: Noting) -> Iterator[Note]:
        yield Note("0.txt", None, (1, 2), "It has 19 quays.", ())

    settings = settings_for(tiny_path, tmp_path)
    with Reader(replace(settings, second_look=256, conversation=1024)) as reader:
        reader.read(paths)
        tokens, answer = reader._tokens, reader.answer

        def heard(text: str, passages: str) -> Asked:
            told.append(text)
            return tokens(text, passages)

        def limited(*some: Any, most: int | None = None) -> Answer:
            limits.append(most)
            return answer(*some, most=4)

        monkeypatch.setattr(Noting, "notes", notes)
        monkeypatch.setattr(reader, "answer", limited)
        composed = reader.composed(question, heard)
        assert composed is not None
        assert "It has 19 quays." in "".join(reader.told(composed))
        assert all(each.looked == each.tokens for each in reader.report.coverage)
    assert limits == [words and 2 * words]
    manner = told[-1].removeprefix(question)
    if words is None:
        assert manner == ""
    else:
        assert manner.endswith(f" Answer in at most {words} words.")
        assert ("where they differ" in manner) == (documents > 1)
