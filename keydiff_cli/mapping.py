"""Drawing maps: documents in, a map of what the cache holds of them and a report out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from keydiff_cli.ask import run_to_its_end
from keydiff_cli.reading.mapping import Map, map_of
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Events, Report
from keydiff_cli.settings.config import Settings


def make_map(
    settings: Settings,
    sources: Sequence[str],
    question: str | None,
    stdin: BinaryIO,
    events: Events | None = None,
) -> tuple[Report, Map | None]:
    """Read documents, or take up what was read of them, and map what the cache holds.

    Ctrl-C ends it early: there is no map then.

    Parameters
    ----------
    sources
        Paths; ``-`` is standard input.
    question
        Map what it would look at, too; it is not answered. None to map what serves any question.

    Raises
    ------
    KeydiffError
        Whatever stands in the way; its ``status`` is the exit status.
    """
    made = None
    with Reader(settings, events) as reader:
        with run_to_its_end(reader):
            reader.read(sources, question=question, stdin=stdin)
            made = map_of(reader, question)
        return reader.report, made
