"""H2O: keep the heavy hitters, which got the most attention so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from keydiff_cli.scores.base import Float32, Rows, Watch, attention


@dataclass(frozen=True)
class HeavyHitters:
    """Keep the rows with the most attention from all tokens since they came, summed up.

    The paper adds a recent share of half the budget: see :class:`keydiff_cli.eviction.Policy`.
    Source: arXiv 2306.14048, section 4.
    """

    watch: ClassVar[Watch] = "stream"

    def __call__(self, rows: Rows) -> Float32:
        paid = attention(rows)
        return paid if rows.past is None else paid + rows.past
