"""SnapKV: keep what the latest tokens attend to, with its surroundings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from keydiff_cli.scores.base import (
    WIDEST,
    Float32,
    Rows,
    Watch,
    attention,
    check_range,
    smooth,
)


@dataclass(frozen=True)
class SnapKV:
    """Keep the rows that the last tokens attend to, with their neighbours.

    The paper compresses a prompt once, by its last tokens, which stay themselves; here it is done
    after every block, and a recent share of the budget stands for them (see
    :class:`keydiff_cli.eviction.Policy`).
    Source: arXiv 2404.14469, section 4.

    Attributes
    ----------
    last
        Tokens whose queries count (the observation window).
    width
        Tokens over which the attention is pooled (maximum).
    """

    last: int = 64
    width: int = 7
    watch: ClassVar[Watch] = "block"

    def __post_init__(self) -> None:
        check_range("last", self.last, 1, 2**20)
        check_range("width", self.width, 1, WIDEST)

    def __call__(self, rows: Rows) -> Float32:
        return smooth(attention(rows, slice(-self.last, None)), rows.origin, self.width)
