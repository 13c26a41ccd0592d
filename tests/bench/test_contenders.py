"""Budgets, as tokens and as parts of a text."""

from __future__ import annotations

import pytest

from keydiff_cli.bench.contenders import parse_contenders
from keydiff_cli.errors import UsageError


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("1/4", 1024), ("0.5", 2048), ("1/1", 4096), ("700", 700), ("1/9999", 1), (".25", 1024)],
)
def test_budgets(text: str, tokens: int) -> None:
    full, focus = parse_contenders(["full", "focus"], [text, text])
    assert (full.tokens(4096), focus.tokens(4096)) == (None, tokens)


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-1",
        "3/2",
        "1/0",
        "0/4",
        "x",
        "",
        "1e9",
        "0.1e-9",
        "1.0e-99999999",
        "1_0",
        "1/4/2",
        "+1",
        "1/-4",
        "1.",
        "nan",
        "inf",
        "9" * 30,
    ],
)
def test_wrong_budgets(text: str) -> None:
    with pytest.raises(UsageError, match="is no number of tokens and no part"):
        parse_contenders(["focus"], [text])
