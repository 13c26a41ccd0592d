"""Asks questions about documents in the way of ``keydiff ask``, and records the answers."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from fractions import Fraction

from keydiff_cli.bench.asked_documents import AskedDocument, AskedQuestion
from keydiff_cli.bench.bench_events import BenchEvents, sample_name
from keydiff_cli.bench.contenders import Contender
from keydiff_cli.bench.exams import Exam
from keydiff_cli.bench.records import Record, Records
from keydiff_cli.bench.variants import Variant
from keydiff_cli.bench.ways import Trial
from keydiff_cli.llama import Model
from keydiff_cli.policies import find_policy
from keydiff_cli.reading.preparation import locate_model, sketch_model
from keydiff_cli.reading.reader import Reader
from keydiff_cli.reading.recognising import ocr_of
from keydiff_cli.report import Events, Progress, Report
from keydiff_cli.settings.config import Settings
from keydiff_cli.system import machine
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.sources import Sources


class Asking:
    """Answers questions about documents with one model.

    Parameters
    ----------
    settings
        What is alike for all of them.
    variants
        What the questions get, in turn.
    records
        What is answered already, and where answers go.
    exam
        How they are asked, and their answers marked.
    events
        Told what goes on.
    """

    def __init__(
        self,
        settings: Settings,
        variants: Sequence[Variant],
        records: Records,
        exam: Exam,
        events: BenchEvents,
    ) -> None:
        self._exam = exam
        self._settings = replace(
            settings,
            policy=None,
            budget=None,
            length=None,
            format="text",
            temperature=0.0,
            cache=True,
        )
        self._variants = tuple(variants)
        self._records = records
        self._events = events
        self._processor = machine.processor()
        self._done = self._total = 0

    def run(self, documents: Sequence[AskedDocument], contenders: Sequence[Contender]) -> None:
        """Answer what is not in the records yet; each answer is recorded as soon as it is there."""
        located = locate_model(self._settings, self._events)
        with closing(sketch_model(self._settings, located.path)) as sketch:
            trials = [
                trial
                for document in documents
                for trial in self._trials(document, contenders, sketch)
            ]
        self._total = sum(len(trial.document.questions) * len(trial.variants) for trial in trials)
        events = _Told(self._events, self._working)
        with Reader(self._settings, events) as reader:
            for trial in trials:
                self._try(reader, trial)

    def _working(self, what: str) -> None:
        self._events.working(what, self._done, self._total)

    def _trials(
        self, document: AskedDocument, contenders: Sequence[Contender], sketch: Model
    ) -> Iterator[Trial]:
        cached = tuple(variant for variant in self._variants if not variant.alone)
        parts = any(isinstance(contender.budget, Fraction) for contender in contenders)
        size = self._size(document, sketch) if cached and parts else 0
        budgets: set[tuple[str, int | None]] = set()
        for contender in contenders if cached else ():
            policy, budget = find_policy(contender.policy), contender.tokens(size)
            if (policy.name, budget) in budgets:
                continue  # given twice: as tokens, and as a part of this document
            budgets.add((policy.name, budget))
            part = str(contender.budget) if isinstance(contender.budget, Fraction) else None
            # Where everything is in the cache, nothing is recalled and nothing looked up.
            whole = tuple(dict.fromkeys(variant.of_a_whole() for variant in cached))
            variants = cached if policy.scorer is not None else whole
            yield Trial(document, policy, budget, part, variants)
        if alone := tuple(variant for variant in self._variants if variant.alone):
            yield Trial(document, None, None, None, alone)

    def _size(self, document: AskedDocument, sketch: Model) -> int:
        """The tokens of a document."""
        self._working(f"{document.path.name}, counting its tokens")
        ocr = ocr_of(self._settings, self._events)
        with closing(Sources([str(document.path)], io.BytesIO(), ocr)) as sources:
            return Corpus(sources.documents(), sketch).read_all()

    def _try(self, reader: Reader, trial: Trial) -> None:
        missing: dict[AskedQuestion, list[Variant]] = {}
        for question in trial.document.questions:
            for variant in trial.variants:
                if self._records.has(trial.key(question, variant), trial.version):
                    self._done += 1
                else:
                    missing.setdefault(question, []).append(variant)
        alike = trial.policy is None or trial.policy.watch != "question"
        if alike and missing:
            self._read(reader, trial, None)
        for question, left in missing.items():
            if not alike:
                self._read(reader, trial, question.text)
            for variant in left:
                self._ask(reader, trial, question, variant)

    def _read(self, reader: Reader, trial: Trial, question: str | None) -> None:
        self._working(f"{trial.document.path.name} {trial.name}, loading the model")
        reader.read(
            [trial.document.path],
            question=question,
            settings=trial.settings(self._settings),
            quick=trial.policy is None,
        )

    def _ask(self, reader: Reader, trial: Trial, question: AskedQuestion, variant: Variant) -> None:
        """Answer a question, and record it."""
        name = sample_name(trial.document.id(question), trial.name, trial.budget)
        self._working(f"{name}, {variant.name}")
        reader.settings = variant.applied(reader.settings)
        started = time.perf_counter()
        answer = self._exam.answer(reader, question, variant)
        seconds = time.perf_counter() - started
        marks = self._exam.marks(trial.document, question, answer)
        asked = {
            **trial.about(question, variant),
            "answer": answer,
            **marks,
            "answer_s": round(seconds, 3),
            "processor": self._processor,
        }
        self._records.add(asked | _reported(reader.report, variant))
        self._done += 1
        verdict = self._exam.verdict(marks)
        self._events.finished_sample(f"{name}, {variant.name}: {verdict}", self._done, self._total)


def _reported(report: Report, variant: Variant) -> Record:
    """What a record has of the report of its answer."""
    tokens, timing = report.tokens, report.timing_s
    return {
        "document_tokens": tokens.document,
        "kept": tokens.kept,
        "stop_reason": report.stop_reason,
        "certainty": round(report.certainty, 4),
        "recalled": report.recall.tokens,
        "recall_s": round(report.recall.seconds, 3),
        "second_look": [asdict(look) for look in report.second_look],
        "notes_s": round(timing.notes, 3) if variant.notes else 0.0,  # else an earlier answer's
        "first_token_s": round(timing.first_token, 3),
        # Only of a whole reading: it may have been taken up, or there was none.
        "read_s": None if report.quick or tokens.reused else round(timing.ingest, 3),
    }


class _Told(Events):
    """Passes on what a reading tells to the events of a benchmark; a warning once.

    Parameters
    ----------
    working
        Told what goes on.
    """

    def __init__(self, events: BenchEvents, working: Callable[[str], None]) -> None:
        self._events = events
        self._working = working
        self._warned: set[str] = set()

    def write_setting(self, name: str, value: str | None) -> str:
        return self._events.write_setting(name, value)

    def warning(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            self._events.warning(text)

    def fetching(self, done: int, total: int) -> None:
        self._events.fetching(done, total)

    def reading(self, progress: Progress) -> None:
        name = "" if progress.place is None else f"{progress.place.name}, "
        self._working(f"{name}{progress.tokens} tokens read")
