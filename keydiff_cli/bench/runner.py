"""Runs the questions of a benchmark through the engine, one policy and budget after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from keydiff_cli.bench.contenders import Contender
from keydiff_cli.bench.events import BenchEvents, sample_name, too_long
from keydiff_cli.bench.records import Records
from keydiff_cli.bench.samples import Question, Text
from keydiff_cli.cache import KVCache
from keydiff_cli.engine.answer import Answer, Sampler
from keydiff_cli.engine.ingest import ingest, read_head
from keydiff_cli.errors import ModelError, UsageError
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import Context, Model, Tokens
from keydiff_cli.policies import POLICIES, find_policy, policy_version
from keydiff_cli.scores.keydiff import ROTATION_UNKNOWN
from keydiff_cli.system import machine
from keydiff_cli.text.blocks import Block, Tokenizer, blocks, cut_text
from keydiff_cli.text.prompts import Asked, build_prompt, prompt_tokens

Score = Callable[[Text, Question, str], float]


@dataclass(frozen=True)
class Options:
    """What the results depend on, besides texts, policies and budgets."""

    block: int
    threads: int
    kv_type: str
    max_tokens: int
    read_for: str | None = None  # policies read for this question instead of the one asked
    once: bool = False  # evict once, after reading


@dataclass(frozen=True)
class Task:
    """What is to be asked about a text (``document``: its tokens) under a policy and budget.

    ``part`` is the budget as a part of the text, if it was asked for like that.
    """

    text: Text
    document: Tokens
    policy: Policy
    budget: int | None
    part: str | None
    questions: Sequence[Question]

    @property
    def held(self) -> int:
        """Tokens of the document that are kept."""
        size = len(self.document)
        return size if self.budget is None else min(self.budget, size)


class Runner:
    """Answers questions with one model.

    Parameters
    ----------
    model
        Loaded with weights.
    score
        Scores an answer, 0 to 1.
    records
        What is answered already, and where answers go.
    events
        Told what goes on.
    """

    def __init__(
        self, model: Model, options: Options, score: Score, records: Records, events: BenchEvents
    ) -> None:
        self._model = model
        self._options = options
        self._score = score
        self._records = records
        self._events = events
        self._too_long: set[int | None] = set()  # lengths of texts that were warned of
        self._processor = machine.processor()
        self._prompt = build_prompt(model)
        self._tokenizer = Tokenizer(model)
        self._head, _ = prompt_tokens(model, self._prompt, "")
        self._read_for = None if options.read_for is None else self._asked(options.read_for)

    def run(self, texts: Iterable[Text], contenders: Sequence[Contender]) -> None:
        """Answer what is not in the records yet; each answer is recorded as soon as it is there."""
        texts = list(texts)
        self._total = len(contenders) * sum(len(text.questions) for text in texts)
        self._done = 0
        for text in texts:
            parts = cut_text([text.document])
            document = np.concatenate(
                [self._tokenizer(p, first=i == 0) for i, p in enumerate(parts)]
            )
            tasks = [
                self._task(text, document, contender, budget)
                for contender, budget in self._different(text, len(document), contenders)
            ]
            if tasks := [task for task in tasks if task.questions]:
                (self._read_once if self._options.once else self._stream)(tasks)

    def _different(
        self, text: Text, size: int, contenders: Sequence[Contender]
    ) -> list[tuple[Contender, int | None]]:
        """Those that differ, each with its budget for a text of ``size`` tokens.

        A budget may be given twice, as tokens and as a part of this text.
        """
        different: dict[tuple[str, int | None], Contender] = {}
        for one in contenders:
            different.setdefault((one.policy, one.tokens(text.length or size)), one)
        self._total -= (len(contenders) - len(different)) * len(text.questions)
        return [(contender, budget) for (_, budget), contender in different.items()]

    def _task(self, text: Text, document: Tokens, contender: Contender, budget: int | None) -> Task:
        policy = find_policy(contender.policy)
        version = policy_version(policy)

        # What an older version of the policy has answered is answered anew.
        missing = [
            question
            for question in text.questions
            if not self._records.has((question.id, policy.name, budget), version)
        ]
        self._done += len(text.questions) - len(missing)
        part = str(contender.budget) if isinstance(contender.budget, Fraction) else None
        task = Task(text, document, policy, budget, part, missing)
        if task.held < min(len(document), self._model.window):
            raise UsageError(
                f"--budget: {task.held} tokens are below the sliding window of this model; "
                f"use at least {self._model.window}"
            )
        return task

    def _stream(self, tasks: Sequence[Task]) -> None:
        """Evict while reading; what comes before any eviction is read once for all tasks."""
        document, first = tasks[0].document, tasks[0].questions[0]
        whole = Task(tasks[0].text, document, POLICIES["full"], None, None, [first])
        parts = self._blocks(document)
        room = max(task.policy.largest(task.held) for task in tasks)
        with self._cache(tasks, room + self._options.block) as cache:
            started = time.perf_counter()
            read_head(cache, self._head, self._options.block)
            shared, read = 0, time.perf_counter() - started
            for task in sorted(tasks, key=self._shared_blocks):
                started = time.perf_counter()
                self._read(cache, parts[shared : self._shared_blocks(task)], whole, first, None)
                shared = self._shared_blocks(task)
                read += time.perf_counter() - started
                trunk = cache.image(copy=True)
                self._evicting(cache, parts[shared:], task, read)
                cache.load(trunk)

    def _shared_blocks(self, task: Task) -> int:
        """Blocks at the beginning that are read alike under every policy."""
        if task.policy.watch == "stream":
            return 0
        return task.policy.room(task.held) // self._options.block

    def _evicting(self, cache: KVCache, parts: Sequence[Block], task: Task, read: float) -> None:
        """Read the rest, once for all questions or for each, and answer them."""
        alike = task.policy.watch != "question" or self._read_for is not None
        common = len(parts) if alike else 0
        started = time.perf_counter()
        self._read(cache, parts[:common], task, task.questions[0], self._read_for)
        read += time.perf_counter() - started
        mark = cache.mark()
        for question in task.questions:
            started = time.perf_counter()
            self._read(cache, parts[common:], task, question, self._asked(question.text))
            self._answer(cache, task, question, read + time.perf_counter() - started)
            cache.rewind(mark)
        cache.unmark()

    def _read_once(self, tasks: Sequence[Task]) -> None:
        """Read the whole text, and evict once for every task and question."""
        document, first = tasks[0].document, tasks[0].questions[0]
        whole = Task(tasks[0].text, document, POLICIES["full"], None, None, [first])
        *parts, last = self._blocks(document)
        with self._cache(tasks, len(document)) as cache:
            started = time.perf_counter()
            read_head(cache, self._head, self._options.block)
            self._read(cache, parts, whole, first, None)
            cache.append(last.ids, watch=any(task.policy.observes for task in tasks))
            read = time.perf_counter() - started
            mark = cache.mark()
            # Looking at a question replaces the queries of the last block: that comes second.
            for task in sorted(tasks, key=lambda task: task.policy.watch == "question"):
                policy = task.policy
                for question in task.questions:
                    if policy.watch == "question":
                        asked = self._read_for or self._asked(question.text)
                        asked = asked.cut(cache.context.batch)
                        cache.look(asked.ids, asked.lead)
                    cache.evict(cache.pinned_rows + policy.largest(task.held), policy)
                    self._answer(cache, task, question, read)
                    cache.rewind(mark)

    def _blocks(self, document: Tokens) -> list[Block]:
        return list(blocks([document], self._options.block, len(self._head)))

    def _asked(self, question: str) -> Asked:
        return prompt_tokens(self._model, self._prompt, question)[1]

    @contextmanager
    def _cache(self, tasks: Sequence[Task], cells: int) -> Iterator[KVCache]:
        """A cache with so many cells for the document, and room for questions and answers."""
        options = self._options
        asked = [self._asked(question.text) for task in tasks for question in task.questions]
        if self._read_for is not None:
            asked.append(self._read_for)
        context = Context(
            self._model,
            cells=len(self._head) + cells + max(len(one.ids) for one in asked) + options.max_tokens,
            batch=options.block,
            kv_type=options.kv_type,
            threads=options.threads,
            observe=any(task.policy.observes for task in tasks),
        )
        text, tokens = tasks[0].text, len(tasks[0].document)
        longest = self._model.longest_text(context.cells)
        if len(self._head) + tokens > longest > 0 and text.length not in self._too_long:
            self._too_long.add(text.length)
            self._events.warning(too_long(tokens, longest))
        with closing(context):
            cache = KVCache(context)
            if any(task.policy.prerope for task in tasks) and not cache.shows_rotations():
                raise ModelError(ROTATION_UNKNOWN)
            yield cache

    def _read(
        self,
        cache: KVCache,
        parts: Sequence[Block],
        task: Task,
        question: Question,
        asked: Asked | None,
    ) -> None:
        name = sample_name(question.id, task.policy.name, task.budget)

        def progress(block: Block) -> None:
            tokens = block.start - len(self._head) + len(block.ids)
            doing = f"{name}, reading {tokens} of {len(task.document)} tokens"
            self._events.working(doing, self._done, self._total)

        ingest(
            cache, parts, policy=task.policy, budget=task.held, question=asked, progress=progress
        )

    def _answer(self, cache: KVCache, task: Task, question: Question, read: float) -> None:
        """Answer a question after ``read`` seconds of reading, and record it."""
        kept = cache.used - len(self._head)
        started = time.perf_counter()
        answer = Answer(
            cache,
            self._asked(question.text),
            max_tokens=self._options.max_tokens,
            sampler=Sampler(),
        )
        said = "".join(answer)
        score = self._score(task.text, question, said)
        record: dict[str, Any] = {
            "id": question.id,
            "text": task.text.id,
            "task": task.text.task,
            "length": task.text.length,
            "depth": question.depth,
            "policy": task.policy.name,
            "policy_version": policy_version(task.policy),
            "budget": task.budget,
            "part": task.part,
            "document_tokens": len(task.document),
            "kept": kept,
            "question": question.text,
            "references": list(question.references),
            "answer": said,
            "stop_reason": answer.stop_reason,
            "certainty": round(answer.certainty, 4),
            "score": score,
            "processor": self._processor,
            "read_s": round(read, 3),
            "answer_s": round(time.perf_counter() - started, 3),
        }
        self._records.add(record)
        self._done += 1
        name = sample_name(question.id, task.policy.name, task.budget)
        self._events.finished_sample(f"{name}: {score:.2f}", self._done, self._total)
