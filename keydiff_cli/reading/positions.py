"""What happens to positions at the end of the longest text that a model was made for."""

from __future__ import annotations

from typing import Protocol, cast

from keydiff_cli.compaction import Compaction, Way
from keydiff_cli.errors import UsageError


class Positioned(Protocol):
    """What :class:`~keydiff_cli.settings.config.Settings` say of positions."""

    @property
    def positions(self) -> str: ...

    @property
    def compact_at(self) -> float: ...

    @property
    def compact_to(self) -> float: ...


def compaction_of(settings: Positioned, longest: int) -> Compaction | None:
    """What the settings ask for; None if positions count on, or there is no such length.

    Parameters
    ----------
    longest
        Tokens of the longest text that the model was made for; 0 if that is not known.

    Raises
    ------
    UsageError
        If rows would be where they are to be moved from.
    """
    if settings.positions == "counted" or longest <= 0:
        return None
    if settings.compact_to >= settings.compact_at:
        raise UsageError(
            f"compact_to={settings.compact_to:g} is not below compact_at={settings.compact_at:g}: "
            "give less for the one, or more for the other"
        )
    way = cast(Way, settings.positions)
    return Compaction(way, longest, settings.compact_at, settings.compact_to)


def named_positions(settings: Positioned) -> str:
    """What the settings ask for, in words."""
    if settings.positions == "counted":
        return settings.positions
    return f"{settings.positions} {settings.compact_at:g} {settings.compact_to:g}"
