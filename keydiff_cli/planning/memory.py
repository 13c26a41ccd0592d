"""The plan of a run: from a memory cap in bytes to budget, block and cells."""

from __future__ import annotations

from dataclasses import dataclass

from keydiff_cli.errors import MemoryCapError, UsageError, setting
from keydiff_cli.planning.footprint import Footprint
from keydiff_cli.system.sizes import format_size

DEFAULT_BUDGET = 1024  # rows come back and passages are read again: more would read more slowly
WHOLE = 4096  # tokens of a document that is kept whole: evicting would hardly read it faster
MIN_BUDGET = 256
ANSWER_CELLS = 512  # cells set aside for the answer; a longer one evicts as it goes
CELL_ROUNDING = 256  # llama.cpp allocates cells in multiples of this


@dataclass(frozen=True)
class Plan:
    """What a run will use.

    Attributes
    ----------
    cap
        Bytes that the process may take; None if there is no cap.
    budget, block
        N, the tokens kept per head, and B, the tokens read between evictions.
    cells
        Cells of the cache, for N, B, the prompt and the answer.
    weights, kv, compute, other
        Bytes of the weights, of keys and values, of llama.cpp's buffers, and of everything else.
    """

    cap: int | None
    budget: int
    block: int
    cells: int
    weights: int
    kv: int
    compute: int
    other: int

    @property
    def total(self) -> int:
        """Bytes of the whole process."""
        return self.weights + self.kv + self.compute + self.other


def cells_for(tokens: int, *, block: int, room: int) -> int:
    """Cells to allocate for a budget of ``tokens``, rounded up as llama.cpp does."""
    return -(-(tokens + block + room) // CELL_ROUNDING) * CELL_ROUNDING


def megabytes(size: int) -> int:
    """A cap to recommend for ``size`` bytes, in MB: the process varies by a few MB between runs."""
    return -(-size // 10**7) * 10 + 10


def make_plan(
    footprint: Footprint,
    *,
    cap: int | None,
    budget: int | None,
    block: int,
    room: int,
    window: int = 0,
    largest: int | None = None,
    scale: float = 1.0,
) -> Plan:
    """Fit budget and cells under the cap.

    Parameters
    ----------
    cap
        Bytes for the whole process, or None.
    budget
        Tokens to keep; None for the default, or as many as the cap allows.
    room
        Cells beside budget and block: prompt, question and answer.
    window
        Sliding window of the model's windowed layers: the smallest budget that keeps them right.
    largest
        The budget that is chosen without a cap, and under one at most; None for the default one,
        and under a cap for any.
    scale
        Cells for each token of the budget; more than 1 in a pyramid.

    Raises
    ------
    MemoryCapError
        If the cap is too small; the message names the smallest cap that works.
    UsageError
        If the budget is too small for the model's sliding window.
    """
    smallest = max(MIN_BUDGET, window)
    if budget is not None and window and budget < window:
        raise UsageError(
            f"{setting('budget', budget)} is below the sliding window of this model; "
            f"use at least {window}"
        )

    def cells(tokens: int) -> int:
        return cells_for(int(tokens * scale), block=block, room=room)

    def total(tokens: int) -> int:
        return footprint.total(cells(tokens))

    chosen = budget or max(largest or DEFAULT_BUDGET, smallest)
    if cap is not None:
        least = budget if budget is not None else smallest
        if total(least) > cap:
            needed = megabytes(total(least))
            means = f" with {setting('budget', budget)}" if budget is not None else ""
            raise MemoryCapError(
                f"a memory cap of {format_size(cap)} is too small for this model{means}: "
                f"the smallest cap that works is {needed}MB",
                total(least),
            )
        if budget is None:
            low, high = least, max(largest or 2**20, least)
            while low < high:
                middle = (low + high + 1) // 2
                low, high = (middle, high) if total(middle) <= cap else (low, middle - 1)
            chosen = low
    count = cells(chosen)
    return Plan(
        cap=cap,
        budget=chosen,
        block=block,
        cells=count,
        weights=footprint.weights,
        kv=footprint.kv(count),
        compute=footprint.compute(count),
        other=footprint.process + footprint.work(count),
    )
