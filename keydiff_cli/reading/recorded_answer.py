"""An answer, while a recorder is told of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from keydiff_cli.cache import EvictionTimes, KVCache
from keydiff_cli.engine.answer import Answer
from keydiff_cli.errors import AnswerError, setting
from keydiff_cli.reading.citing import Citing
from keydiff_cli.reading.composed import Composed
from keydiff_cli.reading.held import Held
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.reading.supporting import Supporting
from keydiff_cli.shapes import Shape

REPEATED = "the data repeated themselves without end, and were ended there; look at them"


@dataclass(frozen=True)
class Wanted:
    """What is wanted of an answer beside its text.

    Attributes
    ----------
    citing
        Cites what its sentences rest on; None to cite nothing.
    supporting
        Finds out whether the documents answer it; None to let the model answer.
    shape
        What it is to be; None for a text.
    """

    citing: Citing | None = None
    supporting: Supporting | None = None
    shape: Shape | None = None


def recorded(
    answer: Answer,
    held: Held,
    recorder: Recorder,
    most: int,
    wanted: Wanted,
) -> Iterator[str]:
    """The text of an answer about what is held, piece by piece, as it is generated.

    Parameters
    ----------
    most
        Tokens that it was to have at most; it has fewer where there is no room for them.
    wanted
        What is wanted of it beside its text.

    Raises
    ------
    UsageError
        If the question does not fit.
    AnswerError
        If it is not of its shape.
    """
    supporting, shape = wanted.supporting, wanted.shape
    times, before = held.cache.times, replace(held.cache.times)
    first, last = answer.question.passages
    prompt = held.head + len(answer.question.ids) - (last - first)
    recorder.question_asked(prompt, answer.text)
    started = time.perf_counter()
    try:
        pieces: Iterable[str] = answer if supporting is None else supporting.followed(answer)
        for text in cited(pieces, recorder, wanted.citing, answer.text):
            recorder.text_generated(text, time.perf_counter() - started)
            yield text
    finally:
        evictions = EvictionTimes(
            held.times.score + times.score - before.score,
            held.times.move + times.move - before.move,
        )
        recorder.answer_ended(answer, time.perf_counter() - started, evictions)
    if supporting is not None:
        supporting.look_at(answer)
    _warn_of_positions(held.cache, recorder)
    if shape is not None:
        recorder.data_known(_data(answer, shape))
        if answer.shortened:
            recorder.warn_of_answer(REPEATED)
        return
    limit, more = f"after {most} tokens", setting("max_tokens", 2 * most)
    if answer.max_tokens < most:
        limit, more = f"after {answer.max_tokens} tokens, for want of room until all is read", ""
    if answer.thinking and not answer.text.strip():
        recorder.warn_of_answer(
            f"the model was still thinking {limit} and gave no answer; let it have more"
            f"{more and f' by {more}'}, or use a model that does not think aloud"
            if answer.stop_reason == "length"
            else "the model thought and gave no answer; ask in other words, or use another model"
        )
        return
    _warn_if_empty(answer.text, recorder)
    if answer.stop_reason == "length":
        _warn_of_length(limit, more, recorder)


def _data(answer: Answer, shape: Shape) -> Any:
    """What an answer is as data."""
    if answer.stop_reason == "length":
        raise AnswerError(
            f"the answer was cut off after {answer.max_tokens} tokens, and is not whole; raise "
            f"{setting('max_tokens')}, or ask for less"
        )
    return shape.value(answer.text)


def cited(
    texts: Iterable[str], recorder: Recorder, citing: Citing | None, begun: str = ""
) -> Iterator[str]:
    """The pieces of an answer; between them the recorder is told of what sentences rest on.

    ``begun`` is what comes before the pieces, and was told before.
    """
    if citing is None:
        yield from texts
        return
    given = 0
    for piece in citing.follow(chain([begun], texts)):
        if not isinstance(piece, str):
            recorder.cited(piece, told=given <= len(begun))
            continue
        given += len(piece)
        if new := piece[max(len(piece) - (given - len(begun)), 0) :]:
            yield new


def _warn_of_positions(cache: KVCache, recorder: Recorder) -> None:
    """Warn where positions are beyond those that the model knows, as they could not be made less.

    That a document is so long was said before.
    """
    longest = cache.context.model.longest_text(cache.context.cells)
    if cache.uncompacted and cache.position > longest > 0:
        recorder.warn(
            f"positions go beyond the {longest} that the model was made for, because "
            f"{cache.uncompacted}; what it says may be wrong"
        )


def recorded_composed(
    answer: Composed, recorder: Recorder, citing: Citing | None = None
) -> Iterator[str]:
    """The text of an answer that is put together, piece by piece."""
    recorder.question_asked(answer.prompt)
    started = time.perf_counter()
    try:
        for text in cited(answer, recorder, citing):
            recorder.text_generated(text, time.perf_counter() - started)
            yield text
    finally:
        recorder.composed_ended(answer, time.perf_counter() - started)
    _warn_if_empty(answer.text, recorder)
    if answer.stop_reason == "length":
        more = setting("max_tokens", 2 * answer.max_tokens)
        _warn_of_length(f"after {answer.max_tokens} tokens", more, recorder)
    for remark in answer.remarks:
        recorder.note(remark)


def _warn_of_length(limit: str, more: str, recorder: Recorder) -> None:
    hint = more and f": {more} lets it be longer"
    recorder.warn_of_answer(f"the answer stopped {limit}; it may be incomplete{hint}")


def _warn_if_empty(text: str, recorder: Recorder) -> None:
    if not text.strip():
        recorder.warn_of_answer(
            "the model gave an empty answer; ask in other words, or use another model"
        )
