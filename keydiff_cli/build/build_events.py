"""What a build tells."""

from __future__ import annotations

from keydiff_cli.report import Events


class BuildEvents(Events):
    """What a build tells while it goes on; by default nobody listens."""

    def step(self, what: str, done: int = 0, total: int = 0) -> None:
        """A step goes on, and how far it is, if that is known."""
