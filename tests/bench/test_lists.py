"""Answers that are lists: what they list, and how much of it was wanted."""

from __future__ import annotations

import pytest

from keydiff_cli.bench.lists import Listed, list_items, mark_list
from keydiff_cli.bench.planted import PlantedItem


@pytest.mark.parametrize(
    ("answer", "items"),
    [
        ("Here they are:\n\n- one\n- two\n\nThat is all.", ["one", "two"]),
        ("1. one\n2) two\n(3) three\n* four", ["one", "two", "three", "four"]),
        ("- one\n  - its date\n  - its sum\n- two", ["one\n  - its date\n  - its sum", "two"]),
        ("- one\n  goes on\n- two", ["one\n  goes on", "two"]),
        ("one\ntwo\n\nthree", ["one", "two", "three"]),
        ("## Deadlines\n**Payments:**\none", ["one"]),
        ("| Name | Post |\n|---|---|\n| A | head |\n| B | clerk |", ["A | head |", "B | clerk |"]),
        ("None.", []),
        ("- None found\n- one", ["one"]),
        ("The document does not mention any deadlines.", []),
        ("", []),
        ("- \n-\n---", []),
    ],
)
def test_items_are_the_lines_of_a_list(answer: str, items: list[str]) -> None:
    assert list_items(answer) == items


ROPE = PlantedItem("late delivery of rope", "$1,050", "")
PAINT = PlantedItem("loss of paint", "$10,500", "")
SONS = PlantedItem("Brondist & Sons", "3 March 2031", "")
FLAIM = PlantedItem("Flaim & Sons", "4 March 2031", "")
AGNES = PlantedItem("Agnes Sketh", "head of dredging", "")


@pytest.mark.parametrize(
    ("item", "line", "right"),
    [
        (ROPE, "Late rope deliveries: a penalty of $1,050", True),
        (ROPE, "Ropes that were too late: $1,050", False),  # not its words
        (ROPE, "Late delivery of rope: a penalty of $1,050.", True),
        (ROPE, "delivery of rope, late: 1,050 dollars", True),
        (ROPE, "Late delivery of rope: $10,500", False),
        (ROPE, "Late delivery of rope", False),
        (SONS, "Brondist & Sons - March 3, 2031", True),
        (SONS, "brondist and sons by 3 March", True),
        (SONS, "Brondist & Sons, 2031-03-03", True),
        (SONS, "Brondist & Sons - 4 March 2031", False),
        (SONS, "3 March 2031", False),
        (AGNES, "Agnes Sketh (Head of Dredging)", True),
        (AGNES, "Agnes Sketh, secretary of dredging", False),
    ],
)
def test_an_item_needs_both_of_its_parts(item: PlantedItem, line: str, right: bool) -> None:
    assert mark_list(f"- {line}", [item]) == Listed(int(right), 1, int(right), 1, 0)


def test_a_list_is_marked_by_what_was_wanted() -> None:
    answer = (
        "- Brondist & Sons: 3 March 2031\n"
        "- Brondist & Sons must be paid by 3 March 2031\n"  # again
        "- Brondist & Sons, 3 March 2031, and Flaim & Sons, 4 March 2031\n"  # one is new
        "- Sketh & Sons: 5 March 2031\n"  # invented
        "- Payments\n"
    )
    assert mark_list(answer, [SONS, FLAIM, AGNES]) == Listed(
        found=2, wanted=3, right=3, items=5, repeated=1
    )
    assert mark_list("", [SONS]) == Listed(0, 1, 0, 0, 0)
