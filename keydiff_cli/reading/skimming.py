"""Documents that are searched and not read: questions are answered from passages alone."""

from __future__ import annotations

from dataclasses import asdict, replace

from keydiff_cli import models
from keydiff_cli.engine.ingest import read_head
from keydiff_cli.planning.memory import MIN_BUDGET
from keydiff_cli.policies import find_policy
from keydiff_cli.reading.held import Held, hold_documents
from keydiff_cli.reading.preparation import (
    begin,
    check_plan,
    load_model,
    open_cache,
    plan_for,
    sketched,
    with_checksum,
)
from keydiff_cli.reading.resume import make_key
from keydiff_cli.reading.run import Run
from keydiff_cli.snapshots import Label
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.sources import Sources

_POLICY = "window"  # of which nothing is asked: nothing is read that could be evicted


def skim_documents(run: Run, located: models.LocatedModel, sources: Sources, talk: bool) -> Held:
    """Take the text of documents, and let the cache hold the prompt alone.

    Parameters
    ----------
    talk
        Whether there are to be more questions than one.

    Raises
    ------
    KeydiffError
        Whatever stands in the way.
    """
    run = replace(run, settings=replace(run.settings, archive="off"))
    policy = find_policy(_POLICY)
    if run.checksum:
        located = with_checksum(located)
    with sketched(run, located.path) as sketch:
        prepared = begin(run, located, sketch, policy, None, documents=True)
        corpus = Corpus(sources.documents(), sketch)
        run.recorder.documents_opened(corpus)
        planner = plan_for(run, sketch, prepared, talk=talk)
        plan = planner.plan(max(MIN_BUDGET, sketch.window))
        longest = sketch.longest_text(plan.cells)
        corpus.read_all()
        process = planner.footprint.process
    check_plan(run, plan)
    model = load_model(run, located.path)
    corpus = corpus.bound_to(model)
    run.recorder.documents_opened(corpus)
    cache = open_cache(run, model, plan, policy, direct=planner.footprint.direct).cache
    read_head(cache, prepared.head, plan.block)
    run.recorder.documents_skimmed(corpus.tokens)
    key = make_key(run, prepared, policy, MIN_BUDGET, longest)
    label = Label(prepared.model.name, 0, None, list(map(asdict, corpus.documents)))
    return hold_documents(
        run,
        prepared,
        cache,
        corpus,
        key,
        label,
        process=process,
        searched_only=True,
        problem="the documents were not read",
    )
