"""Taking notes: documents in, notes on their parts and a report out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import BinaryIO

from keydiff_cli.ask import run_to_its_end
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Events, Report
from keydiff_cli.settings.config import Settings
from keydiff_cli.text.places import Note


def take_notes(
    settings: Settings,
    sources: Sequence[str],
    stdin: BinaryIO,
    events: Events | None = None,
    written: Callable[[Note], None] | None = None,
) -> Report:
    """Read documents, or take up what was read of them, and note what each part says.

    Ctrl-C ends it early: the notes that were made by then are kept.

    Parameters
    ----------
    sources
        Paths; ``-`` is standard input.
    written
        Told each note as it is made.

    Raises
    ------
    KeydiffError
        Whatever stands in the way; its ``status`` is the exit status.
    """
    with Reader(settings, events) as reader:
        with run_to_its_end(reader):
            reader.read(sources, stdin=stdin)
            for note in reader.notes():
                if written is not None:
                    written(note)
        return reader.report
