"""Plans the memory of a run with one model, for the documents that it reads."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

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

_LEFT_OVER = 12 * 10**6  # bytes of a cap; the line editor of a chat takes 10 MB


def archives(settings: Settings, policy: Policy) -> bool:
    """Whether what is evicted is archived: not where nothing ever is."""
    return settings.archive != "off" and policy.scorer is not None


def observes(settings: Settings, policy: Policy) -> bool:
    """Whether queries are to be had: for a policy, or to recall rows from an archive."""
    return policy.observes or (archives(settings, policy) and can_observe())


@dataclass(frozen=True)
class Fit:
    """A plan for certain documents.

    Attributes
    ----------
    plan
        The plan, with a budget no larger than the documents.
    budget
        Tokens that may stay, if any have to go; more than planned for where all of them stay.
    least, most
        Budgets between which an earlier reading that evicts may have been, to be gone on from:
        for documents that stay whole only those that evict nothing of them.
    """

    plan: Plan
    budget: int
    least: int
    most: int


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
    load
        Whether a saved reading is loaded.
    process
        Bytes of this process before it read anything; None for what it takes now.

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
        load: bool = False,
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
            # Without eviction no positions are free to be taken.
            move=settings.positions != "counted" and policy.scorer is not None,
            load=load,
            recall=settings.recall if archives(settings, policy) else None,
            threads=settings.threads or machine.physical_cores(),
        )
        if process is not None:
            self.footprint = replace(self.footprint, process=process)
        self._policy = policy
        self._block = settings.block
        self._full = policy.scorer is None
        # Without eviction the whole answer needs cells, and what the machine has left is the cap.
        answer = settings.max_tokens if self._full else min(settings.max_tokens, ANSWER_CELLS)
        once = 0 if question is None else question + answer
        share = settings.conversation if talk or question is None else 0
        look = 0 if self._full else settings.second_look
        # Cells beside budget and block: those that this command needs, and that any may need.
        self._room = head + max(once, share) + look
        self._room_to_talk = head + max(once, settings.conversation) + look
        self._memory = settings.memory or machine.usable_memory()
        self._cap = self._memory if self._full else settings.memory
        self._window = 0 if self._full else model.window
        # Tokens that stay: as many as are wanted; of a whole document, and of others, at most.
        self._wanted = None if self._full else settings.budget
        self._whole = min(WHOLE, model.trained_context)
        self._usual = 2**24 if self._full else min(DEFAULT_BUDGET, self._whole)

    def plan(self, budget: int | None = None) -> Plan:
        """The plan for a budget; without one, for documents too long to stay whole.

        Raises
        ------
        MemoryCapError, UsageError
            As :func:`make_plan`.
        """
        return self._plan(self._cap, budget or self.budget)

    @property
    def budget(self) -> int:
        """The budget for documents that are too long to stay whole."""
        if self._wanted is not None:
            return self._wanted
        if self._full or self._cap is None:
            return self._plan(self._cap).budget
        return self._for_every_command(self._cap, self._usual)

    @property
    def longest_whole(self) -> int:
        """Tokens of the longest document of which nothing is evicted."""
        return self._policy.room(self._budget_for_whole())

    def fit(self, read_to: Callable[[int], int]) -> Fit:
        """Plan for documents, after reading as much of them as may stay whole.

        Parameters
        ----------
        read_to
            Reads the documents on until there are so many tokens, or to their end, and returns
            how many there are.

        Raises
        ------
        MemoryCapError, UsageError
            As :meth:`plan`, and if the documents do not fit although nothing may be evicted.
        """
        for_whole, pyramid = self._budget_for_whole(), self._policy.pyramid > 0
        longest = self._policy.room(for_whole)
        read = read_to(longest + 1)
        whole = read <= longest
        if self._full and not whole:
            raise self._too_long(read_to(self._usual + 1))
        budget = for_whole if whole else self.budget
        needed = max(read, MIN_BUDGET, self._window) if whole and not pyramid else budget
        plan = self.plan(min(budget, needed))
        if self._full or self._wanted is not None:
            return Fit(plan, budget, budget, budget)
        # For a longer document any budget will do that the same cap has allowed.
        least = plan.budget if whole or self._cap is None else 0
        return Fit(plan, budget, least, budget if pyramid else max(budget, self._most()))

    def _budget_for_whole(self) -> int:
        """The budget for documents short enough to stay whole."""
        usual = self.budget
        if self._full or self._wanted is not None or self._policy.pyramid:
            return usual
        with suppress(MemoryCapError):
            usual = max(usual, self._for_every_command(self._memory, self._whole))
        return usual

    def _for_every_command(self, cap: int, largest: int) -> int:
        """The budget that a cap allows, whichever command asks for it.

        So there is room to talk, and some of the cap is left over: the size of the process varies
        with the command, and a little between runs. What one of them keeps of a document then fits
        the next one, too. Where that is not possible it is the smallest budget, with the room that
        this command needs.
        """
        with suppress(MemoryCapError):
            shared = self._plan(cap - _LEFT_OVER, largest=largest, room=self._room_to_talk)
            return shared.budget
        return self._plan(cap, largest=MIN_BUDGET).budget

    def _most(self) -> int:
        """The largest budget for which there is memory, up to that of whole documents, or 0."""
        try:
            return self._plan(self._memory, largest=self._whole).budget
        except MemoryCapError:
            return 0

    def _too_long(self, read: int) -> MemoryCapError:
        """What is wrong with documents of so many tokens, or more, for the full cache."""
        cells = cells_for(read, block=self._block, room=self._room)
        more = "more than " if read > self._usual else ""
        needed = megabytes(self.footprint.total(cells))
        return MemoryCapError(
            f"the document has {more}{read} tokens, which do not fit the full cache in "
            f"{format_size(self._cap or 0)}: the smallest cap that works is {more}"
            f"{needed}MB; or use {setting('policy', DEFAULT_POLICY)}"
        )

    def _plan(
        self,
        cap: int | None,
        budget: int | None = None,
        *,
        largest: int | None = None,
        room: int | None = None,
    ) -> Plan:
        """The plan for a budget, or for the one that a cap allows: the usual or ``largest`` one."""
        return make_plan(
            self.footprint,
            cap=cap,
            budget=budget,
            block=self._block,
            room=self._room if room is None else room,
            window=self._window,
            largest=self._usual if largest is None else largest,
            scale=1 + self._policy.pyramid,
        )
