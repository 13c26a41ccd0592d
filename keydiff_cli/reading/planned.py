"""What is known of a reading before the model is loaded."""

from __future__ import annotations

from dataclasses import dataclass, replace

from keydiff_cli.eviction import Policy
from keydiff_cli.planning.memory import Plan
from keydiff_cli.reading.preparation import Prepared
from keydiff_cli.reading.resume import Start, make_key
from keydiff_cli.reading.run import Run
from keydiff_cli.text.corpus import Corpus


@dataclass(frozen=True)
class Planned:
    """A reading that can begin as soon as the model is loaded.

    Attributes
    ----------
    plan
        The plan of the memory.
    start
        What it goes on from.
    budget
        Tokens that may stay, if any have to go.
    longest
        Tokens of the longest text that the model was made for.
    direct
        Whether the plan counts on evictions that need no copy of the cache.
    process
        Bytes of this process before it read anything.
    """

    prepared: Prepared
    corpus: Corpus
    plan: Plan
    start: Start
    budget: int
    longest: int
    direct: bool
    process: int

    @property
    def kept(self) -> int:
        """Tokens that may stay: the plan may have room for more than what is gone on from."""
        return min(self.plan.budget, self.start.key.budget or self.plan.budget)

    def anew(self, run: Run, policy: Policy) -> Planned:
        """The same, beginning anew by another policy."""
        self.start.close()
        key = make_key(run, self.prepared, policy, self.budget, self.longest)
        return replace(self, start=Start(policy, key, self.start.store))
