"""Everything of a kind: each part is asked once, and what they list is one list with places."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from archived_readings import same, settings_for, state, write

from keydiff_cli.errors import UsageError
from keydiff_cli.reading.in_view import InView
from keydiff_cli.reading.judging import Judge
from keydiff_cli.reading.reader import Reader
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.conversation import Conversation
from keydiff_cli.text.passages import Passage
from keydiff_cli.text.places import Place, PlacedSentence

QUESTION = "list all fees"
FIRST, SECOND = "The first fee is 50 euros.", "The second fee is 70 euros."
TEXT = "\n".join(" ".join([line] * 24) for line in (FIRST, SECOND, FIRST))


@pytest.fixture
def settings(tiny_path: Path, tmp_path: Path) -> Settings:
    return replace(settings_for(tiny_path, tmp_path), conversation=1024)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return write(tmp_path)


class Says:
    """Leans to yes in place of a model, by a text; knows which texts were asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, is_any: Callable[[str], bool]) -> None:
        self.asked: list[str] = []

        def has(view: InView, part: Passage) -> bool:
            text = view._held.corpus.text(part.start, part.stop)
            self.asked.append(text)
            return is_any(text)

        def has_any(_: Judge, view: InView, part: Passage) -> bool:
            return has(view, part)

        def likely(_: Judge, view: InView, statement: Passage, text: str) -> float:
            return float(has(view, statement))

        monkeypatch.setattr(Judge, "has_any", has_any)
        monkeypatch.setattr(Judge, "likely", likely)


def fees(text: str) -> bool:
    """Whether a text has a fee."""
    return "fee is" in text


