"""The budget that follows from documents, memory and settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import pytest
from fake_model import FakeModel

from keydiff_cli.errors import MemoryCapError
from keydiff_cli.llama import Model
from keydiff_cli.planning.footprint import Footprint
from keydiff_cli.planning.planner import Planner
from keydiff_cli.policies import find_policy
from keydiff_cli.settings.config import Settings

CELL = 40_000
FIXED = 100 * 10**6
NEEDED = Footprint(0, FIXED, 0, CELL, 0, 0, 0)
HEAD = 40
FILLING = 2904  # a budget for which no cell is left over by rounding; so is one of 856
LEFT_OVER = 12 * 10**6


@dataclass
class Text:
    """Documents of some tokens, and how many of them were read."""

    tokens: int
    read: int = 0

    def read_to(self, count: int) -> int:
        self.read = max(self.read, min(count, self.tokens))
        return self.read


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keydiff_cli.planning.planner.measure", lambda model, **_: NEEDED)
    monkeypatch.setattr("keydiff_cli.system.machine.usable_memory", lambda: 10**9)


def planner(
    policy: str = "keydiff-prerope",
    *,
    window: int = 0,
    question: int | None = None,
    talk: bool = False,
    **changes: object,
) -> Planner:
    model = FakeModel()
    model.window = window
    settings = replace(Settings(), **changes)  # type: ignore[arg-type]
    chosen, after = find_policy(policy), {"question": question, "talk": talk}
    return Planner(cast(Model, model), settings, chosen, head=HEAD, **after)  # type: ignore[arg-type]


def bytes_for(budget: int) -> int:
    """What a budget takes, with the room that the settings give by default."""
    return planner(budget=budget).plan().total


@pytest.mark.parametrize("policy", ["keydiff-prerope", "focus", "h2o"])
@pytest.mark.parametrize(
    ("tokens", "kept", "budget"),
    [
        (100, 256, 4096),  # no plan is for less
        (1024, 1024, 4096),
        (1025, 1025, 4096),
        (4096, 4096, 4096),
        (4097, 1024, 1024),
        (10**6, 1024, 1024),
    ],
)
def test_short_documents_stay_whole(policy: str, tokens: int, kept: int, budget: int) -> None:
    text = Text(tokens)
    fit = planner(policy).fit(text.read_to)
    assert (fit.plan.budget, fit.budget) == (kept, budget)
    assert fit.least == kept, "what evicted anything of it is not gone on from"
    assert fit.most == 4096, "a text that has grown may have been whole"
    assert text.read <= 4097, "more was read than it takes to tell"


@pytest.mark.parametrize("budget", [300, 1024, 2000, 8192])
def test_a_budget_that_was_asked_for_holds_for_every_document(budget: int) -> None:
    for tokens in (3000, 10_000):
        fit = planner(budget=budget).fit(Text(tokens).read_to)
        assert fit.plan.budget == min(budget, tokens)
        assert fit.budget == fit.least == fit.most == budget


def test_a_budget_has_to_fit_a_cap_only_as_far_as_the_document_needs_it() -> None:
    asked = planner(budget=10**6, memory=bytes_for(3000))
    assert asked.fit(Text(3000).read_to).plan.budget == 3000
    for tokens in (5000, 10**7):
        with pytest.raises(MemoryCapError):
            asked.fit(Text(tokens).read_to)


def test_what_the_machine_has_not_free_is_not_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    for budget, kept in ((4096, 4096), (FILLING, FILLING), (856, 1024), (280, 1024)):
        free = bytes_for(budget) + LEFT_OVER
        monkeypatch.setattr("keydiff_cli.system.machine.usable_memory", lambda free=free: free)
        assert planner().longest_whole == kept
        assert planner().fit(Text(kept).read_to).plan.budget == kept
        longer = planner().fit(Text(kept + 1).read_to)
        assert longer.plan.budget == longer.least == 1024, "which may be more than is free"
        assert longer.most >= max(budget, 1024), "nothing has to be left over then"


@pytest.mark.parametrize("question", [None, 20])
def test_under_a_cap_a_document_stays_whole_that_fits_it_with_some_left_over(
    question: int | None,
) -> None:
    cap = bytes_for(FILLING) + LEFT_OVER
    for tokens, kept in ((FILLING, FILLING), (FILLING + 1, 1024)):
        fit = planner(memory=cap, question=question).fit(Text(tokens).read_to)
        assert fit.plan.budget == kept
        assert fit.plan.total <= cap
        assert fit.least == (FILLING if tokens == FILLING else 0)
        assert fit.most >= FILLING + 256  # cells of less than 12 MB
        assert planner(memory=cap, question=question).plan(fit.most).total <= cap


def test_a_cap_below_the_usual_budget_is_that_of_every_document() -> None:
    for tokens in (900, 3000, 10_000):
        fit = planner(memory=bytes_for(856) + LEFT_OVER).fit(Text(tokens).read_to)
        assert fit.plan.budget == 856
        assert fit.most == 856 + 256


@pytest.mark.parametrize("cell", [2_000, 34_000, 140_000])
@pytest.mark.parametrize("conversation", [768, 4096])
@pytest.mark.parametrize("budget", [256, 300, 600, 856, 1500, 3000])
def test_under_a_cap_every_command_keeps_as_much(
    monkeypatch: pytest.MonkeyPatch, cell: int, conversation: int, budget: int
) -> None:
    """Though some need more room beside it, and the process is larger in some."""
    needed = replace(NEEDED, kv_cell=cell)
    monkeypatch.setattr("keydiff_cli.planning.planner.measure", lambda model, **_: needed)
    talk = {"conversation": conversation}
    cap = planner(budget=budget, **talk).plan().total + LEFT_OVER
    ask, read, chat = (
        planner(memory=cap, **command, **talk)  # type: ignore[arg-type]
        for command in ({"question": 20}, {"talk": True}, {"talk": True})
    )
    chat.footprint = replace(needed, process=LEFT_OVER)
    assert ask.budget == read.budget >= min(budget, 1024)
    assert ask.longest_whole == read.longest_whole >= budget
    for tokens in (300, 700, budget, budget + 1, 5000):
        one, other, third = (command.fit(Text(tokens).read_to) for command in (ask, read, chat))
        assert one.budget == other.budget
        assert one.plan.budget == other.plan.budget <= third.most
        for fit in (one, other, third):
            assert fit.plan.total <= cap


def test_layers_of_different_budgets_evict_unless_the_smallest_one_has_room() -> None:
    """The last layer keeps a half of what is kept on average."""
    assert planner("pyramid").longest_whole == 512
    for tokens in (300, 512, 513, 3000):
        fit = planner("pyramid").fit(Text(tokens).read_to)
        assert fit.plan.budget == fit.budget == fit.least == fit.most == 1024


def test_the_full_cache_is_not_held_to_it() -> None:
    fit = planner("full").fit(Text(9000).read_to)
    assert fit.plan.budget == 9000


def test_a_window_larger_than_the_usual_budget_is_the_smallest() -> None:
    assert planner(window=2048).fit(Text(10_000).read_to).plan.budget == 2048
    assert planner(window=2048).fit(Text(3000).read_to).plan.budget == 3000


@pytest.mark.parametrize(
    ("policy", "positions", "moves"),
    [("keydiff", "capped", True), ("keydiff", "counted", False), ("full", "capped", False)],
)
def test_rows_are_planned_to_move_where_some_are_evicted(
    policy: str, positions: str, moves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, object]] = []

    def measured(_: object, **options: object) -> Footprint:
        asked.append(options)
        return NEEDED

    monkeypatch.setattr("keydiff_cli.planning.planner.measure", measured)
    planner(policy, positions=positions, cache=False)
    assert [(options["move"], options["keep"]) for options in asked] == [(moves, False)]
