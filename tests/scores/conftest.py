"""Rows that scorers are compared on with slow, plain versions of their formulas."""

from __future__ import annotations

import pytest
from score_helpers import make_rows

from keydiff_cli.scores import Rows


@pytest.fixture(params=[True, False], ids=["block", "question"])
def rows(request: pytest.FixtureRequest) -> Rows:
    """Rows as after evictions, with the queries of a block or of a question."""
    return make_rows(7, block=request.param)
