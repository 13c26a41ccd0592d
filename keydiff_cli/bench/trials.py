"""What a benchmark tries: a policy with a budget on a text, under conditions alike for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from keydiff_cli.bench.samples import Question, Text
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import Tokens
from keydiff_cli.policies import POLICIES


@dataclass(frozen=True)
class Conditions:
    """What the results depend on, besides texts, policies and budgets.

    Attributes
    ----------
    block
        B: tokens that are run between two evictions.
    threads
        Threads to compute with.
    kv_type
        How keys and values are stored: ``f16`` or ``q8_0``.
    max_tokens
        Tokens of the longest answer.
    read_for
        A question that policies read for, instead of the question that is asked.
    once
        Evict once, after reading, instead of while reading.
    positions, compact_at, compact_to
        What happens at the end of the longest text that the model was made for; as in
        :class:`~keydiff_cli.settings.config.Settings`.
    """

    block: int
    threads: int
    kv_type: str
    max_tokens: int
    read_for: str | None = None
    once: bool = False
    positions: str = "capped"
    compact_at: float = 1.0
    compact_to: float = 0.5


@dataclass(frozen=True)
class Trial:
    """A policy with a budget, tried on a text by questions.

    Attributes
    ----------
    text
        What is read.
    document
        The tokens of the text: int32 ``[tokens]``.
    policy
        What decides which tokens stay.
    budget
        N: tokens that each head keeps; None keeps everything.
    part
        The budget as a part of the text, such as ``1/4``, if it was asked for like that.
    questions
        The questions about the text that are not answered yet.
    """

    text: Text
    document: Tokens
    policy: Policy
    budget: int | None
    part: str | None
    questions: Sequence[Question]

    @property
    def held(self) -> int:
        """Tokens of the document that are kept."""
        size = len(self.document)
        return size if self.budget is None else min(self.budget, size)

    @property
    def whole(self) -> Trial:
        """The text with all of it kept: what comes before any eviction is read like this."""
        return replace(self, policy=POLICIES["full"], budget=None, part=None)
