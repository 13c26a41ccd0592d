"""What an earlier reading has left: which of it is taken up, and how reading goes on from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_model import FakeLlama, FakeModel
from fake_store import Shelf

from keydiff_cli.cache import Pin
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Events
from keydiff_cli.settings.config import Settings


class Notes(Events):
    """What the user is told, but that a budget is larger than the document."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        if "asked for" not in text:
            self.notes.append(text)


Read = Callable[..., Reader]


@pytest.fixture
def shelf(
    fake: FakeLlama, settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch
) -> Shelf:
    with Reader(replace(settings, budget=4000)) as reader:
        reader.read([document])
        head = fake.cache.used - reader.report.tokens.document
    shelf = Shelf(fake.cache.kept, head)
    monkeypatch.setattr("keydiff_cli.reading.resume.find_beginning", shelf.find)
    monkeypatch.setattr("keydiff_cli.reading.by_blocks.Keeper", shelf.keeper)
    return shelf


@pytest.fixture
def told() -> Notes:
    return Notes()


@pytest.fixture
def read(settings: Settings, document: Path, told: Notes, tmp_path: Path) -> Read:
    def read(question: str | None = None, **changes: Any) -> Reader:
        reader = Reader(replace(settings, **{"cache": True, **changes}), told)
        reader.read([document], question=question)
        return reader

    return read


def policies(shelf: Shelf) -> list[str]:
    return [key.policy for key, *_ in shelf.asked]


def test_without_a_store_nothing_is_looked_for(shelf: Shelf, read: Read) -> None:
    assert read(cache=False).report.tokens.reused == 0
    assert shelf.asked == []


def test_all_of_it_is_taken_up(shelf: Shelf, read: Read, fake: FakeLlama, told: Notes) -> None:
    everything = len(shelf.rows) - shelf.head
    shelf.left = {"keydiff-prerope": (everything, True)}
    reader = read(budget=4000)
    tokens = reader.report.tokens
    assert tokens.document == tokens.reused == tokens.kept == everything
    assert told.notes == ["read before: all of it"]
    assert fake.cache.batches == []
    assert fake.cache.pinned == [Pin(0, len(shelf.rows), len(shelf.rows))]
    assert reader.held.intact
    (beginning,) = shelf.given
    (keeper,) = shelf.keepers
    assert keeper.beginning is beginning
    assert keeper.finished == [everything]
    assert reader.ask("Why?") == "Why?"
    reader.close()
    assert beginning.closed


def test_reading_goes_on_behind_a_beginning(
    shelf: Shelf, read: Read, fake: FakeLlama, told: Notes
) -> None:
    everything = len(shelf.rows) - shelf.head
    shelf.left = {"keydiff-prerope": (100, False)}
    reader = read(budget=4000)
    tokens = reader.report.tokens
    assert (tokens.document, tokens.reused, tokens.kept) == (everything, 100, everything)
    assert told.notes == ["read before: the first 100 tokens"]
    assert fake.cache.kept == shelf.rows
    assert fake.cache.batches[:2] == [64, 64]  # and not the head once more
    assert sum(fake.cache.batches) == everything - 100
    assert shelf.keepers[0].finished == [everything]


def test_a_damaged_beginning_is_read_again(
    shelf: Shelf, read: Read, fake: FakeLlama, told: Notes
) -> None:
    shelf.left, shelf.damaged = {"keydiff-prerope": (100, False)}, True
    reader = read(budget=4000)
    assert shelf.given[0].loaded
    assert reader.report.tokens.reused == 0
    assert told.notes == []
    assert fake.cache.kept == shelf.rows
    assert shelf.keepers[0].beginning is None


def test_what_was_read_for_the_same_question_is_taken_up(
    shelf: Shelf, read: Read, told: Notes
) -> None:
    everything = len(shelf.rows) - shelf.head
    shelf.left = {"focus": (100, False), "keydiff-prerope": (everything, True)}
    reader = read("Why?", policy="focus", budget=4000)
    assert policies(shelf) == ["focus"]
    assert reader.report.tokens.reused == 100
    assert told.notes == ["read before: the first 100 tokens"]


@pytest.mark.parametrize("policy", ["focus", "keydiff", "full", "h2o"])
def test_a_policy_that_was_asked_for_is_the_only_one(shelf: Shelf, read: Read, policy: str) -> None:
    read("Why?", policy=policy)
    assert policies(shelf) == [policy]


