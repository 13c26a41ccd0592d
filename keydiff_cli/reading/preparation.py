"""What a reading begins with: the model and its prompt, a plan, and a cache as planned."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from keydiff_cli import models
from keydiff_cli.cache import KVCache
from keydiff_cli.engine.recall import QueryHead
from keydiff_cli.engine.setup import open_engine
from keydiff_cli.engine.support import Weights
from keydiff_cli.errors import setting
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import Model, Tokens
from keydiff_cli.planning.memory import Plan
from keydiff_cli.planning.placement import placement_of
from keydiff_cli.planning.planner import Planner, observes
from keydiff_cli.reading.positions import compaction_of
from keydiff_cli.reading.reach import knows_rotations, require_queries, without_rotations
from keydiff_cli.reading.run import Run
from keydiff_cli.report import CacheSetup, Events, ModelIdentity
from keydiff_cli.settings.config import Settings
from keydiff_cli.system import machine
from keydiff_cli.system.folders import user_cache_folder
from keydiff_cli.system.sizes import format_size
from keydiff_cli.text.prompts import Asked, Prompt, build_prompt, prompt_tokens, system_prompt


@dataclass(frozen=True)
class Prepared:
    """A model, and the prompt around what it is to read.

    Attributes
    ----------
    model
        Which one it is.
    policy
        The policy that was asked for, as far as it is within reach.
    question
        The question to read for, if it is known.
    prompt
        The prompt around documents and questions.
    head
        What comes before the documents: int32 ``[tokens]``.
    asked
        The question, as tokens.
    windowed
        Whether layers of the model have a sliding window.
    retrieval_heads
        The query heads of the model that find passages best, if that is known.
    support
        How what shows whether a document answers a question is weighed, if that is known.
    """

    model: ModelIdentity
    policy: Policy
    question: str | None
    prompt: Prompt
    head: Tokens
    asked: Asked
    windowed: bool = False
    retrieval_heads: tuple[QueryHead, ...] = ()
    support: Weights | None = None


@dataclass(frozen=True)
class Opened:
    """A cache as planned, and the policy that it is within reach of."""

    cache: KVCache
    policy: Policy


def locate_model(settings: Settings, events: Events) -> models.LocatedModel:
    """The model file, fetched first if it is in the catalogue and not here yet."""
    return models.require(
        settings.model,
        models.models_dir(settings.models_dir),
        offline=settings.offline,
        progress=events.fetching,
        log=events.note,
    )


def model_checksum(path: Path) -> str:
    """SHA-256 of a model file, remembered while the file stays as it is."""
    return models.checksum(path, user_cache_folder() / "checksums")


def with_checksum(located: models.LocatedModel) -> models.LocatedModel:
    """The model file with its SHA-256, whatever that takes."""
    return replace(located, sha256=located.sha256 or model_checksum(located.path))


def sketch_model(settings: Settings, path: Path) -> Model:
    """The model without weights: it can tokenise and be planned for."""
    return Model(path, weights=False, placement=placement_of(settings))


def sketched(run: Run, path: Path) -> AbstractContextManager[Model]:
    """A model to tokenise with and to plan for, until it is loaded."""
    return run.models.sketch(path, placement_of(run.settings))


def begin(
    run: Run,
    located: models.LocatedModel,
    sketch: Model,
    policy: Policy,
    question: str | None,
    *,
    documents: bool,
    taken_up: bool = False,
) -> Prepared:
    """Make the prompt, and find out whether the policy is within reach.

    Parameters
    ----------
    sketch
        The model without weights.
    documents
        Whether there are any.
    taken_up
        Whether they were read already, and come from a file.

    Raises
    ------
    ModelError
        If there can be no prompt.
    """
    settings = run.settings
    identity = ModelIdentity(
        name=located.name,
        path=str(located.path),
        sha256=located.sha256,
        architecture=sketch.architecture,
        trained_context=sketch.trained_context,
        gpu_layers=min(sketch.elsewhere, sketch.layers + 1),
    )
    run.recorder.model_known(identity)
    system = system_prompt(settings.system, documents=documents)
    prompt = build_prompt(sketch, system, think=settings.think)
    head, asked = prompt_tokens(sketch, prompt, question or "")
    run.recorder.prompt_made(len(head) + len(asked.ids))
    if policy.prerope and not (taken_up or knows_rotations(sketch, settings.kv_type)):
        policy = without_rotations(run, policy)
    heads, support = _measured(located.entry)
    windowed = sketch.window > 0
    return Prepared(identity, policy, question, prompt, head, asked, windowed, heads, support)


def _measured(
    entry: models.CatalogueEntry | None,
) -> tuple[tuple[QueryHead, ...], Weights | None]:
    """What was measured of a model: heads that find passages, weights of what shows support."""
    if entry is None:
        return (), None
    heads = tuple(QueryHead(layer, number) for layer, number in entry.retrieval_heads)
    return heads, None if entry.support is None else Weights(**entry.support)


def plan_for(
    run: Run,
    model: Model,
    prepared: Prepared,
    *,
    question: int | None = None,
    talk: bool = False,
    taken_up: bool = False,
) -> Planner:
    """What plans for a model, which may be a sketch.

    Parameters
    ----------
    question
        Tokens after the documents; None if they are not known yet.
    talk
        Whether there are to be more questions than that one.
    taken_up
        Whether what was read comes from a file.
    """
    return Planner(
        model,
        run.settings,
        prepared.policy,
        head=len(prepared.head),
        question=question,
        talk=talk,
        load=taken_up,
        process=run.process,
    )


def check_plan(run: Run, plan: Plan) -> None:
    """Report a plan, and warn if there is not that much memory."""
    run.recorder.memory_planned(plan.total)
    if plan.total > (usable := machine.usable_memory()):
        run.recorder.warn(
            f"{format_size(plan.total)} are planned, but only {format_size(usable)} "
            f"are free; give a smaller {setting('memory')}"
        )


def tell_budget(run: Run, plan: Plan) -> None:
    """Say so if the documents need no budget as large as the one that was asked for."""
    asked = run.settings.budget
    if asked is not None and plan.budget < asked:
        run.recorder.note(f"{asked} asked for; {plan.budget} are enough for this document")


def load_model(run: Run, path: Path) -> Model:
    """The model with its weights, which may have been loaded for an earlier reading."""
    started = time.perf_counter()
    model = run.models.load(path, placement_of(run.settings))
    run.recorder.engine_loaded(time.perf_counter() - started)
    return model


def open_cache(
    run: Run, model: Model, plan: Plan, policy: Policy, *, direct: bool, taken_up: bool = False
) -> Opened:
    """The cache as planned, closed in the end of the run.

    Parameters
    ----------
    policy
        The policy that the cache is to be evicted from by.
    direct
        Whether the plan counts on evictions that need no copy.
    taken_up
        Whether it is to hold what a file says, so that nothing of the documents is evicted.

    Raises
    ------
    ModelError
        If the model's cache is of an unknown kind, or as
        :func:`~keydiff_cli.reading.reach.require_queries` says.
    """
    started = time.perf_counter()
    settings = run.settings
    cache = open_engine(
        model,
        cells=plan.cells,
        block=plan.block,
        kv_type=settings.kv_type,
        threads=settings.threads,
        observe=observes(settings, policy),
        positions=partial(compaction_of, settings),
    )
    run.stack.enter_context(closing(cache.context))
    require_queries(policy, policy.watch == "nothing" or cache.shows_queries())
    if policy.prerope and not (taken_up or cache.shows_rotations()):
        policy = without_rotations(run, policy)
    if cache.access == "copy" and direct:
        run.recorder.warn(
            "the cache can be reached by copying only, which takes up to "
            f"{format_size(sum(cache.widths) * cache.context.cells)} more memory than planned"
        )
    run.recorder.engine_loaded(time.perf_counter() - started)
    run.recorder.cache_opened(
        CacheSetup(
            policy=policy.name,
            budget=plan.budget,
            block=plan.block,
            cells=cache.context.cells,
            bytes=plan.kv,
            kv_type=settings.kv_type,
            access=cache.access,
        )
    )
    return Opened(cache, policy)
