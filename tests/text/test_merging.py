"""Items that say nothing which another one has not said."""

from __future__ import annotations

import pytest

from keydiff_cli.text.merging import Merger

RENT = "The rent of 500 euros is due on 3 May 2026."


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (RENT, RENT),
        (RENT, "the rent of 500 euros is due on 3 May 2026"),
        (RENT, "500 euros rent, payable by May 3, 2026"),
        (RENT, "Rent due on 3 May 2026"),
        ("Marta Lind is the site manager at Halden", "Marta Lind, site manager"),
        ("All fees are paid in advance.", "Fees are paid in advance"),
    ],
)
def test_an_item_that_says_nothing_new_is_one_with_the_earlier(first: str, second: str) -> None:
    merger = Merger()
    assert merger.same(first) is None
    assert merger.same(second) == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (RENT, "The rent of 500 euros is due on 3 June 2026."),
        (RENT, "The rent of 600 euros is due on 3 May 2026."),
        (RENT, "On 3 May 2026 the key of the tower is handed over by the keeper for 500 euros."),
        ("Fine of 50 euros for noise", "Fine of 50 euros for litter"),
        ("Fine of \u00a350 for noise", "Fine of $50 for noise"),
        ("Marta Lind, site manager", "Marta Lind is the site manager at Halden"),
        ("Marta Lind, site manager", "Tomas Lind, site manager"),
        ("The tenant keeps the roof dry", "The tenant keeps the walls dry"),
    ],
)
def test_one_that_says_something_else_or_more_is_new(first: str, second: str) -> None:
    merger = Merger()
    assert merger.same(first) is None
    assert merger.same(second) is None
    assert merger.same(second) == 1
