"""What a reading begins with: the model and its prompt, a plan, and a cache as planned."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np

from keydiff_cli import models
from keydiff_cli.cache import KVCache
from keydiff_cli.errors import ModelError
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import Context, Model, Tokens, can_observe
from keydiff_cli.planning.footprint import Footprint
from keydiff_cli.planning.memory import Plan, Planner
from keydiff_cli.planning.placement import placement_of
from keydiff_cli.policies import BLIND, as_cached, find_policy
from keydiff_cli.report import Events, Report
from keydiff_cli.settings.config import Settings, cache_path
from keydiff_cli.system import machine
from keydiff_cli.system.sizes import format_size
from keydiff_cli.text.prompts import (
    DEFAULT_SYSTEM,
    TALK_SYSTEM,
    Asked,
    Prompt,
    build_prompt,
    prompt_tokens,
)

_FEW = 32  # cells and tokens, of a context that shows how it computes


def locate_model(settings: Settings, events: Events) -> models.LocatedModel:
    """The model file, fetched first if it is in the catalogue and not here yet."""
    return models.require(
        settings.model,
        models.models_dir(settings.models_dir),
        offline=settings.offline,
        progress=events.fetching,
        log=events.note,
    )


def make_prompt(model: Model, settings: Settings, *, documents: bool = True) -> Prompt:
    """The prompt around documents and questions."""
    return build_prompt(model, system_prompt(settings, documents=documents))


def system_prompt(settings: Settings, *, documents: bool = True) -> str:
    """The system prompt of the settings, or the built-in one."""
    if settings.system is not None:
        return settings.system
    return DEFAULT_SYSTEM if documents else TALK_SYSTEM


def model_checksum(path: Path) -> str:
    """SHA-256 of a model file, remembered while the file stays as it is."""
    return models.checksum(path, cache_path() / "checksums")


def knows_rotations(model: Model, kv_type: str) -> bool:
    """Whether it is known how a model rotates the keys of each layer; found out without weights."""
    with closing(Context(model, cells=_FEW, batch=_FEW, kv_type=kv_type)) as context:
        tensors = context.cache_tensors()
        if tensors is None or not tensors.keys() <= context.rotations().keys():
            return False
    # On other devices layers cannot be told from those with a window.
    return not model.window or all(key.host for key, _ in tensors.values())


class Preparation:
    """The way from a model to a cache that documents can be read into.

    Parameters
    ----------
    report
        Filled in as it goes on.
    stack
        Closes what is held.
    process
        Bytes of this process before it read anything, if it has.
    checksum
        Report the model's SHA-256 even if nothing else needs it.

    Attributes
    ----------
    settings, events, report
        As given.
    process : int
        Bytes of this process before it read anything, once that is known.
    policy : Policy
        By which tokens are evicted: what was asked for, what the snapshot that is taken up was
        made with, or what is left where queries are out of reach.
    question : str or None
        To read for, if it is known.
    prompt : Prompt
        Around documents and questions; it and its tokens are there after :meth:`begin`.
    head : int32 ``[tokens]``
        What comes before the documents.
    asked : Asked
        The question, as tokens.
    """

    def __init__(
        self,
        settings: Settings,
        events: Events,
        report: Report,
        stack: ExitStack,
        *,
        process: int | None = None,
        checksum: bool = False,
    ) -> None:
        self.settings = settings
        self.events = events
        self.report = report
        self.process = process
        self.policy = find_policy(BLIND)
        self.question: str | None = None
        self.prompt = Prompt("", "", "")
        self.head: Tokens = np.empty(0, np.int32)
        self.asked = Asked(self.head, 0)
        self._rotations = True  # known of the model, as far as one can tell
        self._taken_up = False
        self._stack = stack
        self._checksum = checksum

    def warn(self, text: str) -> None:
        """Report something that may change an answer."""
        self.report.warnings.append(text)
        self.events.warning(text)

    def begin(
        self,
        located: models.LocatedModel,
        model: Model,
        policy: Policy,
        question: str | None,
        *,
        documents: bool,
        taken_up: bool = False,
    ) -> None:
        """Describe the model, and make the prompt; documents are to be read, or ``taken_up``.

        Raises
        ------
        ModelError
            If there can be no prompt; or if queries are out of reach and the policy that needs
            them was asked for: any other one is replaced, with a warning.
        """
        self.policy, self.question, self._taken_up = policy, question, taken_up
        sha256 = located.sha256
        if sha256 is None and (taken_up or self._checksum or self.settings.cache):
            sha256 = model_checksum(located.path)
        self.report.model = {
            "name": located.name,
            "path": str(located.path),
            "sha256": sha256,
            "architecture": model.architecture,
            "trained_context": model.trained_context,
            "gpu_layers": min(model.elsewhere, model.layers + 1),
        }
        self.prompt = make_prompt(model, self.settings, documents=documents)
        self.head, self.asked = prompt_tokens(model, self.prompt, self.question or "")
        self.report.tokens["prompt"] = len(self.head) + len(self.asked.ids)
        if self.policy.watch != "nothing" and not can_observe():
            self.policy = self._without_queries()
        if self.policy.prerope and not taken_up:
            self._rotations = knows_rotations(model, self.settings.kv_type)
            self.policy = self._with_rotations(self.policy)

    def within_reach(self, policy: Policy) -> Policy:
        """The policy, on keys as they are cached if it is not known how the model rotates them."""
        return policy if self._rotations or not policy.prerope else as_cached(policy)

    def _with_rotations(self, policy: Policy) -> Policy:
        """The policy within reach, with a warning if that is another one."""
        if (found := self.within_reach(policy)) is not policy:
            self.warn(
                "how this model rotates its keys is out of reach, so they are compared as they "
                "are cached, which loses more of the middle of a text"
            )
        return found

    def _without_queries(self) -> Policy:
        """The policy to take where queries are out of reach, unless one was asked for."""
        problem = "the queries of this model are out of reach"
        if self.settings.policy is not None:
            raise ModelError(f"{problem}; use --policy {BLIND}")
        self.warn(f"{problem}, so it is read by {BLIND}, which does not know the question")
        return find_policy(BLIND)

    def planner(self, model: Model, talk: bool) -> Planner:
        """What plans for this model; with ``talk`` there are to be more questions than one."""
        settings, policy = self.settings, self.policy
        if policy.scorer is None and settings.budget is not None:
            self.warn(f"the budget of {settings.budget} tokens does not apply to --policy full")
        blind = self.question is None and settings.policy is None and not model.window
        planner = Planner(
            model,
            settings,
            policy,
            head=len(self.head),
            question=None if self.question is None else len(self.asked.ids),
            talk=talk,
            observe=blind and can_observe(),  # a budget that a reading for a question has, too
            process=self.process,
        )
        self.process = planner.footprint.process
        return planner

    def check_plan(self, plan: Plan) -> None:
        """Report a plan, and warn if there is not that much memory."""
        self.report.memory_bytes.update(cap=self.settings.memory, planned=plan.total)
        if plan.total > (usable := machine.usable_memory()):
            self.warn(
                f"{format_size(plan.total)} are planned, but only {format_size(usable)} "
                "are free; give a smaller --memory"
            )

    def sketch(self, path: Path) -> Model:
        """The model without weights: it can tokenise and be planned for."""
        return Model(path, weights=False, placement=placement_of(self.settings))

    def load(self, path: Path) -> Model:
        """The model, closed with the stack."""
        started = time.perf_counter()
        model = Model(path, placement=placement_of(self.settings))
        self._stack.enter_context(closing(model))
        self.report.timing_s["load"] = time.perf_counter() - started
        return model

    def open_cache(self, model: Model, plan: Plan, footprint: Footprint) -> KVCache:
        """A context with the planned cells, and its cache; closed with the stack.

        Raises
        ------
        ModelError
            If the model's cache is of an unknown kind, or as :meth:`begin` says of queries.
        """
        started = time.perf_counter()
        context = Context(
            model,
            cells=plan.cells,
            batch=plan.block,
            kv_type=self.settings.kv_type,
            threads=self.settings.threads or machine.physical_cores(),
            observe=self.policy.observes,
        )
        self._stack.enter_context(closing(context))
        cache = KVCache(context)
        if self.policy.watch != "nothing" and not cache.shows_queries():
            self.policy = self._without_queries()
        if self.policy.prerope and not (self._taken_up or cache.shows_rotations()):
            self._rotations = False
            self.policy = self._with_rotations(self.policy)
        if cache.access == "copy" and footprint.direct:
            self.warn(
                "the cache can be reached by copying only, which takes up to "
                f"{format_size(plan.kv)} more memory than planned"
            )
        self.report.timing_s["load"] += time.perf_counter() - started
        self.report.cache = {
            "policy": self.policy.name,
            "budget": plan.budget,
            "block": plan.block,
            "cells": context.cells,
            "bytes": plan.kv,
            "kv_type": self.settings.kv_type,
            "access": cache.access,
        }
        return cache
