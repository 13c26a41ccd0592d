"""The plan of a run: from a memory cap in bytes to budget, block and cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from keydiff_cli.errors import MemoryCapError, UsageError, setting
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import Model, can_observe
from keydiff_cli.planning.footprint import Footprint, measure
from keydiff_cli.policies import DEFAULT_POLICY
from keydiff_cli.settings.config import Settings
from keydiff_cli.system import machine
from keydiff_cli.system.sizes import format_size

DEFAULT_BUDGET = 1024  # rows come back and passages are read again: more would read more slowly
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
        No budget is chosen above this: the default one, or what the model was trained for.
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

    chosen = budget or max(min(DEFAULT_BUDGET, largest or DEFAULT_BUDGET), smallest)
    if cap is not None:
        least = budget if budget is not None else smallest
        if total(least) > cap:
            needed = megabytes(total(least))
            means = f" with {setting('budget', budget)}" if budget is not None else ""
            raise MemoryCapError(
                f"a memory cap of {format_size(cap)} is too small for this model{means}: "
                f"the smallest cap that works is {needed}MB"
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


def archives(settings: Settings, policy: Policy) -> bool:
    """Whether what is evicted is archived: not where nothing ever is."""
    return settings.archive != "off" and policy.scorer is not None


def observes(settings: Settings, policy: Policy) -> bool:
    """Whether queries are to be had: for a policy, or to recall rows from an archive."""
    return policy.observes or (archives(settings, policy) and can_observe())


class Planner:
    """Plans the memory of a run with one model.

    Parameters
    ----------
    model
        The model, loaded without weights.
    settings
        What the user wants.
    policy
        What is evicted by.
    head
        Number of tokens before the documents: those of the template and of the system prompt.
    question
        Number of tokens after them; None if the question is not known yet.
    talk
        Whether more questions follow the first.
    process
        Bytes of this process before it read anything; None for what it takes now.

    Attributes
    ----------
    capped : bool
        Whether the budget is what a cap allows, the default one at most.

    Raises
    ------
    UsageError
        If the policy does not work where the layers of the model are.
    """

    def __init__(
        self,
        model: Model,
        settings: Settings,
        policy: Policy,
        *,
        head: int,
        question: int | None = None,
        talk: bool = False,
        process: int | None = None,
    ) -> None:
        if policy.pyramid and model.elsewhere:
            raise UsageError(
                f"{setting('policy', policy.name)} needs all layers on the processor; use another "
                f"one, or leave {setting('gpu_layers')}, {setting('device')} and "
                f"{setting('rpc')} out"
            )
        self.footprint = measure(
            model,
            block=settings.block,
            kv_type=settings.kv_type,
            observe=observes(settings, policy),
            keep=settings.cache,
            recall=settings.recall if archives(settings, policy) else None,
        )
        if process is not None:
            self.footprint = replace(self.footprint, process=process)
        self._block = settings.block
        self._full = policy.scorer is None
        self._scale = 1 + policy.pyramid
        # Without eviction the whole answer needs cells, and what the machine has left is the cap.
        answer = settings.max_tokens if self._full else min(settings.max_tokens, ANSWER_CELLS)
        once = 0 if question is None else question + answer
        share = settings.conversation if talk or question is None else 0
        look = 0 if self._full else settings.second_look
        self._room = head + max(once, share) + look
        self._budget = None if self._full else settings.budget
        self._cap = settings.memory or (machine.usable_memory() if self._full else None)
        self.capped = self._budget is None and settings.memory is not None and not self._full
        self._window = 0 if self._full else model.window
        self._largest = 2**24 if self._full else min(DEFAULT_BUDGET, model.trained_context)

    def plan(self, budget: int | None = None) -> Plan:
        """The plan for a budget; without one, for that of the settings or what the cap allows.

        Raises
        ------
        MemoryCapError, UsageError
            As :func:`make_plan`.
        """
        return make_plan(
            self.footprint,
            cap=self._cap,
            budget=budget or self._budget,
            block=self._block,
            room=self._room,
            window=self._window,
            largest=self._largest,
            scale=self._scale,
        )

    @property
    def limit(self) -> int:
        """The largest budget there is room for."""
        return self._budget or self.plan().budget

    @property
    def budget(self) -> int:
        """The budget, however long the documents are.

        What a cap allows varies a little with the size of the process, so a sixteenth of it is
        left over: what one run keeps of a document then fits the next run too.
        """
        limit = self.limit
        if self.capped and limit < self._largest:
            return max(limit - limit // 16, MIN_BUDGET, self._window)
        return limit

    def fit(self, read_to: Callable[[int], int]) -> Plan:
        """Plan for documents, after reading as much of them as fits the budget.

        Parameters
        ----------
        read_to
            Reads the documents on until there are so many tokens, or to their end, and returns
            how many there are.

        Returns
        -------
        The plan, with a budget no larger than the documents.

        Raises
        ------
        MemoryCapError, UsageError
            As :meth:`plan`, and if the documents do not fit although nothing may be evicted.
        """
        limit = self.budget
        read = read_to(limit + 1)
        if read <= limit:
            return self.plan(min(limit, max(read, MIN_BUDGET, self._window)))
        if not self._full:
            return self.plan(limit)
        read = read_to(self._largest + 1)
        cells = cells_for(read, block=self._block, room=self._room)
        more = "more than " if read > self._largest else ""
        needed = megabytes(self.footprint.total(cells))
        raise MemoryCapError(
            f"the document has {more}{read} tokens, which do not fit the full cache in "
            f"{format_size(self._cap or 0)}: the smallest cap that works is {more}"
            f"{needed}MB; or use {setting('policy', DEFAULT_POLICY)}"
        )
