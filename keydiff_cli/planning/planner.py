"""Plans the memory of a run with one model, for the documents that it reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from keydiff_cli.errors import MemoryCapError, UsageError, setting
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import Model, can_observe
from keydiff_cli.planning.footprint import measure
from keydiff_cli.planning.memory import (
    ANSWER_CELLS,
    DEFAULT_BUDGET,
    MIN_BUDGET,
    WHOLE,
    Plan,
    cells_for,
    make_plan,
    megabytes,
)
from keydiff_cli.policies import DEFAULT_POLICY
from keydiff_cli.settings.config import Settings
from keydiff_cli.system import machine
from keydiff_cli.system.sizes import format_size


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
        Whether the budget is what a cap allows, and no more than is wanted.

    Budget and limit are those of documents too long to stay whole, until others have been fitted
    (:meth:`fit`): then they are those for these.

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
        self._whole = min(WHOLE, model.trained_context)
        self._largest = 2**24 if self._full else min(DEFAULT_BUDGET, self._whole)

    def plan(self, budget: int | None = None) -> Plan:
        """The plan for a budget; without one, for that of the settings or what the cap allows.

        Raises
        ------
        MemoryCapError, UsageError
            As :func:`make_plan`.
        """
        return self._plan(budget or self._budget, self._largest)

    @property
    def limit(self) -> int:
        """The budget that was asked for, or else the largest that is chosen and fits the cap."""
        return self._limit(self._largest)

    @property
    def budget(self) -> int:
        """The budget, however long the documents are.

        What a cap allows varies a little with the size of the process, so a sixteenth of it is
        left over: what one run keeps of a document then fits the next run too.
        """
        return self._allowed(self._largest)

    @property
    def longest_whole(self) -> int:
        """Tokens of the longest document of which nothing is evicted."""
        usual = self.budget
        if self._full or self._budget is not None or usual >= self._whole:
            return usual
        longest = self._allowed(self._whole)
        fits = self._cap is not None or self.plan(longest).total <= machine.usable_memory()
        return max(longest, usual) if fits else usual

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
        whole = self.longest_whole
        read = read_to(whole + 1)
        if read <= whole:
            if whole > self.budget:
                self._largest = self._whole
            return self.plan(min(whole, max(read, MIN_BUDGET, self._window)))
        if not self._full:
            return self.plan(self.budget)
        read = read_to(self._largest + 1)
        cells = cells_for(read, block=self._block, room=self._room)
        more = "more than " if read > self._largest else ""
        needed = megabytes(self.footprint.total(cells))
        raise MemoryCapError(
            f"the document has {more}{read} tokens, which do not fit the full cache in "
            f"{format_size(self._cap or 0)}: the smallest cap that works is {more}"
            f"{needed}MB; or use {setting('policy', DEFAULT_POLICY)}"
        )

    def _allowed(self, largest: int) -> int:
        """The budget where it may be ``largest``, without what is left over of a cap."""
        limit = self._limit(largest)
        if self.capped and limit < largest:
            return max(limit - limit // 16, MIN_BUDGET, self._window)
        return limit

    def _limit(self, largest: int) -> int:
        return self._budget or self._plan(None, largest).budget

    def _plan(self, budget: int | None, largest: int) -> Plan:
        return make_plan(
            self.footprint,
            cap=self._cap,
            budget=budget,
            block=self._block,
            room=self._room,
            window=self._window,
            largest=largest,
            scale=self._scale,
        )
