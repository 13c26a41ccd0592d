"""What bears on a question: rows that come back for it, and passages that are read again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from keydiff_cli.cache import KVCache
from keydiff_cli.reading.held import Held
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.reading.second_look import Excerpts
from keydiff_cli.settings.config import Settings
from keydiff_cli.text.prompts import Asked


@contextmanager
def evidence(
    held: Held,
    settings: Settings,
    recorder: Recorder,
    question: str,
    asked: Asked,
    before: str,
    in_use: Callable[[], KVCache | None],
) -> Iterator[Excerpts]:
    """Let rows that bear on a question be in the cache, and give the passages to put before it.

    Parameters
    ----------
    asked
        The question as tokens, without passages.
    before
        The question before it in a conversation; empty if there is none.
    in_use
        Gives the cache that is in use in the end.
    """
    wanted = 0 if held.intact else settings.second_look
    with held.recaller.recalled(asked, settings.recall, wanted > 0, in_use) as lifts:
        started = time.perf_counter()
        excerpts = held.second_look.find(question, before, lifts, wanted)
        recorder.passages_found(excerpts.looks, time.perf_counter() - started)
        if held.searched_only and not excerpts.looks:
            recorder.warn(
                "no passage has words of the question, and nothing else was read; ask in the "
                "words of the document, or let it be read"
            )
        yield excerpts
