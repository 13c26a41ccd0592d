"""Clients take turns."""

from __future__ import annotations

import pytest

from keydiff_cli.serve.fair_queue import FairQueue


def queue_of(*items: str) -> FairQueue[str]:
    """A queue of items, each named by its client and a number."""
    queue: FairQueue[str] = FairQueue(9)
    for item in items:
        queue.put(item[0], item)
    return queue


def drained(queue: FairQueue[str]) -> list[str]:
    return [queue.take() for _ in range(len(queue))]


def test_each_client_has_a_turn_before_any_has_another() -> None:
    queue = queue_of("a1", "a2", "a3", "b1", "c1", "b2")
    order = ["a1", "b1", "c1", "a2", "b2", "a3"]
    assert queue.order() == order
    assert drained(queue) == order


def test_who_has_had_a_turn_waits_for_those_who_came_meanwhile() -> None:
    queue = queue_of("a1", "a2")
    assert queue.take() == "a1"
    queue.put("b", "b1")
    assert queue.take() == "a2"
    queue.put("a", "a3")
    assert drained(queue) == ["b1", "a3"]


def test_what_is_dropped_waits_no_more() -> None:
    queue = queue_of("a1", "b1", "a2")
    assert queue.drop("a1") and queue.drop("b1")
    assert not queue.drop("a1")
    assert drained(queue) == ["a2"]
    with pytest.raises(IndexError):
        queue.take()


def test_it_is_full_when_as_many_wait_as_may() -> None:
    queue = queue_of(*(f"a{n}" for n in range(8)))
    assert not queue.full
    queue.put("b", "b1")
    assert queue.full
