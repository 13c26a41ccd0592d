"""What a benchmark compares: policies, each with a budget."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from keydiff_cli.errors import UsageError, setting
from keydiff_cli.policies import find_policy

_BUDGET = re.compile(r"\d{1,9}(/0*[1-9]\d{0,8})?|\d?\.\d{1,9}", re.ASCII)


@dataclass(frozen=True)
class Contender:
    """A policy with a budget, in tokens or as a part of the text; None for what evicts nothing."""

    policy: str
    budget: int | Fraction | None

    def tokens(self, length: int) -> int | None:
        """The budget for a text of ``length`` tokens."""
        if isinstance(self.budget, Fraction):
            return max(int(self.budget * length), 1)
        return self.budget


def parse_contenders(policies: Sequence[str], budgets: Sequence[str]) -> list[Contender]:
    """Policies x budgets; a budget is a number of tokens or a part of the text, such as ``1/4``.

    Raises
    ------
    UsageError
        If a policy is unknown, or a budget is neither a number of tokens nor such a part.
    """
    contenders: list[Contender] = []
    parts = [_budget(text) for text in budgets]
    for policy in policies:
        evicts = find_policy(policy).scorer is not None
        contenders += [Contender(policy, part) for part in (parts if evicts else (None,))]
    return list(dict.fromkeys(contenders))


def _budget(text: str) -> int | Fraction:
    written = _BUDGET.fullmatch(text)
    budget = (int if text.isdecimal() else Fraction)(text) if written else 0
    if budget <= 0 or (isinstance(budget, Fraction) and budget > 1) or budget > 2**24:
        raise UsageError(
            f"{setting('budget')}: '{text}' is no number of tokens and no part like 1/4"
        )
    return budget
