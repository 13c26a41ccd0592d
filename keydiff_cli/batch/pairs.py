"""Documents and questions: what is to be asked, and a row for each pair as it is answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keydiff_cli.batch.engine import Engine
from keydiff_cli.batch.messages import Far, Job, Message, Outcome, Over, Stop, Told
from keydiff_cli.batch.progress import BatchEvents, Progress
from keydiff_cli.batch.tables import Table
from keydiff_cli.errors import ModelError
from keydiff_cli.models.checksums import sha256_of
from keydiff_cli.policies import choose_policy
from keydiff_cli.rows import ERROR, MADE_OF, Rows, made_of
from keydiff_cli.settings.config import Settings
from keydiff_cli.system.files import told_by


@dataclass
class Counts:
    """How many pairs are answered now, were before, and failed."""

    new: int = 0
    known: int = 0
    failed: int = 0


class Pairs:
    """Documents and questions, of which each pair gets its row.

    A pair that has its row already is not asked again, unless the document, the question, the shape
    of answers or a setting that matters has changed; one that has an error in it is tried again.
    One that fails does not stop the others.

    Parameters
    ----------
    paths, questions
        What is asked about, and what; each counts once.
    ordered
        Whether rows are written in the order of documents and questions, or as they are there.
    send
        Whether the bytes of documents go with them.

    Raises
    ------
    UsageError
        If there are several questions for a policy that reads for one.
    """

    def __init__(
        self,
        settings: Settings,
        paths: Sequence[str],
        questions: Sequence[str],
        table: Table,
        *,
        ordered: bool = True,
        send: bool = False,
    ) -> None:
        self._paths = list(dict.fromkeys(paths))
        self._questions = tuple(dict.fromkeys(questions))
        choose_policy(settings.policy, questions[0] if len(self._questions) == 1 else None)
        self._table = table
        self._common = table.made_of(settings)
        self._ordered, self._send = ordered, send

    def ask(self, engine: Engine, rows: Rows, events: BatchEvents) -> Counts:
        """Ask what is not answered yet.

        Raises
        ------
        ModelError
            If the model cannot be used: no other document could be read either.
        OSError
            If a row cannot be written.
        KeyboardInterrupt
            If the user stops it; the rows so far are there.
        """
        run = _Run(self._paths, self._table, rows, events, self._ordered)
        jobs = self._jobs(run)
        try:
            with closing(engine.messages(jobs)) as messages:
                for message in messages:
                    run.take(message)
        finally:
            run.write_all()
        return run.counts

    def _jobs(self, run: _Run) -> Iterator[Job]:
        """What is to be asked, document by document; what needs no asking is passed over."""
        for number, path in enumerate(self._paths):
            try:
                made = self._made_of(path)
            except OSError as error:
                made = dict.fromkeys(self._questions, "")
                run.fail(number, made, error)
                continue
            if not (left := run.begin(number, made)):
                run.take(Over(number))
                continue
            try:
                data = Path(path).read_bytes() if self._send else None
            except OSError as error:
                run.fail(number, {each: made[each] for each in left}, error)
                continue
            yield Job(number, path, left, data)

    def _made_of(self, path: str) -> dict[str, str]:
        """What the rows of a document are made of, by their questions."""
        checksum, (shape, chosen) = sha256_of(Path(path)), self._common
        return {each: made_of(checksum, shape, each, chosen) for each in self._questions}


class _Run:
    """Takes messages: rows are written, progress is shown, pairs are counted."""

    def __init__(
        self, paths: Sequence[str], table: Table, rows: Rows, events: BatchEvents, ordered: bool
    ) -> None:
        self.counts = Counts()
        self._paths, self._table, self._rows = paths, table, rows
        self._events, self._ordered = events, ordered
        self._made: dict[int, dict[str, str]] = {}
        self._waiting: dict[int, list[dict[str, Any]]] = {}  # rows, by document
        self._asked: set[int] = set()
        self._over: set[int] = set()
        self._first = 0  # the document whose rows are next
        self._warned: set[tuple[int, str]] = set()
        self._progress = Progress(paths, events)

    def begin(self, number: int, made: dict[str, str]) -> tuple[str, ...]:
        """Begin with a document, whose rows are made of that; the questions that are left."""
        self._made[number] = made
        left = tuple(
            question
            for question, each in made.items()
            if not each or not self._rows.has(self._key(number, question), each)
        )
        self.counts.known += len(made) - len(left)
        return left

    def fail(self, number: int, made: dict[str, str], error: OSError) -> None:
        """Let questions fail about a document whose file cannot be read."""
        self._made[number] = made
        for question in made:
            path = self._paths[number]
            self.take(Outcome(number, question, f"{path} cannot be read: {told_by(error)}"))
        self.take(Over(number))

    def take(self, message: Message) -> None:
        """Do what a message calls for.

        Raises
        ------
        ModelError
            If it says that the model cannot be used.
        """
        if isinstance(message, Outcome):
            self._outcome(message)
        elif isinstance(message, Far):
            self._progress.far(message.number, message.share)
        elif isinstance(message, Told):
            self._tell(message)
        elif isinstance(message, Over):
            self._over.add(message.number)
            asked = message.number in self._asked
            self._progress.over(message.number, self.counts.failed, asked=asked)
            self._made.pop(message.number)
            self._write()
        elif isinstance(message, Stop):
            raise ModelError(message.error)

    def write_all(self) -> None:
        """Write the rows that still wait for those of earlier documents."""
        for number in sorted(self._waiting):
            for row in self._waiting.pop(number):
                self._rows.add(row)

    def _outcome(self, outcome: Outcome) -> None:
        number, question = outcome.number, outcome.question
        path, error = self._paths[number], None
        self._asked.add(number)
        if outcome.error is None:
            self.counts.new += 1
        else:
            self.counts.failed += 1
            error = self._events.named(outcome.error)
            if (number, error) not in self._warned:  # once for all questions
                self._warned.add((number, error))
                self._events.warning(error if error.startswith(path) else f"{path}: {error}")
        cells: dict[str, Any] = dict(zip(self._table.key, self._key(number, question), strict=True))
        cells |= {ERROR: error, MADE_OF: self._made[number][question]}
        cells |= self._table.cells(outcome)
        row = {name: cells[name] for name in self._table.columns if name in cells}
        self._waiting.setdefault(number, []).append(row | cells)
        self._write()

    def _write(self) -> None:
        """Write what waits for nothing."""
        if not self._ordered:
            self.write_all()
        while self._first in self._made or self._first in self._over:
            for row in self._waiting.pop(self._first, []):
                self._rows.add(row)
            if self._first not in self._over:
                break
            self._over.remove(self._first)
            self._first += 1

    def _key(self, number: int, question: str) -> tuple[str, ...]:
        return (self._paths[number], question)[: len(self._table.key)]

    def _tell(self, told: Told) -> None:
        """Tell it, a text with its settings written, and a warning with its document."""
        about = f"{self._paths[told.number]}: " if told.method == "warning" else ""
        values = [
            about + self._events.named(value) if isinstance(value, str) else value
            for value in told.values
        ]
        getattr(self._events, told.method)(*values)
