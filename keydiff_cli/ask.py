"""Asking once: documents and a question in, an answer and a report out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any, BinaryIO

from keydiff_cli.documents.ocr.ocr import NEEDED, Ocr
from keydiff_cli.engine.views import NoViewError
from keydiff_cli.errors import KeydiffError, MemoryCapError, setting
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import Model
from keydiff_cli.planning.footprint import measure_token
from keydiff_cli.planning.planner import archives
from keydiff_cli.planning.sharing import Sharing
from keydiff_cli.policies import DEFAULT_POLICY, find_policy
from keydiff_cli.reading.preparation import begin, locate_model, plan_for, sketch_model
from keydiff_cli.reading.reader import Reader
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.reading.run import Run
from keydiff_cli.report import Events, Report
from keydiff_cli.settings.config import Settings
from keydiff_cli.shapes import Shape
from keydiff_cli.snapshots import ArchiveForm
from keydiff_cli.system import machine

_QUESTION_TOKENS = 256  # assumed where the question is not known
_PAGES = 100  # that costs are given for
_PAGE_TOKENS = 500  # that a page of text is taken for


def ask(
    settings: Settings,
    sources: Sequence[str],
    question: str | None,
    stdin: BinaryIO,
    events: Events | None = None,
    *,
    checksum: bool = False,
    quick: bool = False,
    notes: bool = False,
    for_summary: Sequence[str] = (),
    shape: Shape | None = None,
) -> Report:
    """Read documents and answer one question.

    Ctrl-C ends it early: the report then says ``interrupted`` and holds what there is.

    Parameters
    ----------
    sources
        Paths; ``-`` is standard input.
    question
        None to read ahead of questions, and make sure that what was read is kept.
    checksum
        Report the model's SHA-256 even if nothing else needs it.
    quick
        Answer from passages of the documents alone, without reading them.
    notes
        Make notes on their parts, too, ahead of questions that are answered from them.
    for_summary
        Settings that were given for a summary, by their names: warn of them if there is none.
    shape
        What the answer is to be; None for a text. The report has it as ``data``.

    Raises
    ------
    AnswerError
        If the answer is not of its shape.
    KeydiffError
        Whatever stands in the way; its ``status`` is the exit status.
    """
    finished = False
    with Reader(settings, events, checksum=checksum) as reader:
        with run_to_its_end(reader):
            talk = question is None
            asked = question if shape is None or question is None else shape.asked(question)
            reader.read(sources, question=asked, talk=talk, stdin=stdin, quick=quick)
            if question is not None:
                why = reader.without_summary(question) if shape is None else "the answer is data"
                if for_summary and why:
                    _warn_of_no_effect(reader, for_summary, why)
                for _ in reader.stream(question, rewind=False, shape=shape):
                    pass
            elif notes and not reader.held.problem:
                made = list(reader.notes())
                with suppress(NoViewError):  # a question that needs them will say so
                    reader.condensed(made)
            finished = True
        report = reader.report
        if question is None and finished and reader.held.problem:
            raise KeydiffError(f"what was read is not kept: {reader.held.problem}")
    return report


def _warn_of_no_effect(reader: Reader, names: Sequence[str], why: str) -> None:
    named = " and ".join(map(setting, names))
    has = "has" if len(names) == 1 else "have"
    reader.recorder.warn(f"{named} {has} no effect: {why}")


@contextmanager
def run_to_its_end(reader: Reader) -> Iterator[None]:
    """Let the report of a run have its time and peak in the end, also when Ctrl-C ends it.

    That a cap is passed which is refused as too small needs no warning.
    """
    started, refused = time.perf_counter(), False
    try:
        yield
    except KeyboardInterrupt:
        reader.recorder.interrupted()
    except MemoryCapError:
        refused = True
        raise
    finally:
        reader.recorder.run_ended(time.perf_counter() - started)
        if not refused:
            reader.recorder.measure_peak()


def sketch_plan(settings: Settings, events: Events, workers: int = 1) -> dict[str, Any]:
    """What ``keydiff plan`` shows: sizes in bytes, budget, block and cells in tokens, notes.

    With several ``workers`` it is the plan of each of them, under its share of the cap.

    Raises
    ------
    MemoryCapError
        If the cap is too small; the message names the smallest cap that works for all workers.
    """
    from keydiff_cli.reading.noting import MOST, count_notes  # which takes time to load

    located = locate_model(settings, events)
    with ExitStack() as stack, closing(sketch_model(settings, located.path)) as sketch:
        sharing = Sharing(workers, sketch.size_here, machine.resident())
        total = settings.memory
        if workers > 1:
            settings = sharing.settings(settings)
        run = Run(settings, Recorder(Events()), stack)
        policy = find_policy(settings.policy or DEFAULT_POLICY)
        prepared = begin(run, located, sketch, policy, None, documents=True)
        planner = plan_for(run, sketch, prepared, question=_QUESTION_TOKENS)
        try:
            plan, longest = planner.plan(), planner.longest_whole
        except MemoryCapError as error:
            if workers == 1 or not error.smallest or total is None:
                raise
            raise sharing.too_small(total, error.smallest) from None
        whole = planner.fit(lambda _: longest).plan
        archive = _archived_bytes(settings, policy, sketch)
        tokens = _PAGES * _PAGE_TOKENS
        notes = count_notes(tokens, sketch, prepared.prompt, plan.cells, plan.block)
    return {
        "model": located.name,
        "trained_context": prepared.model.trained_context,
        "policy": prepared.policy.name,
        "kv_type": settings.kv_type,
        "budget": plan.budget,
        "longest_whole_document": longest,
        "whole_document_bytes": whole.total,
        "block": plan.block,
        "cells": plan.cells,
        "weights_bytes": plan.weights,
        "kv_bytes": plan.kv,
        "compute_bytes": plan.compute,
        "other_bytes": plan.other,
        "planned_bytes": plan.total,
        "cap_bytes": plan.cap,
        "workers": workers,
        "all_workers_bytes": sharing.total(plan.total) if workers > 1 else plan.total,
        "ocr_bytes": NEEDED if Ocr(settings.ocr).active else 0,
        "archive_per_token_bytes": archive,
        "archive_per_100_pages_bytes": archive and tokens * archive,
        "notes_per_100_pages": notes,
        "note_tokens_per_100_pages": notes and notes * MOST,
        "note_tokens_per_token_read": notes and round(notes * MOST / tokens, 4),
    }


def _archived_bytes(settings: Settings, policy: Policy, sketch: Model) -> int | None:
    """Bytes that a token takes in the archive; None if there is to be none, or nothing evicted."""
    form = ArchiveForm.of(settings)
    if form is None or not archives(settings, policy):
        return None
    sizes = measure_token(sketch, block=settings.block, kv_type=settings.kv_type)
    return form.token_bytes(*sizes)
