"""Plans the memory of a run with one model, for the documents that it reads."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace

from keydiff_cli.errors import MemoryCapError, UsageError, setting
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import Model, can_observe
from keydiff_cli.planning.footprint import measure
from keydiff_cli.planning.memory import (
    ANSWER_CELLS,
    DEFAULT_BUDGET,
    MIN_BUDGET,
    Plan,
    cells_for,
    make_plan,
    megabytes,
)
from keydiff_cli.policies import DEFAULT_POLICY
from keydiff_cli.settings.config import Settings
from keydiff_cli.system import machine
from keydiff_cli.system.sizes import format_size

WHOLE = 4096  # tokens of a document that is kept whole: evicting would hardly read it faster


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

    Once it has fitted documents (:meth:`fit`), budget and limit are those for them.

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
        """The budget of documents that do not stay whole, however long they are.

        What a cap allows varies a little with the size of the process, so a sixteenth of it is
        left over: what one run keeps of a document then fits the next run too.
        """
        limit = self.limit
        if self.capped and limit < self._largest:
            return max(limit - limit // 16, MIN_BUDGET, self._window)
        return limit

    @property
    def longest_whole(self) -> int:
        """Tokens of the longest document of which nothing is evicted."""
        usual = self.budget
        if self._full or self._budget is not None or usual >= self._whole:
            return usual
        wide = copy(self)
        wide._largest = self._whole
        longest = wide.budget
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
