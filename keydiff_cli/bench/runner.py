"""Runs the questions of a benchmark through the engine, one policy and budget after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from fractions import Fraction
from functools import partial
from typing import Any

from keydiff_cli.bench.bench_events import BenchEvents, sample_name, too_long
from keydiff_cli.bench.contenders import Contender
from keydiff_cli.bench.records import Records
from keydiff_cli.bench.samples import Question, Text
from keydiff_cli.bench.tokens import text_tokens
from keydiff_cli.bench.trials import Conditions, Trial
from keydiff_cli.cache import KVCache
from keydiff_cli.engine.answer import Answer
from keydiff_cli.engine.ingest import ingest, read_head
from keydiff_cli.engine.sampling import Sampler
from keydiff_cli.engine.setup import open_engine
from keydiff_cli.errors import ModelError, UsageError, setting
from keydiff_cli.llama import Model, Tokens
from keydiff_cli.policies import find_policy, policy_version
from keydiff_cli.reading.positions import compaction_of
from keydiff_cli.scores.keydiff import ROTATION_UNKNOWN
from keydiff_cli.system import machine
from keydiff_cli.text.blocks import Block, blocks
from keydiff_cli.text.prompts import Asked, build_prompt, prompt_tokens
from keydiff_cli.text.tokenizer import Tokenizer

Score = Callable[[Text, Question, str], float]


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
        self, model: Model, options: Conditions, score: Score, records: Records, events: BenchEvents
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
            document = text_tokens(self._tokenizer, text.document)
            trials = [
                self._trial(text, document, contender, budget)
                for contender, budget in self._different(text, len(document), contenders)
            ]
            if trials := [trial for trial in trials if trial.questions]:
                (self._read_once if self._options.once else self._stream)(trials)

    def _different(
        self, text: Text, size: int, contenders: Sequence[Contender]
    ) -> list[tuple[Contender, int | None]]:
        """The contenders that differ, each with its budget for a text of ``size`` tokens.

        A budget may be given twice, as tokens and as a part of this text.
        """
        different: dict[tuple[str, int | None], Contender] = {}
        for contender in contenders:
            budget = contender.tokens(text.length or size)
            different.setdefault((contender.policy, budget), contender)
        self._total -= (len(contenders) - len(different)) * len(text.questions)
        return [(contender, budget) for (_, budget), contender in different.items()]

    def _trial(
        self, text: Text, document: Tokens, contender: Contender, budget: int | None
    ) -> Trial:
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
        trial = Trial(text, document, policy, budget, part, missing)
        if trial.held < min(len(document), self._model.window):
            raise UsageError(
                f"{setting('budget')}: {trial.held} tokens are below the sliding window of this "
                f"model; use at least {self._model.window}"
            )
        return trial

    def _stream(self, trials: Sequence[Trial]) -> None:
        """Evict while reading; what comes before any eviction is read once for all trials."""
        whole = trials[0].whole
        first, parts = whole.questions[0], self._blocks(whole.document)
        room = max(trial.policy.largest(trial.held) for trial in trials)
        with self._cache(trials, room + self._options.block) as cache:
            started = time.perf_counter()
            read_head(cache, self._head, self._options.block)
            shared, read = 0, time.perf_counter() - started
            for trial in sorted(trials, key=self._shared_blocks):
                started = time.perf_counter()
                self._read(cache, parts[shared : self._shared_blocks(trial)], whole, first, None)
                shared = self._shared_blocks(trial)
                read += time.perf_counter() - started
                trunk = cache.image(copy=True)
                self._evicting(cache, parts[shared:], trial, read)
                cache.load(trunk)

    def _shared_blocks(self, trial: Trial) -> int:
        """Blocks at the beginning that are read alike under every policy."""
        if trial.policy.watch == "stream":
            return 0
        return trial.policy.room(trial.held) // self._options.block

    def _evicting(self, cache: KVCache, parts: Sequence[Block], trial: Trial, read: float) -> None:
        """Read the rest, once for all questions or anew for each, and answer them."""
        alike = trial.policy.watch != "question" or self._read_for is not None
        common = len(parts) if alike else 0
        started = time.perf_counter()
        self._read(cache, parts[:common], trial, trial.questions[0], self._read_for)
        read += time.perf_counter() - started
        mark = cache.mark()
        for question in trial.questions:
            started = time.perf_counter()
            self._read(cache, parts[common:], trial, question, self._asked(question.text))
            self._answer(cache, trial, question, read + time.perf_counter() - started)
            cache.rewind(mark)
        cache.unmark()

    def _read_once(self, trials: Sequence[Trial]) -> None:
        """Read the whole text, and evict once for every trial and question."""
        whole = trials[0].whole
        *parts, last = self._blocks(whole.document)
        with self._cache(trials, len(whole.document)) as cache:
            started = time.perf_counter()
            read_head(cache, self._head, self._options.block)
            self._read(cache, parts, whole, whole.questions[0], None)
            cache.append(last.ids, watch=any(trial.policy.observes for trial in trials))
            read = time.perf_counter() - started
            mark = cache.mark()
            # Looking at a question replaces the queries of the last block: that comes second.
            for trial in sorted(trials, key=lambda trial: trial.policy.watch == "question"):
                policy = trial.policy
                for question in trial.questions:
                    if policy.watch == "question":
                        asked = self._read_for or self._asked(question.text)
                        asked = asked.cut(cache.context.batch)
                        cache.look(asked.ids, asked.lead)
                    cache.evict(cache.pinned_rows + policy.largest(trial.held), policy)
                    self._answer(cache, trial, question, read)
                    cache.rewind(mark)

    def _blocks(self, document: Tokens) -> list[Block]:
        return list(blocks(document, self._options.block))

    def _asked(self, question: str) -> Asked:
        return prompt_tokens(self._model, self._prompt, question)[1]

    @contextmanager
    def _cache(self, trials: Sequence[Trial], cells: int) -> Iterator[KVCache]:
        """An empty cache: ``cells`` cells for the document, and room for a question and answer."""
        options = self._options
        asked = [self._asked(question.text) for trial in trials for question in trial.questions]
        if self._read_for is not None:
            asked.append(self._read_for)
        most = max(len(question.ids) for question in asked)
        cache = open_engine(
            self._model,
            cells=len(self._head) + cells + most + options.max_tokens,
            block=options.block,
            kv_type=options.kv_type,
            threads=options.threads,
            observe=any(trial.policy.observes for trial in trials),
            positions=partial(compaction_of, options),
        )
        text, tokens = trials[0].text, len(trials[0].document)
        with closing(cache.context):
            longest = self._model.longest_text(cache.context.cells)
            count_on = cache.compaction is None or any(
                trial.policy.scorer is None for trial in trials
            )
            too_far = count_on and len(self._head) + tokens > longest > 0
            if too_far and text.length not in self._too_long:
                self._too_long.add(text.length)
                self._events.warning(too_long(tokens, longest))
            if any(trial.policy.prerope for trial in trials) and not cache.shows_rotations():
                raise ModelError(ROTATION_UNKNOWN)
            yield cache

    def _read(
        self,
        cache: KVCache,
        parts: Sequence[Block],
        trial: Trial,
        question: Question,
        asked: Asked | None,
    ) -> None:
        name = sample_name(question.id, trial.policy.name, trial.budget)
        for block in ingest(cache, parts, policy=trial.policy, budget=trial.held, question=asked):
            doing = f"{name}, reading {block.stop} of {len(trial.document)} tokens"
            self._events.working(doing, self._done, self._total)

    def _answer(self, cache: KVCache, trial: Trial, question: Question, read: float) -> None:
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
        score = self._score(trial.text, question, said)
        record: dict[str, Any] = {
            "id": question.id,
            "text": trial.text.id,
            "task": trial.text.task,
            "length": trial.text.length,
            "depth": question.depth,
            "policy": trial.policy.name,
            "policy_version": policy_version(trial.policy),
            "budget": trial.budget,
            "part": trial.part,
            "document_tokens": len(trial.document),
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
        name = sample_name(question.id, trial.policy.name, trial.budget)
        self._events.finished_sample(f"{name}: {score:.2f}", self._done, self._total)
