"""Everything of a kind that was read: each part is asked whether it has any, and which.

A small model that is asked to list what a text has says far too often that there is none, and names
a few of many. Whether there is any it tells better, where it may only say yes or no; and so it does
of each sentence. So a list consists of sentences, list items and rows of the documents.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator

from keydiff_cli.reading.composed import Composed
from keydiff_cli.reading.held import Held
from keydiff_cli.reading.in_view import in_view, longest_in_view, question_tokens
from keydiff_cli.reading.judging import Judge
from keydiff_cli.reading.part_records import Kept, PartRecords
from keydiff_cli.reading.places import place_of, write_place
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.snapshots import Store
from keydiff_cli.text.merging import Merger
from keydiff_cli.text.parts import cut_parts
from keydiff_cli.text.passages import Passage
from keydiff_cli.text.places import Place, PlacedSentence
from keydiff_cli.text.statements import statements_of

LIKELY = 0.5  # how likely a statement is one, to be listed: as Judge.likely
LONGEST = 240  # tokens of a part: a small model passes over things in longer ones


class Listing(Composed):
    """The items that the parts have, each with its places, as they are found.

    A part is asked once: what it said is kept beside the snapshot. An item that says nothing new
    gives its place to the one that has said it.

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
        self._in_use = in_use
        self._recorder = recorder
        self._judge = judge = Judge(question)
        super().__init__(held.head + len(question_tokens(held, judge.asked).ids))
        self.parts = cut_parts(held.corpus, longest_in_view(held, LONGEST, judge.longest))
        self._records = PartRecords(held, recorder, store, judge.settings, self._is_sound)
        self._merger = Merger()
        self._several = len(held.corpus.documents) > 1

    def _pieces(self) -> Iterator[str]:
        try:
            for text, place in self._found():
                if self._is_new(text, place):
                    where = write_place(place, named=self._several)
                    yield ("\n" if self.text else "") + f"- {text} [{where}]"
        finally:
            self._recorder.progress_over()
        if not self.text:
            yield "None found."

    def _found(self) -> Iterator[tuple[str, Place]]:
        """The statements of all parts that are likely enough, in their order."""
        corpus = self._held.corpus
        for record in self._records.of(self.parts, self._said, self._recorder.asking):
            if record is None:
                continue
            if not record.text:  # the part has none
                continue
            likely = map(float, record.text.split())
            statements = statements_of(corpus, Passage(record.start, record.stop))
            for (tokens, text), each in zip(statements, likely, strict=True):
                if each >= LIKELY:
                    yield text, place_of(corpus, tokens.start, tokens.stop)

    def _is_sound(self, part: Passage, said: str) -> bool:
        """Whether a part can have said so: nothing, or a figure for each of its statements."""
        try:
            likely = [float(each) for each in said.split()]
        except ValueError:
            return False
        if not all(map(math.isfinite, likely)):
            return False
        return not said or len(likely) == len(statements_of(self._held.corpus, part))

    def _is_new(self, text: str, place: Place) -> bool:
        """Whether an item was not said yet; if it was, it has one more place."""
        same = self._merger.same(text)
        if same is None:
            self.sentences.append(PlacedSentence(text, (place,)))
            return True
        before = self.sentences[same]
        if place not in before.places:
            self.sentences[same] = PlacedSentence(before.text, (*before.places, place))
        return False

    def _said(self, parts: list[Passage]) -> Generator[Kept | None, None, None]:
        """How likely each statement of some parts is one; nothing of a part that has none."""
        judge = self._judge
        with in_view(self._held, self._in_use) as view:
            for part in parts:
                likely: list[float] = []
                if judge.has_any(view, part):
                    statements = statements_of(self._held.corpus, part)
                    likely = [judge.likely(view, tokens, text) for tokens, text in statements]
                yield " ".join(f"{each:.3f}" for each in likely), ()
