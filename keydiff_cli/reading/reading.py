"""One reading of documents: plan it, take up what an earlier one has left, read the rest."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import asdict, dataclass, replace

from keydiff_cli import models
from keydiff_cli.cache import KVCache
from keydiff_cli.engine.ingest import ingest, read_head
from keydiff_cli.errors import setting
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import Model, can_observe
from keydiff_cli.planning.memory import Plan
from keydiff_cli.policies import choose_policy
from keydiff_cli.reading.archiving import open_archivist
from keydiff_cli.reading.held import Held, hold_documents
from keydiff_cli.reading.preparation import (
    Prepared,
    begin,
    check_plan,
    load_model,
    open_cache,
    plan_for,
    sketch_model,
    with_checksum,
)
from keydiff_cli.reading.reach import require_queries
from keydiff_cli.reading.resume import Start, find_start, make_key, take_up, unevicted_room
from keydiff_cli.reading.run import Run
from keydiff_cli.reading.skimming import skim_documents
from keydiff_cli.report import Progress
from keydiff_cli.snapshots import ArchiveForm, Archivist, Keeper, Label
from keydiff_cli.text.blocks import Block
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
    quick
        Whether they are only searched.
    """

    sources: Sources
    question: str | None
    talk: bool
    quick: bool = False


@dataclass(frozen=True)
class _Planned:
    """A reading that can begin as soon as the model is loaded.

    Attributes
    ----------
    plan
        The plan of the memory.
    start
        What it goes on from.
    budget
        Tokens that may stay, if any have to go.
    longest
        Tokens of the longest text that the model was made for.
    direct
        Whether the plan counts on evictions that need no copy of the cache.
    process
        Bytes of this process before it read anything.
    """

    prepared: Prepared
    corpus: Corpus
    plan: Plan
    start: Start
    budget: int
    longest: int
    direct: bool
    process: int

    @property
    def kept(self) -> int:
        """Tokens that may stay: the plan may have room for more than what is gone on from."""
        return min(self.plan.budget, self.start.key.budget or self.plan.budget)

    def anew(self, run: Run, policy: Policy) -> _Planned:
        """The same, beginning anew by another policy."""
        self.start.close()
        key = make_key(run, self.prepared, policy, self.budget, self.longest)
        return replace(self, start=Start(policy, key, self.start.store))


def read_documents(run: Run, located: models.LocatedModel, request: Request) -> Held:
    """Read documents, or take them up from a snapshot.

    Raises
    ------
    KeydiffError
        Whatever stands in the way.
    """
    if request.quick and request.sources.paths:
        return skim_documents(run, located, request.sources, request.talk)
    with closing(sketch_model(run.settings, located.path)) as sketch:
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
    return _read(run, planned, opened.cache)


def _plan(run: Run, located: models.LocatedModel, sketch: Model, request: Request) -> _Planned:
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
    plan = planner.fit(corpus.read_to)
    budget, longest = planner.budget, sketch.longest_text(plan.cells)
    planned = _Planned(
        prepared=prepared,
        corpus=corpus,
        plan=plan,
        start=find_start(run, prepared, planner, corpus, longest),
        budget=budget,
        longest=longest,
        direct=planner.footprint.direct,
        process=planner.footprint.process,
    )
    if planned.start.budget > budget:
        larger = planner.plan(planned.start.budget)
        if sketch.longest_text(larger.cells) == longest:
            planned = replace(planned, plan=larger)
        else:
            planned = planned.anew(run, prepared.policy)
    check_plan(run, planned.plan)
    return planned


def _read(run: Run, planned: _Planned, cache: KVCache) -> Held:
    """Read what no snapshot has, and keep it."""
    prepared, corpus, start = planned.prepared, planned.corpus, planned.start
    beginning = take_up(run, prepared, start, cache)
    run.recorder.reading_began()

    def label() -> Label:
        question = prepared.question if start.policy.watch == "question" else None
        kept = cache.used - len(prepared.head)
        return Label(prepared.model.name, kept, question, list(map(asdict, corpus.documents)))

    keeper = Keeper(
        start.store,
        start.key,
        corpus,
        label,
        run.recorder.warn,
        beginning=beginning,
        shareable=unevicted_room(start.policy, planned.budget) > 0,
    )
    reused = 0 if beginning is None else beginning.tokens
    archivist = None
    room = start.policy.room(planned.kept)
    form = ArchiveForm.of(run.settings)
    if form is not None and corpus.read_to(room + 1) > room:
        archivist = open_archivist(run, cache, keeper, beginning, run.settings.block, form)
    _ingest(run, planned, cache, keeper, archivist, reused)
    return hold_documents(
        run,
        prepared,
        cache,
        corpus,
        start.key,
        label(),
        process=planned.process,
        archive=None if archivist is None or cache.intact else archivist.archive(),
        problem=keeper.problem,
    )


def _ingest(
    run: Run,
    planned: _Planned,
    cache: KVCache,
    keeper: Keeper,
    archivist: Archivist | None,
    reused: int,
) -> None:
    """Read the documents from token ``reused`` on, and let it be kept."""
    prepared, corpus = planned.prepared, planned.corpus
    plan, start = planned.plan, planned.start
    head, began = len(prepared.head), time.perf_counter()
    if not reused:
        read_head(cache, prepared.head, plan.block)

    def progress(block: Block) -> None:
        cells, place = cache.used - head, corpus.progress(block.stop)
        seconds = time.perf_counter() - began
        run.recorder.block_read(
            Progress(block.stop, block.stop - reused, seconds, place, cells, plan.budget)
        )
        keeper.after(block.stop, cache)

    def archive(block: Block) -> None:
        if archivist is not None:
            archivist.add(cache.rows.between(cache.position - len(block.ids), cache.position))

    try:
        read = ingest(
            cache,
            corpus.blocks(run.settings.block, reused),
            policy=start.policy,
            budget=planned.kept,
            question=prepared.asked,
            appended=archive,
            progress=progress,
        )
        keeper.finish(reused + read, cache)
    finally:
        keeper.close()
        run.recorder.reading_ended(time.perf_counter() - began, keeper.seconds, cache.times)
