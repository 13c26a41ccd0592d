"""Notes on what was read: the key facts of each part, of which each figure is in the part."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager

from keydiff_cli.engine.answer import step_for
from keydiff_cli.engine.views import longest_view_in
from keydiff_cli.llama import Model
from keydiff_cli.reading.held import Held
from keydiff_cli.reading.part_records import Kept, PartRecords
from keydiff_cli.reading.places import PartFacts, name_places, place_of
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.reading.surveying import Survey, Surveyed, longest_part
from keydiff_cli.snapshots import Store
from keydiff_cli.snapshots.notes import NoteRecord
from keydiff_cli.text.checking import checked
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.passages import Passage
from keydiff_cli.text.places import Note
from keydiff_cli.text.prompts import Prompt, prompt_tokens

QUESTION = (
    "List the key facts of this part of the document as short bullet points, with their figures "
    "and dates, the most important first."
)
MOST = 72  # tokens of a note
ENOUGH = 30  # tokens after which it ends with a sentence or line


def count_notes(tokens: int, model: Model, prompt: Prompt, cells: int, block: int) -> int | None:
    """How many notes so many tokens have where each part is as long as can be.

    Parameters
    ----------
    model
        A sketch will do.
    prompt
        The prompt around documents and questions.
    cells, block
        Of the cache.

    Returns
    -------
    None where there are cells for no part.
    """
    head, asked = prompt_tokens(model, prompt, QUESTION)
    room = longest_view_in(cells, step_for(block), len(head), len(asked.ids) + MOST)
    longest = longest_part(room)
    return -(-tokens // longest) if longest else None


class Noting:
    """Makes notes of what was read, or takes them up; those that it has made, also without a store.

    Parameters
    ----------
    store
        Where the snapshots are, and notes beside them; None to write none.
    in_use
        Whether what was read is held still.

    Attributes
    ----------
    held : Held
        What was read.
    """

    def __init__(
        self, held: Held, recorder: Recorder, store: Store | None, in_use: Callable[[], bool]
    ) -> None:
        self.held = held
        self._recorder = recorder
        self._survey = Survey(held, QUESTION, MOST, in_use, enough=ENOUGH)
        self._facts = PartFacts(held.corpus)
        self._records = PartRecords(held, recorder, store, [QUESTION, MOST, ENOUGH])

    def notes(self) -> Iterator[Note]:
        """The note of each part, in the order of the documents, as it is made.

        Raises
        ------
        NoViewError, LostRowsError
            As :meth:`Survey.ask`.
        """
        started, empty = time.perf_counter(), []
        self._recorder.noting_began()
        with closing(self.steps()) as steps:
            for note in steps:
                if note is None:
                    continue
                self._recorder.noted(note, time.perf_counter() - started)
                if not note.text:
                    empty.append(note.place)
                yield note
        if empty:
            several = len(self.held.corpus.documents) > 1
            self._recorder.warn(f"nothing is noted of {name_places(empty, named=several)}")

    def steps(self) -> Generator[Note | None, None, None]:
        """The same, with None between the tokens of a note, to stop at; the report has none."""
        records = self._records.of(self._survey.parts, self._said, self._recorder.noting)
        with self._told(), closing(records):
            for record in records:
                yield None if record is None else _placed(record, self.held.corpus)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in any case when there is no more progress to be shown."""
        try:
            yield
        finally:
            self._recorder.progress_over()

    def _said(self, parts: list[Passage]) -> Generator[Kept | None, None, None]:
        """The notes of some parts, with None between the tokens of each."""
        with closing(self._survey.steps(parts)) as steps:
            for surveyed in steps:
                yield None if surveyed is None else self._checked(surveyed)

    def _checked(self, surveyed: Surveyed) -> Kept:
        part = surveyed.part
        note = checked(surveyed.whole, self._facts.of(part.start, part.stop))
        text = self._facts.say_units(note.text.strip(), part.start, part.stop)
        return text, note.left_out


def _placed(record: NoteRecord, corpus: Corpus) -> Note:
    """A note with its place."""
    place = place_of(corpus, record.start, record.stop)
    return Note(
        place.document,
        place.pages,
        place.lines,
        record.text,
        record.left_out,
        place.page_kind,
    )
