"""Notes of notes: where there are many, some for groups of them, so that any length ends in few.

As in recursive summaries of books (arXiv 2109.10862), but each is checked against its notes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from itertools import groupby

from keydiff_cli.reading.held import Held
from keydiff_cli.reading.part_records import keep_records
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.reading.surveying import Survey
from keydiff_cli.snapshots import Store
from keydiff_cli.snapshots.notes import NoteFile, NoteRecord
from keydiff_cli.text.checking import checked
from keydiff_cli.text.facts import Facts
from keydiff_cli.text.places import Note

QUESTION = (
    "These are notes on parts of a document, in their order. Write down the most important facts "
    "of them in two short, complete sentences, with their figures and dates."
)
MANY = 24  # notes that need no notes of their own
_MOST, _ENOUGH = 96, 40  # tokens; they are whole sentences
_LONGEST = 120  # tokens of a note with its place
_SENTENCE = 15  # words that a sentence of a note has about


def are_few(notes: Sequence[Note], words: int) -> bool:
    """Whether each of some notes can give a sentence to so many words, or they are few anyway."""
    return len(notes) <= max(MANY, words // _SENTENCE)


class Condensing:
    """Makes notes of notes, or takes them up.

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
        self._survey = Survey(held, QUESTION, _MOST, in_use, enough=_ENOUGH)
        made_by = [QUESTION, _MOST, _ENOUGH]
        self._file = NoteFile(store, held.snapshot, held.key, made_by, evicted=not held.intact)

    def steps(self, notes: Sequence[Note]) -> Generator[list[Note] | None, None, None]:
        """Notes of the groups of some notes, and of these, until they are few.

        Each is of consecutive notes on one document, and says nothing that they do not. They come
        in the end, after None for each token, to stop at.

        Raises
        ------
        NoViewError, LostRowsError
            As :meth:`Survey.ask`.
        """
        notes = [note for note in notes if note.text]
        while len(notes) > MANY:
            groups = list(self._groups(notes))
            if len(groups) == len(notes):
                break
            made: list[Note] = []
            wanting = [group for group in groups if len(group) > 1]
            with closing(self._of_groups(wanting)) as steps:
                for note in steps:
                    yield None
                    made += [] if note is None else [note]
            several = iter(made)
            notes = [group[0] if len(group) == 1 else next(several) for group in groups]
        yield notes

    def _groups(self, notes: Sequence[Note]) -> Iterator[list[Note]]:
        size = max(min(-(-len(notes) // MANY), self._survey.longest // _LONGEST), 2)
        for _, some in groupby(notes, key=lambda note: note.document):
            of_one = list(some)
            count = -(-len(of_one) // size)
            for number in range(count):
                first, last = (len(of_one) * (number + more) // count for more in (0, 1))
                yield of_one[first:last]

    def _of_groups(self, groups: Sequence[Sequence[Note]]) -> Generator[Note | None, None, None]:
        """The note of each group; None for each token of those that are made."""
        texts = [_written(group) for group in groups]
        keys = [
            (number, hashlib.sha256(text.encode()).hexdigest()) for number, text in enumerate(texts)
        ]
        known = self._file.read()
        lacking = [number for number, key in enumerate(keys) if key not in known]
        try:
            with closing(self._survey.text_steps(texts[number] for number in lacking)) as steps:
                for done, number in enumerate(lacking):
                    self._recorder.noting(done, len(lacking))
                    while (said := next(steps)) is None:
                        yield None
                    note, key = checked(said.whole, Facts.of(texts[number])), keys[number]
                    text = note.text.strip()
                    known[key] = NoteRecord(number, number + 1, key[1], text, note.left_out)
                    keep_records(self._file, [known[key]], self._recorder)
        finally:
            self._recorder.progress_over()
        for group, key in zip(groups, keys, strict=True):
            yield _joined(group, known[key])


def _written(notes: Sequence[Note]) -> str:
    """Notes as the model sees them."""
    return "\n\n".join(f"[{note.place}]\n{note.text}" for note in notes)


def _joined(notes: Sequence[Note], record: NoteRecord) -> Note:
    """The note of some notes, of the place of all of them; the first one where there is none."""
    first, last = notes[0], notes[-1]
    pages = None
    if first.pages is not None and last.pages is not None:
        pages = first.pages[0], last.pages[1]
    lines = first.lines[0], last.lines[1]
    text = record.text or first.text
    return Note(first.document, pages, lines, text, record.left_out, first.page_kind)
