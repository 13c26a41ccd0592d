"""The memory plan: never above the cap, nothing of it wasted, and honest about what it needs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keydiff_cli.errors import MemoryCapError, UsageError
from keydiff_cli.planning.footprint import WORKING_BYTES, Footprint
from keydiff_cli.planning.memory import Plan, make_plan
from keydiff_cli.system.sizes import parse_size

steady = settings(derandomize=True, deadline=None, max_examples=200)

BIG = 2**20
SMALL = Footprint(
    process=60_000_000,
    weights=98_000_000,
    kv_fixed=-300,
    kv_cell=23_040.5,
    compute_fixed=25_000_000,
    compute_cell=512.25,
    scoring_cell=720,
)
footprints = st.builds(
    Footprint,
    process=st.integers(10**7, 3 * 10**8),
    weights=st.integers(0, 10**10),
    kv_fixed=st.integers(-5000, 10**8),
    kv_cell=st.floats(500, 200_000),
    compute_fixed=st.integers(0, 3 * 10**8),
    compute_cell=st.floats(0, 5000),
    scoring_cell=st.integers(8, 10_000),
)
blocks = st.integers(1, 4096)
rooms = st.integers(0, 3000)
windows = st.sampled_from([0, 128, 512, 4096])


def check_cells(plan: Plan, room: int) -> None:
    """Room for everything, and less than one step of llama.cpp's rounding more."""
    assert plan.cells % 256 == 0
    assert 0 <= plan.cells - (plan.budget + plan.block + room) < 256


@given(footprints, st.integers(10**7, 10**11), blocks, rooms, windows)
@steady
def test_a_plan_uses_the_cap_and_never_passes_it(
    footprint: Footprint, cap: int, block: int, room: int, window: int
) -> None:
    try:
        plan = make_plan(footprint, cap=cap, budget=None, block=block, room=room, window=window)
    except MemoryCapError:
        least = -(-(max(256, window) + block + room) // 256) * 256
        assert footprint.total(least) > cap
        return
    assert plan.total <= cap == plan.cap
    assert plan.total == footprint.total(plan.cells)
    assert plan.budget >= max(256, window)
    check_cells(plan, room)
    if plan.budget < BIG:
        assert footprint.total(plan.cells + 256) > cap
        assert plan.cells == plan.budget + block + room, "some of the cells are not used"


@given(footprints, blocks, rooms, windows, st.one_of(st.none(), st.integers(4096, 100_000)))
@steady
def test_the_cap_that_an_error_names_is_the_smallest(
    footprint: Footprint, block: int, room: int, window: int, budget: int | None
) -> None:
    def plan(cap: int) -> Plan:
        return make_plan(footprint, cap=cap, budget=budget, block=block, room=room, window=window)

    with pytest.raises(MemoryCapError) as error:
        plan(1000)
    assert (f"with budget={budget}" in str(error.value)) == (budget is not None)
    named = re.search(r"smallest cap that works is (\d+MB)$", str(error.value))
    assert named
    enough = parse_size(named.group(1))
    assert plan(enough).total <= enough
    with pytest.raises(MemoryCapError):  # rounded up to 10 MB, and 10 MB for what varies
        plan(max(enough - 21 * 10**6, 1))


@given(footprints, st.integers(1, 100_000), blocks, rooms)
@steady
def test_a_budget_that_was_asked_for_is_kept(
    footprint: Footprint, budget: int, block: int, room: int
) -> None:
    for cap in (None, 10**12):
        plan = make_plan(footprint, cap=cap, budget=budget, block=block, room=room, largest=512)
        assert (plan.budget, plan.block, plan.cap) == (budget, block, cap)
        check_cells(plan, room)


def test_without_cap_and_budget_it_is_the_usual_budget() -> None:
    plan = make_plan(SMALL, cap=None, budget=None, block=128, room=600)
    assert (plan.budget, plan.cap) == (1024, None)
    check_cells(plan, 600)


def test_the_parts_add_up() -> None:
    plan = make_plan(SMALL, cap=None, budget=1024, block=128, room=128)
    assert plan.cells == 1280
    assert plan.weights == SMALL.weights
    assert plan.kv == int(23_040.5 * 1280 - 300)
    assert plan.compute == int(25_000_000 + 512.25 * 1280)
    assert plan.other == SMALL.process + WORKING_BYTES + 720 * 1280
    assert plan.total == plan.weights + plan.kv + plan.compute + plan.other


@pytest.mark.parametrize("largest", [256, 300, 8192, 2**24])
def test_no_budget_above_what_makes_sense(largest: int) -> None:
    plan = make_plan(SMALL, cap=10**13, budget=None, block=128, room=0, largest=largest)
    assert plan.budget == largest


def test_a_budget_below_the_sliding_window_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^budget=1023 .* at least 1024$"):
        make_plan(SMALL, cap=None, budget=1023, block=128, room=0, window=1024)
    plan = make_plan(SMALL, cap=None, budget=1024, block=128, room=0, window=1024)
    assert plan.budget == 1024


def test_the_sliding_window_raises_the_smallest_cap() -> None:
    with pytest.raises(MemoryCapError):
        make_plan(SMALL, cap=SMALL.total(1024), budget=None, block=128, room=0, window=1024)
    plan = make_plan(SMALL, cap=SMALL.total(1280), budget=None, block=128, room=0, window=1024)
    assert 1024 <= plan.budget <= 1280 - 128


def test_the_usual_budget_gives_way_to_a_larger_window() -> None:
    plan = make_plan(SMALL, cap=None, budget=None, block=128, room=0, window=8192)
    assert plan.budget >= 8192


def test_the_usual_budget_gives_way_to_a_smaller_model() -> None:
    plan = make_plan(SMALL, cap=None, budget=None, block=128, room=0, largest=2048)
    assert plan.budget <= 2048
