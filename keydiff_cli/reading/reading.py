"""One reading of documents: plan it, and begin it with what an earlier one has left."""

from __future__ import annotations

from dataclasses import dataclass, replace

from keydiff_cli import models
from keydiff_cli.errors import setting
from keydiff_cli.llama import Model, can_observe
from keydiff_cli.policies import choose_policy
from keydiff_cli.reading.by_blocks import Reading
from keydiff_cli.reading.planned import Planned
from keydiff_cli.reading.preparation import (
    begin,
    check_plan,
    load_model,
    open_cache,
    plan_for,
    sketched,
    tell_budget,
    with_checksum,
)
from keydiff_cli.reading.reach import require_queries
from keydiff_cli.reading.resume import find_start
from keydiff_cli.reading.run import Run
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.sources import Sources


@dataclass(frozen=True)
class Request:
    """What is to be read.

    Attributes
    ----------
    sources
        The documents.
    question
        The question to read for, if it is known.
    talk
        Whether there are to be more questions than that one.
    stepwise
        Whether there are to be questions before all is read: then all of the text is taken first,
        so that passages of it can be looked up.
    """

    sources: Sources
    question: str | None
    talk: bool
    stepwise: bool = False


def begin_reading(run: Run, located: models.LocatedModel, request: Request) -> Reading:
    """Plan to read documents, load the model, and take up what a snapshot has of them.

    Raises
    ------
    KeydiffError
        Whatever stands in the way.
    """
    with sketched(run, located.path) as sketch:
        if run.checksum or run.settings.cache:
            located = with_checksum(located)
        planned = _plan(run, located, sketch, request)
    policy = planned.start.policy
    model = load_model(run, located.path)  # the sketch, with the same vocabulary, is closed
    planned = replace(planned, corpus=planned.corpus.bound_to(model))
    run.recorder.documents_opened(planned.corpus)
    opened = open_cache(run, model, planned.plan, policy, direct=planned.direct)
    if opened.policy is not policy:  # what that one needs proved out of reach
        planned = planned.anew(run, opened.policy)
    ahead = request.stepwise and run.settings.second_look > 0
    return Reading(run, planned, opened.cache, text_first=ahead)


def _plan(run: Run, located: models.LocatedModel, sketch: Model, request: Request) -> Planned:
    """Find out how to read the documents, from their beginning and what is kept of them."""
    settings, question = run.settings, request.question
    policy = choose_policy(settings.policy, question)
    require_queries(policy, can_observe())
    documents = bool(request.sources.paths)
    prepared = begin(run, located, sketch, policy, question, documents=documents)
    corpus = Corpus(request.sources.documents(), sketch)
    run.recorder.documents_opened(corpus)
    if prepared.policy.scorer is None and settings.budget is not None:
        run.recorder.warn(
            f"the budget of {settings.budget} tokens does not apply to {setting('policy', 'full')}"
        )
    asked = None if question is None else len(prepared.asked.ids)
    planner = plan_for(run, sketch, prepared, question=asked, talk=request.talk)
    fit = planner.fit(corpus.read_to)
    longest = sketch.longest_text(fit.plan.cells)
    planned = Planned(
        prepared=prepared,
        corpus=corpus,
        plan=fit.plan,
        start=find_start(run, prepared, fit, corpus, longest),
        budget=fit.budget,
        longest=longest,
        direct=planner.footprint.direct,
        process=planner.footprint.process,
    )
    if planned.start.budget > fit.budget:
        larger = planner.plan(planned.start.budget)
        if sketch.longest_text(larger.cells) == longest:
            planned = replace(planned, plan=larger)
        else:
            planned = planned.anew(run, prepared.policy)
    if documents and prepared.policy.scorer is not None:
        tell_budget(run, planned.plan)
    check_plan(run, planned.plan)
    return planned
