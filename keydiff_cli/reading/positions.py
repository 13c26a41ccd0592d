"""What happens to positions at the end of the longest text that a model was made for."""

from __future__ import annotations

from typing import cast

from keydiff_cli.compaction import Compaction, Way
from keydiff_cli.settings.config import Settings


def compaction_of(settings: Settings, longest: int) -> Compaction | None:
    """What the settings ask for; None if positions count on, or there is no such length.

    Parameters
    ----------
    longest
        Tokens of the longest text that the model was made for; 0 if that is not known.
    """
    if settings.positions == "counted" or longest <= 0:
        return None
    way = cast(Way, settings.positions)
    return Compaction(way, longest, settings.compact_at, settings.compact_to)
