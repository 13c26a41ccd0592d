"""Everything of a kind that was read: each part is asked whether it has any, and which.

A small model that is asked to list what a text has says far too often that there is none, and names
a few of many. Whether there is any it tells better, where it may only say yes or no; and so it does
of each sentence. So a list consists of sentences, list items and rows of the documents.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator

from keydiff_cli.reading.from_parts import FromParts
from keydiff_cli.reading.in_view import in_view
from keydiff_cli.reading.part_records import Kept
from keydiff_cli.reading.places import place_of, write_place
from keydiff_cli.text.merging import Merger
from keydiff_cli.text.passages import Passage
from keydiff_cli.text.places import Place
from keydiff_cli.text.statements import statements_of

LIKELY = 0.5  # how likely a statement is one, to be listed: as Judge.likely


class Listing(FromParts):
    """A list of the items, which are statements of the documents.

    An item that says nothing new gives its place to the one that has said it.
    """

    def _pieces(self) -> Iterator[str]:
        merger, several = Merger(), len(self._held.corpus.documents) > 1
        for text, place in self._found():
            if self._is_new(text, place, merger.same(text)):
                where = write_place(place, named=several)
                yield ("\n" if self.text else "") + f"- {text} [{where}]"
        if not self.text:
            yield "None found."

    def _found(self) -> Iterator[tuple[str, Place]]:
        """The statements of all parts that are likely enough, in their order."""
        corpus = self._held.corpus
        for record in self._records(self._judge.settings):
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