def test_a_part_is_asked_once_and_an_item_listed_once_with_its_places(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = tmp_path / "fees.txt"
    document.write_text(TEXT)
    said = Says(monkeypatch, fees)
    with Reader(settings) as reader:
        reader.read([document])
        items = list(reader.each(QUESTION))
        assert [item.text for item in items] == [FIRST, SECOND]
        line = [Place("fees.txt", None, (number, number)) for number in (1, 2, 3)]
        assert [item.places for item in items] == [(line[0],), (line[1],)]
        assert [item.places for item in reader.report.sentences] == [(line[0], line[2]), (line[1],)]
        assert reader.report.answer == f"- {FIRST} [line 1]\n- {SECOND} [line 2]"
    asked = list(said.asked)
    with Reader(settings) as reader:
        reader.read([document])
        assert list(reader.each(QUESTION)) == items
        assert said.asked == asked
        list(reader.each("list all fines"))
        assert said.asked == 2 * asked


@pytest.mark.parametrize(
    "damaged",
    ["x", "nan", "inf", "1.000", " ", None],
    ids=["no number", "not a number", "infinite", "one for many", "blank", "nothing"],
)
def test_a_part_is_asked_again_once_where_what_it_said_is_damaged(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damaged: str | None
) -> None:
    """In the file beside the snapshot, the record of the first part."""
    document = tmp_path / "fees.txt"
    document.write_text(TEXT)
    said = Says(monkeypatch, fees)

    def listed() -> list[PlacedSentence]:
        with Reader(settings) as reader:
            reader.read([document])
            return list(reader.each(QUESTION))

    items, asked = listed(), list(said.asked)
    [path] = tmp_path.rglob("*.notes")
    first, *rest = [json.loads(line) for line in path.read_text().split("\n") if line]
    if damaged is None:
        del first["text"]
    else:
        many = first["text"].split()
        first["text"] = damaged if damaged in ("1.000", " ") else " ".join([damaged, *many[1:]])
    path.write_text("\n".join(json.dumps(record) for record in (first, *rest)))
    assert listed() == items
    again = said.asked[len(asked) :]
    assert again == asked[: len(again)] != []
    assert len(again) < len(asked), "the first part alone"
    assert listed() == items
    assert len(said.asked) == len(asked) + len(again), "what it said the second time is kept"


def test_what_was_found_when_it_was_stopped_is_kept(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = tmp_path / "fees.txt"
    document.write_text(TEXT)
    said = Says(monkeypatch, fees)
    with Reader(settings) as reader:
        reader.read([document])
        items = reader.each(QUESTION)
        first = next(items)
        items.close()  # type: ignore[attr-defined]
        asked = len(said.asked)
        report = reader.report
        assert (report.stop_reason, report.sentences) == ("interrupted", (first,))
        assert next(reader.each(QUESTION)) == first
        assert len(said.asked) == asked


def test_only_parts_that_may_have_some_are_asked_of_each_statement(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = tmp_path / "fees.txt"
    document.write_text("\n".join(["It rained on the quay. " * 90, FIRST, "It was cold there."]))
    said = Says(monkeypatch, fees)
    with Reader(settings) as reader:
        reader.read([document])
        assert [item.text for item in reader.each(QUESTION)] == [FIRST]
    lines = [text for text in said.asked if "rained" not in text]
    assert lines[1:] == [FIRST, "It was cold there."]
    assert len(said.asked) < 20, "statements of parts with rain alone were asked"


def test_where_no_part_has_any_it_says_so(
    settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Says(monkeypatch, lambda _: False)
    with Reader(settings) as reader:
        reader.read([document])
        assert list(reader.each(QUESTION)) == []
        assert reader.report.answer == "None found."
        assert reader.report.stop_reason == "eos"


def test_of_several_documents_the_place_has_a_name(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / "one.txt", tmp_path / "two.txt"]
    for number, path in enumerate(paths):
        path.write_text(f"The fee is {number + 50} euros.")
    Says(monkeypatch, fees)
    with Reader(settings) as reader:
        reader.read(paths)
        list(reader.each(QUESTION))
        answer = reader.report.answer
    assert "[one.txt, line 1]" in answer
    assert "[two.txt, line 1]" in answer


@pytest.mark.parametrize(
    ("changes", "question", "each"),
    [
        ({}, QUESTION, True),
        ({}, "What is the fee?", False),
        ({"each": "on"}, "What is the fee?", True),
        ({"each": "off"}, QUESTION, False),
        ({"archive": "off"}, QUESTION, False),
        ({"archive": "off", "each": "on"}, QUESTION, True),
        ({"budget": 4096}, QUESTION, False),
        ({"budget": 4096, "each": "on"}, QUESTION, True),
    ],
)
def test_a_question_is_put_to_every_part_by_its_wording_or_when_it_is_wanted(
    settings: Settings,
    document: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, object],
    question: str,
    each: bool,
) -> None:
    said = Says(monkeypatch, lambda _: False)
    with Reader(replace(settings, **changes)) as reader:  # type: ignore[arg-type]
        reader.read([document])
        before = state(reader)
        answer = reader.ask(question)
        same(before, state(reader))
    assert bool(said.asked) == each
    assert (answer == "None found.") == each


def test_a_model_is_asked_and_the_cache_is_as_it_was(settings: Settings, document: Path) -> None:
    """By a tiny model, which says nothing of sense."""
    with Reader(settings) as reader:
        reader.read([document])
        before, answer = state(reader), reader.ask("What is it?")
        items = reader.each(QUESTION)
        for _ in items:
            with pytest.raises(UsageError, match="still being put together"):
                reader.ask("What is it?")
            break
        items.close()  # type: ignore[attr-defined]
        same(before, state(reader))
        list(reader.each(QUESTION))
        same(before, state(reader))
        (covered,) = reader.report.coverage
        assert covered.looked == covered.tokens
        assert reader.ask("What is it?") == answer
        assert reader.report.coverage[0].looked < covered.tokens


def test_only_what_was_read_and_nothing_more_can_be_asked(
    settings: Settings, document: Path
) -> None:
    with Reader(settings) as reader:
        with pytest.raises(UsageError, match="nothing to ask about"):
            next(reader.each(QUESTION))
        reader.read([document], stepwise=True)
        with pytest.raises(UsageError, match="there is more to read before it can be asked about"):
            next(reader.each(QUESTION))
        reader.read([document], quick=True)
        with pytest.raises(UsageError, match="were searched, not read"):
            next(reader.each(QUESTION))


def test_in_a_conversation_a_list_is_an_answer_like_any_other(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = tmp_path / "fees.txt"
    document.write_text(TEXT)
    Says(monkeypatch, fees)
    with Reader(replace(settings, cite=True)) as reader:
        reader.read([document])
        conversation = Conversation(reader)
        answer = "".join(conversation.say(QUESTION))
        assert answer == f"- {FIRST} [line 1]\n- {SECOND} [line 2]"
        assert reader.report.citations == (), "it has its places"
        "".join(conversation.say("What is it?"))
        assert [turn.question for turn in conversation.turns] == [QUESTION, "What is it?"]
        assert conversation.turns[0].answer == answer
        assert "".join(conversation.say(QUESTION)) == answer
