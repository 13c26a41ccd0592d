"""Where parts of what was read are, and what they state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.facts import Facts
from keydiff_cli.text.names import words_of
from keydiff_cli.text.parts import cut_parts
from keydiff_cli.text.places import Place
from keydiff_cli.text.records import DocumentRecord
from keydiff_cli.text.scaled import say_units
from keydiff_cli.text.units import table_units

_LONGEST = 480  # tokens, about a page
_NAMED = 6  # places that a message names


def place_of(corpus: Corpus, start: int, stop: int) -> Place:
    """Where the tokens from ``start`` to ``stop`` (exclusive) are."""
    first, last = corpus.place(start), corpus.place(stop - 1)
    pages = None if first.page is None or last.page is None else (first.page, last.page)
    return Place(first.document, pages, (first.line, last.line), first.page_kind)


def write_place(place: Place, *, named: bool) -> str:
    """A place in words, with the name of its document if that is wanted."""
    return f"{place.document}, {place}" if named else str(place)


def name_places(places: Sequence[Place], *, named: bool) -> str:
    """The first of some places in words, with their documents if wanted, and how many others."""
    first = ", ".join(
        f"{place} of {place.document}" if named else str(place) for place in places[:_NAMED]
    )
    others = len(places) - _NAMED
    return first if others <= 0 else f"{first} and {others} other part{'s' if others > 1 else ''}"


def words_read(corpus: Corpus) -> frozenset[str]:
    """The words of all documents, as names are looked up in them."""
    records = corpus.documents
    return words_of(
        "\n".join(corpus.text(each.start, each.start + each.tokens) for each in records)
    )


class PartFacts:
    """What parts of some documents state; their tables are in the units that documents say."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._units: dict[int, frozenset[int]] = {}

    def of(self, start: int, stop: int) -> Facts:
        """The facts of the tokens from ``start`` to ``stop`` (exclusive), of one document."""
        units = self._units_of(self._corpus.document(start))
        return Facts.of(self._corpus.text(start, stop), units)

    def all(self) -> Iterator[tuple[Place, Facts]]:
        """The facts of all parts of about a page, with their places."""
        for part in cut_parts(self._corpus, _LONGEST):
            place = place_of(self._corpus, part.start, part.stop)
            yield place, self.of(part.start, part.stop)

    def say_units(self, text: str, start: int, stop: int) -> str:
        """What was written from such tokens, with the unit of what comes from tables.

        That is what these or the tokens shortly before them say of it: other tables of a document
        may be in another unit.
        """
        before = max(start - _LONGEST, self._corpus.document(start).start)
        source = self._corpus.text(before, stop)
        return say_units(text, source, table_units(source))

    def _units_of(self, document: DocumentRecord) -> frozenset[int]:
        start = document.start
        if start not in self._units:
            text = self._corpus.text(start, start + document.tokens)
            self._units[start] = table_units(text)
        return self._units[start]
