"""Answers that are put together from what each part of the documents says, asked by itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Generator, Iterator

from keydiff_cli.reading.composed import Composed
from keydiff_cli.reading.held import Held
from keydiff_cli.reading.in_view import longest_in_view, question_tokens
from keydiff_cli.reading.judging import Judge
from keydiff_cli.reading.part_records import Kept, PartRecords
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.snapshots import Store
from keydiff_cli.snapshots.notes import NoteRecord
from keydiff_cli.text.parts import cut_parts
from keydiff_cli.text.passages import Passage
from keydiff_cli.text.places import Place, PlacedSentence

LONGEST = 240  # tokens of a part: a small model passes over things in longer ones


class FromParts(Composed):
    """The items that the parts have, each with its places, as they are found.

    A part is asked once: what it said is kept beside the snapshot.

    Parameters
    ----------
    store
        Where the snapshots are; None to keep nothing.
    in_use
        Whether what was read is held still.
    question
        In the words of the user.

    Attributes
    ----------
    parts : list of Passage
        What was read, cut into parts that are asked.

    Raises
    ------
    NoViewError
        If there are cells for no part.
    """

    says_places = True

    def __init__(
        self,
        held: Held,
        recorder: Recorder,
        store: Store | None,
        in_use: Callable[[], bool],
        question: str,
    ) -> None:
        self._held = held
        self._recorder = recorder
        self._store = store
        self._in_use = in_use
        self._judge = judge = Judge(question)
        super().__init__(held.head + len(question_tokens(held, judge.asked).ids))
        self._longest = longest_in_view(held, LONGEST, judge.longest)
        self.parts = cut_parts(held.corpus, self._longest)

    def _records(self, made_by: object) -> Iterator[NoteRecord]:
        """The records of the parts that have said something, in their order.

        ``made_by`` says what they answer, and how: plain data.
        """
        held, recorder = self._held, self._recorder
        records = PartRecords(held, recorder, self._store, made_by, self._is_sound)
        try:
            for record in records.of(self.parts, self._said, recorder.asking):
                if record is not None and record.text:
                    yield record
        finally:
            recorder.progress_over()

    def _is_new(self, text: str, place: Place, same: int | None) -> bool:
        """Whether an item is the first of its kind; else the ``same`` one has one more place."""
        if same is None:
            self.sentences.append(PlacedSentence(text, (place,)))
            return True
        before = self.sentences[same]
        if place not in before.places:
            self.sentences[same] = PlacedSentence(before.text, (*before.places, place))
        return False

    @abstractmethod
    def _said(self, parts: list[Passage]) -> Generator[Kept | None, None, None]:
        """What some parts say, to be kept; an empty text of a part that has no item."""

    @abstractmethod
    def _is_sound(self, part: Passage, said: str) -> bool:
        """Whether a part can have said so."""
