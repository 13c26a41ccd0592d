"""Runs the questions of a benchmark through the engine, one policy and budget after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from keydiff_cli.answer import Answer, Sampler
from keydiff_cli.bench.events import BenchEvents, sample_name
from keydiff_cli.bench.records import Records
from keydiff_cli.bench.samples import Question, Text
from keydiff_cli.blocks import Block, Tokenizer, blocks, cut_text
from keydiff_cli.cache import KVCache
from keydiff_cli.errors import UsageError
from keydiff_cli.ingest import ingest, read_head
from keydiff_cli.llama import Context, Model, Tokens
from keydiff_cli.policies import find_policy
from keydiff_cli.prompts import build_prompt, prompt_tokens

Score = Callable[[Text, Question, str], float]


@dataclass(frozen=True)
class Contender:
    """A policy with a budget, in tokens or as a part of the text; None if it evicts nothing."""

    policy: str
    budget: int | Fraction | None

    def tokens(self, length: int) -> int | None:
        """The budget for a text of ``length`` tokens."""
        if isinstance(self.budget, Fraction):
            return max(int(self.budget * length), 1)
        return self.budget


@dataclass(frozen=True)
class Options:
    """What the results depend on, besides texts, policies and budgets."""

    block: int
    threads: int
    kv_type: str
    max_tokens: int
    read_for: str | None = None  # policies read for this question instead of the one asked


@dataclass(frozen=True)
class Reading:
    """A text, its tokens, and the policy and budget to read it with (``held``: with tokens)."""

    text: Text
    document: Tokens
    policy: str
    budget: int | None
    held: int


class Runner:
    """Answers questions with one model.

    Parameters
    ----------
    model
        Loaded with weights.
    score
        Scores an answer, 0 to 1.
    events
        Told what goes on.
    """

    def __init__(self, model: Model, options: Options, score: Score, events: BenchEvents) -> None:
        self._model = model
        self._options = options
        self._score = score
        self._events = events
        self._prompt = build_prompt(model)
        self._tokenizer = Tokenizer(model)
        self._window = model.window

    def run(
        self,
        texts: Iterable[Text],
        contenders: Sequence[Contender],
        records: Records,
    ) -> None:
        """Answer what is not in the records yet; each answer is recorded as soon as it is there."""
        texts = list(texts)
        self._total = len(contenders) * sum(len(text.questions) for text in texts)
        self._done = 0
        for text in texts:
            document = self._tokens(text.document)
            for contender in contenders:
                budget = contender.tokens(text.length or len(document))
                missing = [
                    question
                    for question in text.questions
                    if (question.id, contender.policy, budget) not in records.done
                ]
                self._done += len(text.questions) - len(missing)
                if missing:
                    held = len(document) if budget is None else min(budget, len(document))
                    reading = Reading(text, document, contender.policy, budget, held)
                    self._read_and_ask(reading, missing, records)

    def _tokens(self, text: str) -> Tokens:
        parts = [self._tokenizer(part, first=i == 0) for i, part in enumerate(cut_text([text]))]
        return np.concatenate(parts)

    def _read_and_ask(
        self,
        reading: Reading,
        questions: Sequence[Question],
        records: Records,
    ) -> None:
        """Read once what does not depend on the question, and the rest once for each."""
        options, policy, budget = self._options, find_policy(reading.policy), reading.budget
        head, _ = prompt_tokens(self._model, self._prompt, "")
        asked = [
            prompt_tokens(self._model, self._prompt, question.text)[1] for question in questions
        ]
        if policy.scorer is not None and reading.held < min(len(reading.document), self._window):
            raise UsageError(
                f"--budget: {reading.held} tokens are below the sliding window of this model; "
                f"use at least {self._window}"
            )
        parts = list(blocks([reading.document], options.block, len(head)))
        common = len(parts)
        read_for = None
        if options.read_for is not None:
            _, read_for = prompt_tokens(self._model, self._prompt, options.read_for)
        elif policy.watch == "question":
            common = min(policy.budgets(policy.largest(reading.held), 2)) // options.block
        room = max(len(tokens) for tokens in (*asked, read_for) if tokens is not None)
        with ExitStack() as stack:
            context = Context(
                self._model,
                cells=len(head)
                + policy.largest(reading.held)
                + options.block
                + room
                + options.max_tokens,
                batch=options.block,
                kv_type=options.kv_type,
                threads=options.threads,
                observe=policy.observes,
            )
            stack.enter_context(closing(context))
            cache = stack.enter_context(closing(KVCache(context)))

            def read_on(some: Sequence[Block], name: str, question: Tokens | None) -> None:
                def progress(block: Block) -> None:
                    tokens = block.start - len(head) + len(block.ids)
                    self._events.working(
                        f"{sample_name(name, policy.name, budget)}, "
                        f"reading {tokens} of {len(reading.document)} tokens",
                        self._done,
                        self._total,
                    )

                ingest(
                    cache,
                    some,
                    policy=policy,
                    budget=reading.held,
                    question=question,
                    progress=progress,
                )

            started = time.perf_counter()
            read_head(cache, head, options.block)
            read_on(parts[:common], questions[0].id, read_for)
            first = time.perf_counter() - started
            mark = cache.mark()
            for question, tokens in zip(questions, asked, strict=True):
                started = time.perf_counter()
                read_on(parts[common:], question.id, tokens)
                read = time.perf_counter()
                kept = cache.used - len(head)
                answer = Answer(
                    cache,
                    tokens,
                    policy=policy,
                    block=options.block,
                    max_tokens=options.max_tokens,
                    sampler=Sampler(),
                )
                said = "".join(answer)
                cache.rewind(mark)
                record: dict[str, Any] = {
                    "id": question.id,
                    "text": reading.text.id,
                    "task": reading.text.task,
                    "length": reading.text.length,
                    "depth": question.depth,
                    "policy": policy.name,
                    "budget": budget,
                    "document_tokens": len(reading.document),
                    "kept": kept,
                    "question": question.text,
                    "references": list(question.references),
                    "answer": said,
                    "stop_reason": answer.stop_reason,
                    "score": self._score(reading.text, question, said),
                    "read_s": round(first + read - started, 3),
                    "answer_s": round(time.perf_counter() - read, 3),
                }
                records.add(record)
                self._done += 1
                self._events.finished_sample(
                    f"{sample_name(question.id, policy.name, budget)}: {record['score']:.2f}",
                    self._done,
                    self._total,
                )
