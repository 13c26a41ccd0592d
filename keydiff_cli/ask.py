"""Asking once: documents and a question in, an answer and a report out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any, BinaryIO

from keydiff_cli.llama import Model, can_observe
from keydiff_cli.planning.memory import Planner
from keydiff_cli.planning.placement import placement_of
from keydiff_cli.policies import ASKING, BLIND, as_cached, find_policy
from keydiff_cli.reading.preparation import knows_rotations, locate_model, make_prompt
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Events, Report
from keydiff_cli.settings.config import Settings
from keydiff_cli.text.prompts import prompt_tokens

_QUESTION_TOKENS = 256  # assumed where the question is not known


def ask(
    settings: Settings,
    sources: Sequence[str],
    question: str | None,
    stdin: BinaryIO,
    events: Events | None = None,
    *,
    checksum: bool = False,
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

    Raises
    ------
    KeydiffError
        Whatever stands in the way; its ``status`` is the exit status.
    """
    events = events or Events()
    started = time.perf_counter()
    with Reader(settings, events, checksum=checksum) as reader:
        try:
            reader.read(sources, question=question, talk=question is None, stdin=stdin)
            if question is not None:
                for _ in reader.stream(question, rewind=False):
                    pass
        except KeyboardInterrupt:
            events.read()
            reader.report.stop_reason = "interrupted"
        finally:
            report = reader.report
            report.timing_s["total"] = time.perf_counter() - started
            reader.check_peak()
        if question is None and report.stop_reason == "read":
            reader.require_kept()
    return report


def sketch_plan(settings: Settings, events: Events) -> dict[str, Any]:
    """What ``keydiff plan`` shows: sizes in bytes, budget, block and cells in tokens."""
    located = locate_model(settings, events)
    with closing(Model(located.path, weights=False, placement=placement_of(settings))) as model:
        head, _ = prompt_tokens(model, make_prompt(model, settings), "")
        policy = find_policy(settings.policy or (ASKING if can_observe() else BLIND))
        if policy.prerope and not knows_rotations(model, settings.kv_type):
            policy = as_cached(policy)
        planner = Planner(model, settings, policy, head=len(head), question=_QUESTION_TOKENS)
        plan = planner.plan(planner.budget)
        trained_context = model.trained_context
    return {
        "model": located.name,
        "trained_context": trained_context,
        "policy": policy.name,
        "kv_type": settings.kv_type,
        "budget": plan.budget,
        "block": plan.block,
        "cells": plan.cells,
        "weights_bytes": plan.weights,
        "kv_bytes": plan.kv,
        "compute_bytes": plan.compute,
        "other_bytes": plan.other,
        "planned_bytes": plan.total,
        "cap_bytes": plan.cap,
    }
