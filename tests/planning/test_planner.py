"""The budget that follows from documents, memory and settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import pytest
from fake_model import FakeModel

from keydiff_cli.llama import Model
from keydiff_cli.planning.footprint import Footprint
from keydiff_cli.planning.planner import Planner
from keydiff_cli.policies import find_policy
from keydiff_cli.settings.config import Settings

CELL = 10_000
FIXED = 100 * 10**6
NEEDED = Footprint(0, FIXED, 0, CELL, 0, 0, 0)
HEAD = 40
FILLING = 2904  # a budget for which no cell is left over by rounding; so is one of 856


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


def planner(policy: str = "keydiff-prerope", *, window: int = 0, **changes: object) -> Planner:
    model = FakeModel()
    model.window = window
    settings = replace(Settings(), **changes)  # type: ignore[arg-type]
    return Planner(cast(Model, model), settings, find_policy(policy), head=HEAD)


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
    plans, text = planner(policy), Text(tokens)
    assert plans.fit(text.read_to).budget == kept
    assert (plans.budget, plans.limit) == (budget, budget)
    assert text.read <= 4097, "more was read than it takes to tell"


@pytest.mark.parametrize("budget", [300, 1024, 2000, 8192])
def test_a_budget_that_was_asked_for_holds_for_every_document(budget: int) -> None:
    for tokens in (3000, 10_000):
        plans = planner(budget=budget)
        assert plans.fit(Text(tokens).read_to).budget == min(budget, tokens)
        assert plans.budget == budget


def test_what_the_machine_has_not_free_is_not_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    enough = bytes_for(4096)
    for free, kept in ((enough, 3000), (enough - 1, 1024)):
        monkeypatch.setattr("keydiff_cli.system.machine.usable_memory", lambda free=free: free)
        assert planner().longest_whole == (4096 if kept > 1024 else 1024)
        assert planner().fit(Text(3000).read_to).budget == kept


def test_under_a_cap_a_document_stays_whole_that_fits_it_with_a_sixteenth_to_spare() -> None:
    cap = bytes_for(FILLING)
    fitting = planner(memory=cap)
    longest = FILLING - FILLING // 16
    for tokens, kept in ((longest, longest), (longest + 1, 1024), (FILLING, 1024)):
        plans = planner(memory=cap)
        plan = plans.fit(Text(tokens).read_to)
        assert plan.budget == kept
        assert plan.total <= cap
        assert plans.limit == (FILLING if kept > 1024 else 1024)
    assert fitting.limit == 1024, "no document is known yet"


def test_a_cap_below_the_usual_budget_is_that_of_every_document() -> None:
    for tokens in (900, 3000, 10_000):
        plans = planner(memory=bytes_for(856))
        assert plans.fit(Text(tokens).read_to).budget == 856 - 856 // 16


def test_the_full_cache_is_not_held_to_it() -> None:
    assert planner("full").fit(Text(9000).read_to).budget == 9000


def test_a_window_larger_than_the_usual_budget_is_the_smallest() -> None:
    assert planner(window=2048).fit(Text(10_000).read_to).budget == 2048
    assert planner(window=2048).fit(Text(3000).read_to).budget == 3000
