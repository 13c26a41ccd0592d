"""What all steps of a reading share."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field

from keydiff_cli.reading.keeping import ModelKeeper
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.settings.config import Settings


@dataclass(frozen=True)
class Run:
    """What all steps of a reading share.

    Attributes
    ----------
    settings
        What the user wants.
    recorder
        Told what happens.
    stack
        Closes what is held.
    models
        Keeps the model for the next reading.
    process
        Bytes of this process before it read anything, if it has.
    checksum
        Report the model's SHA-256 even if nothing else needs it.
    """

    settings: Settings
    recorder: Recorder
    stack: ExitStack
    models: ModelKeeper = field(default_factory=ModelKeeper)
    process: int | None = None
    checksum: bool = False