def test_where_rotations_are_out_of_reach_policies_without_them_are_looked_for(
    shelf: Shelf, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = "keydiff_cli.reading.preparation.knows_rotations"
    monkeypatch.setattr(place, lambda model, kv_type: False)
    read("Why?", policy="focus")
    read("Why?")
    assert policies(shelf) == ["focus:prerope=0", "keydiff"]


def test_the_key_says_what_the_result_depends_on(shelf: Shelf, read: Read) -> None:
    read("Why?", policy="focus")
    read("Where?", policy="focus")
    read()
    read(policy="full")
    read(memory=114 * 10**6, budget=None)
    (why, *_), (where, *_), (blind, *_), (full, *_), (capped, *_) = shelf.asked
    assert why.model == "0" * 64
    assert why.question != where.question
    assert None not in (why.question, where.question)
    assert replace(why, question=None) == replace(where, question=None)
    assert blind.question is None
    assert (why.budget, why.memory, full.budget, full.memory) == (256, None, 0, None)
    assert capped.memory == 114 * 10**6
    assert capped.budget > 256
    assert len({key.head for key, *_ in shelf.asked}) == 1


def test_any_budget_of_the_same_cap_will_do_but_one_that_is_asked_for_has_to_agree(
    shelf: Shelf, read: Read
) -> None:
    read()
    read(memory=114 * 10**6, budget=None)
    read(policy="h2o")
    tokens = read(budget=None).report.tokens.document
    (_, *fixed), (key, *capped), (_, *remembering), (_, *free) = shelf.asked
    assert fixed == [256, 256, 256]
    room, least, most = capped
    assert least == 0
    assert key.budget < most == room
    assert free == [4096, tokens, 4096]
    assert remembering == [0, 256, 256]  # it remembers more of the tokens than the cache shows


@pytest.mark.parametrize("longer", [False, True])
def test_under_the_same_cap_a_larger_budget_is_planned_for_unless_it_changes_the_rotation(
    shelf: Shelf, read: Read, monkeypatch: pytest.MonkeyPatch, longer: bool
) -> None:
    read(memory=115 * 10**6, budget=None)
    (asked, _, _, most) = shelf.asked[0]
    assert shelf.keepers[-1].key == asked
    shelf.left, shelf.budget = {"keydiff-prerope": (100, False)}, most
    if longer:  # as of LongRoPE, where the number of cells decides
        monkeypatch.setattr(FakeModel, "longest_text", lambda model, cells: cells)
    reader = read(memory=115 * 10**6, budget=None)
    cache = reader.report.cache
    assert cache is not None
    assert cache.budget == (asked.budget if longer else most)
    assert shelf.keepers[-1].key.budget == (asked.budget if longer else most)
    assert asked.budget < most
    assert reader.report.tokens.reused == (0 if longer else 100)
    assert bool(shelf.given[0].closed) == longer  # else it is closed when it was taken up
    assert shelf.given[0].loaded == (not longer)


def test_reading_goes_on_by_the_smaller_budget_of_its_beginning(shelf: Shelf, read: Read) -> None:
    shelf.left, shelf.budget = {"keydiff-prerope": (100, False)}, 300
    reader = read(memory=114 * 10**6, budget=None)
    assert (reader.report.tokens.reused, reader.report.tokens.kept) == (100, 300)
    assert shelf.keepers[-1].key.budget == 300


def test_a_beginning_by_a_policy_out_of_reach_is_left(
    shelf: Shelf, read: Read, fake: FakeLlama
) -> None:
    """That it is out of reach is found out when the cache is there."""
    shelf.left = {"focus": (100, False)}
    fake.change = lambda cache: setattr(cache, "rotations_shown", False)
    reader = read("Why?", policy="focus")
    (beginning,) = shelf.given
    assert beginning.closed
    assert not beginning.loaded
    assert reader.report.cache is not None
    assert reader.report.cache.policy == "focus:prerope=0"
    assert reader.report.tokens.reused == 0
    (keeper,) = shelf.keepers
    assert (keeper.key.policy, keeper.beginning) == ("focus:prerope=0", None)
    assert keeper.key.question == shelf.asked[0][0].question


@pytest.mark.parametrize(("policy", "shareable"), [("keydiff", True), ("h2o", False)])
def test_a_snapshot_serves_other_policies_unless_more_is_remembered(
    shelf: Shelf, read: Read, policy: str, shareable: bool
) -> None:
    read(policy=policy)
    assert shelf.keepers[0].shareable is shareable
