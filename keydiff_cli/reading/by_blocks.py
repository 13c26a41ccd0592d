"""Reading as it goes on: block by block, with questions in between."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict

from keydiff_cli.cache import KVCache
from keydiff_cli.engine.ingest import ingest, read_head
from keydiff_cli.llama import hold_interrupt
from keydiff_cli.reading.archiving import open_archivist
from keydiff_cli.reading.held import Held, hold_documents
from keydiff_cli.reading.planned import Planned
from keydiff_cli.reading.recalling import warn_of_archive
from keydiff_cli.reading.resume import take_up, unevicted_room
from keydiff_cli.reading.run import Run
from keydiff_cli.reading.second_look import SecondLook
from keydiff_cli.report import Progress
from keydiff_cli.snapshots import Archive, ArchiveForm, Archivist, DamagedError, Keeper, Label
from keydiff_cli.text.blocks import Block


class Reading:
    """Reads, block by block, what no snapshot has, and keeps it.

    Closed in the end of the run: what was read by then is kept, and can be gone on from.

    Parameters
    ----------
    cache
        Empty, and as planned; it is filled from a snapshot if there is one.
    text_first
        Take all of the text, piece by piece, before anything more is read.
    """

    def __init__(
        self, run: Run, planned: Planned, cache: KVCache, *, text_first: bool = False
    ) -> None:
        self._run = run
        self._text_first = text_first
        self._planned = planned
        self._cache = cache
        start, corpus = planned.start, planned.corpus
        beginning = take_up(run, planned.prepared, start, cache)
        run.recorder.reading_began()
        self._reused = 0 if beginning is None else beginning.tokens
        self._keeper = Keeper(
            start.store,
            start.key,
            corpus,
            self._label,
            run.recorder.warn,
            beginning=beginning,
            shareable=unevicted_room(start.policy, planned.budget) > 0,
        )
        self._archivist: Archivist | None = None
        self._recallable = True  # whether the archive has proved to be sound so far
        self._second_look: SecondLook | None = None  # of all of the text
        room = start.policy.room(planned.kept)
        form = ArchiveForm.of(run.settings)
        if form is not None and corpus.read_to(room + 1) > room:
            self._archivist = open_archivist(
                run, cache, self._keeper, beginning, run.settings.block, form
            )
        self._going_on, self._over = True, False
        self._steps = self._read()
        run.stack.callback(self._steps.close)
        next(self._steps)

    def step(self) -> bool:
        """Read on by a block; False once all is read and kept.

        Raises
        ------
        KeydiffError
            Whatever stands in the way; then there is nothing to be read on.
        """
        return next(self._steps, False)

    def keep_nothing(self) -> None:
        """Write no more of what is read: the cache has lost it."""
        self._keeper.close()

    @property
    def most_rows(self) -> int:
        """Rows that the cache has at most when all is read."""
        planned = self._planned
        rows = planned.start.policy.largest(planned.kept)
        if planned.corpus.ended:
            rows = min(rows, planned.corpus.tokens)
        return len(planned.prepared.head) + rows

    @contextmanager
    def paused(self) -> Iterator[Held]:
        """Hold what was read so far for questions, and in the end forget these, to be read on.

        Nobody may evict meanwhile: then every row is where it was.
        """
        cache = self._cache
        pinned, position = cache.pinned, cache.position
        self._run.recorder.progress_over()
        held = self.held()
        try:
            cache.hold()
            with cache.counting_on():
                yield held
        finally:
            if self._going_on:  # else the cache is freed already
                with hold_interrupt():  # or what is read on would depend on the question
                    cache.truncate(position)
                    cache.pinned = pinned
            if held.second_look is not self._second_look:  # more of the text is searched next
                held.second_look.close()

    def held(self) -> Held:
        """What was read so far; when that is all, it stays in the cache from now on."""
        planned, cache = self._planned, self._cache
        held = hold_documents(
            self._run,
            planned.prepared,
            cache,
            planned.corpus,
            planned.start.key,
            self._label(),
            process=planned.process,
            archive=self._archived(),
            problem=self._keeper.problem,
            snapshot=self._keeper.snapshot,
            second_look=self._second_look,
            whole=self._over,
        )
        self._second_look = held.second_look if planned.corpus.ended else None
        return held

    def _archived(self) -> Archive | None:
        """What rows can come back from; None if they cannot, or none has gone."""
        if self._archivist is None or self._cache.intact or not self._recallable:
            return None
        try:
            return self._archivist.archive()
        except (DamagedError, OSError) as error:
            self._recallable = False
            warn_of_archive(self._run.recorder, error)
            return None

    def _label(self) -> Label:
        prepared, start = self._planned.prepared, self._planned.start
        question = prepared.question if start.policy.watch == "question" else None
        kept = self._cache.used - len(prepared.head)
        records = list(map(asdict, self._planned.corpus.documents))
        return Label(prepared.model.name, kept, question, records)

    def _read(self) -> Generator[bool, None, None]:
        """Read the documents to their end, and stop after the head and after each block."""
        run, cache, keeper = self._run, self._cache, self._keeper
        prepared, plan, corpus = self._planned.prepared, self._planned.plan, self._planned.corpus
        read, seconds, began = self._reused, 0.0, time.perf_counter()
        try:
            if not read:
                read_head(cache, prepared.head, plan.block)
            seconds += time.perf_counter() - began
            yield True
            while self._text_first and not corpus.ended:
                began = time.perf_counter()
                corpus.read_to(corpus.tokens + 1)
                seconds += time.perf_counter() - began
                yield True
            began = time.perf_counter()
            for block in ingest(
                cache,
                corpus.blocks(run.settings.block, read),
                policy=self._planned.start.policy,
                budget=self._planned.kept,
                question=prepared.asked,
                appended=self._archive,
            ):
                read = block.stop
                cells, place = cache.used - len(prepared.head), corpus.progress(read)
                taken = seconds + time.perf_counter() - began
                run.recorder.block_read(
                    Progress(read, read - self._reused, taken, place, cells, plan.budget)
                )
                keeper.after(read, cache)
                seconds += time.perf_counter() - began
                yield True
                began = time.perf_counter()
            keeper.finish(read, cache)
            self._over = True
        except GeneratorExit:  # stopped between two blocks
            began = time.perf_counter()
            if cache.tokens == len(prepared.head) + read:  # and after a question, if there was one
                keeper.stop(read, cache)
            raise
        finally:
            self._going_on = False
            keeper.close()
            seconds += time.perf_counter() - began
            run.recorder.reading_ended(seconds, keeper.seconds, cache.times)

    def _archive(self, block: Block) -> None:
        if self._archivist is not None:
            end = self._cache.position
            self._archivist.add(self._cache.rows.between(end - len(block.ids), end))
