"""What stands in the way of a grammar for a schema."""

from __future__ import annotations

from keydiff_cli.errors import UsageError


class RefusedError(UsageError):
    """A schema has something that no grammar is made for; its message names the place."""

    def __init__(self, at: str, why: str) -> None:
        super().__init__(f"the schema cannot be used: {at or '#'}: {why}")


class ImpossibleError(RefusedError):
    """No value satisfies a part of a schema, which can be left out of alternatives."""

    def __init__(self, at: str, why: str = "no value satisfies it") -> None:
        super().__init__(at, why)
