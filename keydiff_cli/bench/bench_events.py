"""What a benchmark tells while it runs."""

from __future__ import annotations

from keydiff_cli.report import Events


class BenchEvents(Events):
    """What a front end may want to show; does nothing by itself."""

    def working(self, what: str, done: int, total: int) -> None:
        """Something is going on, ``done`` of ``total`` samples are finished."""

    def finished_sample(self, what: str, done: int, total: int) -> None:
        """A sample is finished, with its result in ``what``."""


def too_long(tokens: int, longest: int) -> str:
    """What to say of texts longer than the longest that the model was made for."""
    return (
        f"texts of {tokens} tokens are longer than the {longest} that the model was made for; "
        "what it says of them may be wrong"
    )


def sample_name(sample: str, policy: str, budget: int | None) -> str:
    """A sample under a policy, for people: ``needle-4096-0-0.5 focus 512``."""
    return f"{sample} {policy}" if budget is None else f"{sample} {policy} {budget}"
