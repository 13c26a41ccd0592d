"""Inquiries, one after another, on a model whose answers say which questions the cache holds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import story
from fake_model import FakeLlama

from keydiff_cli.errors import DocumentError, UsageError
from keydiff_cli.llama import stopped_by
from keydiff_cli.report import Turn
from keydiff_cli.settings.config import Settings
from keydiff_cli.shapes import Choices
from keydiff_cli.talk.inquiries import Inquiry, InquiryDesk


@pytest.fixture
def desk(fake: FakeLlama, settings: Settings) -> Iterator[InquiryDesk]:
    desk = InquiryDesk(settings)
    yield desk
    desk.close()


@pytest.fixture
def ask(desk: InquiryDesk, settings: Settings, document: Path) -> Any:
    """Asks about the document, or others, after turns, by other settings."""

    def ask(question: str, *turns: tuple[str, str], files: Any = None, **more: Any) -> str:
        asked = Inquiry(
            question,
            [str(document)] if files is None else files,
            [Turn(*turn, "eos") for turn in turns],
            replace(settings, **more),
        )
        return "".join(desk.answer(asked))

    return ask


def test_documents_are_read_once(ask: Any, desk: InquiryDesk, fake: FakeLlama) -> None:
    assert ask("One?") == "One?"
    read = desk.spent
    assert ask("Two?", temperature=0.5, seed=3, max_tokens=99) == "Two?"
    assert len(fake.caches) == 1
    assert read.read > 0 and read.known == 0
    assert (desk.spent.read, desk.spent.known) == (0, read.read)
    assert desk.spent.prompt == read.prompt
    assert desk.spent.generated == len("Two?")


def test_other_documents_and_another_system_prompt_are_read(
    ask: Any, fake: FakeLlama, more: str
) -> None:
    assert ask("One?") == "One?"
    assert ask("Two?", files=[more]) == "Two?"
    assert ask("Three?", files=[]) == "Three?"
    assert ask("Four?", system="Be kind.") == "Four?"
    assert len(fake.caches) == 4


def test_a_file_that_has_changed_is_read_again(ask: Any, fake: FakeLlama, document: Path) -> None:
    ask("One?")
    document.write_text("Quite another text.\n")
    ask("One?")
    assert len(fake.caches) == 2


def test_what_was_said_goes_before_the_question(ask: Any, fake: FakeLlama) -> None:
    one, two = ("One?", "One?"), ("Two?", "One? Two?")
    assert ask("Two?", one) == "One? Two?"
    assert ask("Three?", one, two) == "One? Two? Three?"
    cache = fake.cache
    before = cache.tokens
    assert ask("Other?", one) == "One? Other?"
    assert cache.tokens < before
    assert ask("Alone?") == "Alone?"
    assert len(fake.caches) == 1


def test_a_conversation_that_goes_on_goes_through_the_model_once(
    ask: Any, desk: InquiryDesk, fake: FakeLlama, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = ask("One?")
    run: list[int] = []
    real = fake.cache.append

    def append(tokens: Any, **more: Any) -> None:
        run.append(len(tokens))
        real(tokens, **more)

    monkeypatch.setattr(fake.cache, "append", append)
    ask("Two?", ("One?", answer))
    going_on = sum(run)
    run.clear()
    ask("Two?", ("One?", "No."))
    assert sum(run) > going_on
    assert desk.spent.prompt > sum(run)


def test_an_answer_is_data_after_turns_too(tiny_path: Path, tmp_path: Path) -> None:
    settings = Settings(model=str(tiny_path), cache_dir=str(tmp_path), threads=1)
    path = tmp_path / "story.txt"
    path.write_text(story(lines=4))
    turns = [Turn("Is it old?", "Yes.", "eos")]
    desk = InquiryDesk(settings)
    try:
        shape = Choices.of(["black", "white"])
        answer = "".join(desk.answer(Inquiry("What colour?", [str(path)], turns, settings, shape)))
    finally:
        desk.close()
    assert desk.report.data == answer and answer in ("black", "white")


def test_what_fails_leaves_a_desk_that_answers(ask: Any, fake: FakeLlama, tmp_path: Path) -> None:
    assert ask("One?") == "One?"
    with pytest.raises(DocumentError):
        ask("Two?", files=[str(tmp_path / "none.txt")])
    with pytest.raises(UsageError, match="the question has"):
        ask("x" * 5000)
    assert ask("Three?") == "Three?"
    assert len(fake.caches) == 1


def test_reading_that_is_stopped_is_gone_on_with(
    ask: Any, desk: InquiryDesk, fake: FakeLlama, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, steps = threading.Event(), []
    real = desk._reader.step

    def step() -> bool:
        steps.append(desk.report.tokens.document)
        if len(steps) == 3:
            stop.set()
        return real()

    monkeypatch.setattr(desk._reader, "step", step)
    with stopped_by(stop), pytest.raises(KeyboardInterrupt):
        ask("One?")
    assert len(steps) == 3 and not stop.is_set()
    known = desk.report.tokens.document
    assert known > 0
    assert ask("One?") == "One?"
    assert len(fake.caches) == 1
    assert desk.spent.known == known and desk.spent.read > 0


def test_warnings_of_the_documents_come_with_each_answer(
    ask: Any, desk: InquiryDesk, tmp_path: Path
) -> None:
    path = tmp_path / "odd.txt"
    path.write_bytes(b"The door is \x00green. " * 30)
    ask("One?", files=[str(path)], max_tokens=2)
    first = desk.report.warnings
    ask("Two?", files=[str(path)])
    [stopped] = [text for text in first if text.startswith("the answer stopped after 2 tokens")]
    assert desk.report.warnings == tuple(text for text in first if text != stopped) != ()
    assert desk.report.timing_s.total > 0
