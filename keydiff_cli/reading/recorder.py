"""What happens in a run, collected for its report and passed on to a front end."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

from keydiff_cli.cache import EvictionTimes
from keydiff_cli.engine.answer import Answer
from keydiff_cli.reading.composed import Composed
from keydiff_cli.reading.coverage import Numbers, Retention
from keydiff_cli.reading.evidence import Evidence
from keydiff_cli.report import (
    CacheSetup,
    CheckedFacts,
    Events,
    MemoryUse,
    ModelIdentity,
    Progress,
    Report,
    Timing,
    TokenCounts,
)
from keydiff_cli.system import machine
from keydiff_cli.system.sizes import format_size
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.places import Citation, Look, Note, Place, PlacedSentence


class Recorder:
    """Is told what happens, and derives the report from it.

    The steps of a run tell it things and ask it nothing.

    Parameters
    ----------
    events
        The front end, which is told as well.
    cap
        Bytes that the process is to stay under; None for no cap.
    """

    def __init__(self, events: Events, cap: int | None = None) -> None:
        self._events = events
        self.thought = events.thought  # is told what the model thinks aloud
        self._cap = cap
        self._corpus: Corpus | None = None
        self._model: ModelIdentity | None = None
        self._cache: CacheSetup | None = None
        self._tokens, self._timing = TokenCounts(), Timing()
        self._taken_up = 0.0  # seconds that a snapshot took
        self._evidence = Evidence()
        self._quick = self._over = False  # the latter: whether a peak above the cap was warned of
        self._notes: list[Note] = []
        self._sentences, self._uncovered = tuple[PlacedSentence, ...](), tuple[Place, ...]()
        self._citations: list[Citation] = []
        self._supported: tuple[str | None, float | None] = None, None
        self._memory, self._checked = MemoryUse(), CheckedFacts()
        self._warnings: list[str] = []
        self._told: set[str] = set()  # what the front end is told of once
        self._answer = self._thinking = ""
        self._certainty, self._stop_reason = 0.0, "interrupted"
        self._data: Any = None

    @property
    def report(self) -> Report:
        """The report of all that has happened so far."""
        documents = () if self._corpus is None else self._corpus.documents
        return Report(
            answer=self._answer,
            data=deepcopy(self._data),
            thinking=self._thinking,
            stop_reason=self._stop_reason,
            certainty=self._certainty,
            model=self._model,
            documents=tuple(map(deepcopy, documents)),  # reading goes on to fill them in
            cache=self._cache,
            tokens=self._tokens,
            timing_s=self._timing,
            recall=self._evidence.recall,
            second_look=self._evidence.looks,
            quick=self._quick,
            notes=tuple(self._notes),
            sentences=self._sentences,
            checked=self._checked,
            citations=tuple(self._citations),
            supported=self._supported[0],
            support=self._supported[1],
            uncovered=self._uncovered,
            coverage=self._evidence.coverage,
            memory_bytes=self._memory,
            warnings=tuple(self._warnings),
        )

    def warn(self, text: str) -> None:
        """Something may change answers; the front end is told once of the same."""
        text = self._events.named(text)
        self._warnings.append(text)
        if self._is_new(text):
            self._events.warning(text)

    def warn_of_answer(self, text: str) -> None:
        """Something is wrong with this answer, and may be with others, too."""
        text = self._events.named(text)
        self._warnings.append(text)
        self._events.warning(text)

    def forget_warnings(self) -> None:
        """Leave the warnings so far out of later reports."""
        self._warnings.clear()

    def note(self, text: str, *, once: bool = False) -> None:
        """The user should know something; ``once`` if it is not to be said again."""
        text = self._events.named(text)
        if not once or self._is_new(text):
            self._events.note(text)

    def _is_new(self, text: str) -> bool:
        """Whether the front end is to be told of a text, which it was not before."""
        known = text in self._told
        self._told.add(text)
        return not known

    def measure_peak(self) -> None:
        """Note the peak memory of the process; above the cap, warn of it once."""
        cap, peak = self._cap, machine.peak()
        self._memory = replace(self._memory, peak=peak)
        if cap is not None and peak > cap and not self._over:
            self._over = True
            self.warn(
                f"peak memory {format_size(peak)} passed the cap of {format_size(cap)}; "
                "please report it with the document's kind and size"
            )

    def run_ended(self, total: float) -> None:
        """So many seconds passed in all."""
        self._timing = replace(self._timing, total=total)

    # Reading --------------------------------------------------------------------------------

    def documents_opened(self, corpus: Corpus) -> None:
        """The documents are these."""
        self._corpus = corpus

    def model_known(self, model: ModelIdentity) -> None:
        """The model is this one."""
        self._model = model

    def prompt_made(self, tokens: int) -> None:
        """The prompt has so many tokens, those of the documents aside."""
        self._tokens = replace(self._tokens, prompt=tokens)

    def memory_planned(self, total: int) -> None:
        """So many bytes are planned, under the cap if there is one."""
        self._memory = replace(self._memory, cap=self._cap, planned=total)

    def engine_loaded(self, seconds: float) -> None:
        """So many seconds more were spent on loading the model and making room."""
        self._timing = replace(self._timing, load=self._timing.load + seconds)

    def cache_opened(self, cache: CacheSetup) -> None:
        """The cache is there."""
        self._cache = cache

    def snapshot_loaded(self, tokens: int, kept: int, seconds: float = 0.0) -> None:
        """The first tokens of the documents come from a snapshot, so many of them kept."""
        self._tokens = replace(self._tokens, document=tokens, reused=tokens, kept=kept)
        self._taken_up, self._timing = seconds, replace(self._timing, ingest=seconds)

    def reading_began(self) -> None:
        """Reading begins."""
        if self._model is not None and self._cache is not None:
            self._events.started(self._model, self._cache, self._memory)

    def block_read(self, progress: Progress) -> None:
        """A block was read."""
        self._tokens = replace(self._tokens, document=progress.tokens, kept=progress.cells)
        self._timing = replace(self._timing, ingest=self._taken_up + progress.seconds)
        self._events.reading(progress)

    def progress_over(self) -> None:
        """Reading is to go on later, or what there was progress of is over."""
        self._events.reading_over()

    def reading_ended(self, seconds: float, keeping: float, evictions: EvictionTimes) -> None:
        """Reading has ended, whole or not; seconds of it in all, of writing and of evicting."""
        ingest, score, evict = self._taken_up + seconds, evictions.score, evictions.move
        self._timing = replace(self._timing, ingest=ingest, keep=keeping, score=score, evict=evict)
        self._events.reading_over()
        for warning in [] if self._corpus is None else self._corpus.warnings:
            self.warn(warning)

    def documents_skimmed(self, tokens: int) -> None:
        """The text of the documents is there, so many tokens of it, and is not read."""
        self._quick = True
        self._tokens = replace(self._tokens, document=tokens)
        self._events.reading_over()
        for warning in [] if self._corpus is None else self._corpus.warnings:
            self.warn(warning)

    def documents_read(self, compactions: int) -> None:
        """The documents were read to their end, and so often rows got smaller positions."""
        self._stop_reason = "read"
        self._tokens = replace(self._tokens, compactions=compactions)

    def documents_held(self, retention: Retention | None) -> None:
        """The cache holds this of the documents for questions; None if nothing any more."""
        self._evidence = replace(self._evidence, retention=retention)

    def interrupted(self) -> None:
        """The user has stopped it."""
        self._events.reading_over()
        self._stop_reason = "interrupted"

    def noting_began(self) -> None:
        """Notes are to be made, or taken up."""
        self._notes = []
        self._timing = replace(self._timing, notes=0.0)

    def noting(self, done: int, total: int) -> None:
        """The next note is being made: so many of all are there."""
        self._events.noting(done, total)

    def asking(self, done: int, total: int) -> None:
        """The next part is being asked: so many of all have been."""
        self._events.asking(done, total)

    def noted(self, note: Note, seconds: float) -> None:
        """One more note is there, after so many seconds since the first was begun."""
        self._notes.append(note)
        self._timing = replace(self._timing, notes=seconds)

    # Answering ------------------------------------------------------------------------------

    def evidence_sought(self, prompt: int) -> None:
        """What bears on a question is looked for; the prompt has so many tokens with it."""
        self.question_asked(prompt)
        self._evidence, self._notes = Evidence(retention=self._evidence.retention), []
        self._sentences, self._checked, self._uncovered = (), CheckedFacts(), ()
        self._citations, self._supported = [], (None, None)

    def question_asked(self, prompt: int, begun: str = "") -> None:
        """A question is to be answered, from what was ``begun``; the prompt has so many tokens."""
        self._answer, self._thinking, self._data, self._stop_reason = begun, "", None, "interrupted"
        self._tokens = replace(self._tokens, prompt=prompt, generated=0)
        self._timing = replace(self._timing, first_token=0.0)

    def rows_recalled(self, tokens: Numbers, seconds: float) -> None:
        """The rows of these tokens came back, or were looked for, in so many seconds more."""
        self._evidence = self._evidence.with_recalled(tokens, seconds)

    def passages_found(
        self, looks: tuple[Look, ...], seconds: float, spans: tuple[tuple[int, int], ...] = ()
    ) -> None:
        """These passages, of these tokens, are read again; it took so long to find them."""
        self._evidence = replace(self._evidence, looks=looks, spans=spans, searching=seconds)

    def looked_at_all(self) -> None:
        """All of the documents is gone through for the question."""
        self._evidence = replace(self._evidence, all_looked_at=True)

    def text_generated(self, text: str, seconds: float) -> None:
        """A piece of the answer, so long after the question."""
        if not self._timing.first_token:
            self._timing = replace(self._timing, first_token=seconds + self._evidence.seconds)
        self._answer += text
        self._events.text(text)

    def cited(self, citations: tuple[Citation, ...], *, told: bool = False) -> None:
        """The latest sentence rests on these places, the best first; it may be ``told`` already."""
        self._citations += citations
        several = self._corpus is not None and len(self._corpus.documents) > 1
        if not told:
            self._events.cited(citations, several=several)

    def support_found(self, supported: str, probability: float) -> None:
        """Whether the documents answer the question, and how probable that is."""
        self._supported = supported, probability

    def answer_ended(self, answer: Answer, seconds: float, evictions: EvictionTimes) -> None:
        """The answer is over, whole or not; evictions since reading began took so long."""
        spent, score, evict = seconds + self._evidence.seconds, evictions.score, evictions.move
        self._timing = replace(self._timing, answer=spent, score=score, evict=evict)
        self._tokens = replace(self._tokens, generated=len(answer.tokens))
        self._certainty, self._stop_reason = answer.certainty, answer.stop_reason
        self._thinking = answer.thinking

    def data_known(self, data: Any) -> None:
        """The answer is this data."""
        self._data = data

    def composed_ended(self, answer: Composed, seconds: float) -> None:
        """An answer that was put together is over, whole or not, after so many seconds."""
        self._timing = replace(self._timing, answer=seconds + self._evidence.seconds)
        self._tokens = replace(self._tokens, generated=answer.generated)
        self._certainty, self._stop_reason = answer.certainty, answer.stop_reason
        self._sentences, self._checked = tuple(answer.sentences), answer.checked
        self._uncovered = answer.uncovered
        self._data = answer.data if answer.stop_reason == "eos" else None
