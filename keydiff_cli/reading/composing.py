"""Answers that are put together from what the parts of the documents say."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from keydiff_cli.engine.answer import Answer
from keydiff_cli.engine.sampling import Sampler
from keydiff_cli.engine.views import NoViewError
from keydiff_cli.errors import UsageError, setting
from keydiff_cli.reading.citing import Citing
from keydiff_cli.reading.composed import Composed
from keydiff_cli.reading.note_taking import NoteTaking
from keydiff_cli.reading.recorded_answer import recorded_composed
from keydiff_cli.reading.surveying import LONGEST_PART
from keydiff_cli.reading.whole import notes_within
from keydiff_cli.shapes import Schema, Shape
from keydiff_cli.text.places import Note, Place, PlacedSentence
from keydiff_cli.text.prompts import Asked

if TYPE_CHECKING:
    from keydiff_cli.reading.filling import Filling
    from keydiff_cli.reading.listing import Listing
    from keydiff_cli.reading.summing import Summary
    from keydiff_cli.text.facts import Facts
    from keydiff_cli.text.wish import Wish


_NO_LOOK = "the second look is off"
_READ_AGAIN = f"for notes each part would be read again, which {setting('notes', 'on')} allows"


class Composing(NoteTaking):
    """Puts answers together from what the parts of what is held say."""

    def composed(
        self,
        question: str,
        tokens: Callable[[str, str], Asked],
        sampler: Sampler | None = None,
        shape: Shape | None = None,
    ) -> Composed | None:
        """An answer that is put together from what the parts say, if that is the way to answer.

        None if it is for the model to answer from what the cache holds. What the answer is put
        together from is made, or taken up, first.

        Parameters
        ----------
        tokens
            Gives the tokens of a question with passages before it, from where the cache ends.
        sampler
            In place of the one of the settings.
        shape
            What the answer is to be; None for a text.

        Raises
        ------
        LostRowsError
            If the cache cannot be brought back to what was read; nothing is held any more then.
        """
        if shape is not None:
            if isinstance(shape, Schema) and self.settings.each == "on":
                return self.filling(question, shape)
            return None
        if self._asks_for_every(question):
            try:
                return self._listing(question)
            except NoViewError as error:
                self.recorder.warn(f"not every part is asked: {error}")
        if why := self._unnoted(question):
            if self.settings.notes == "on" and why == _NO_LOOK:
                self.recorder.warn(f"no notes come before the question: {why}")
            return None
        return self._summary(question, tokens, sampler)

    def _summary(
        self, question: str, tokens: Callable[[str, str], Asked], sampler: Sampler | None
    ) -> Summary | None:
        """An answer about the whole; None where neither notes nor all of it are there."""
        from keydiff_cli.reading.places import PartFacts, words_read  # these take time to load
        from keydiff_cli.reading.summing import Summary
        from keydiff_cli.text.facts import Facts
        from keydiff_cli.text.wish import Wish

        held, settings = self.held, self.settings
        several = len(held.corpus.documents) > 1
        outline = settings.format == "outline"
        wish = Wish.of(question, settings.length, outline=outline, several=several)
        prompt = held.head + len(tokens(question, "").ids)
        self.recorder.evidence_sought(prompt)
        notes = self._notes_for(wish)
        sources: Iterable[tuple[Place, Facts]]
        words: frozenset[str] = frozenset()
        if held.intact:
            wish = wish if notes else wish.at_once
            sources = PartFacts(held.corpus).all()
        elif notes:
            sources = ((note.place, Facts.of(note.text)) for note in notes if note.text)
            words = words_read(held.corpus)
        else:
            return None

        def lead() -> Answer:
            if not held.intact:
                asked = tokens(question + _manner(wish, several=several), self._shown(notes))
                return self.answer(asked, sampler, most=wish.most_tokens or None)
            limit = f"\n\nAnswer in at most {wish.lead} words." if settings.length else ""
            return self.answer(tokens(question + limit, ""), sampler)

        return Summary(prompt, sources, notes, wish, lead, words)

    def _notes_for(self, wish: Wish) -> Sequence[Note]:
        """Notes to answer from, of which some say something; none where none can be made.

        What is in the cache as a whole needs them only to go through its parts, if it has several.
        """
        held = self.held
        if held.intact and not wish.parts:
            return ()
        if held.intact and not wish.outline and held.corpus.tokens <= LONGEST_PART:
            return ()
        if not held.stored and self.settings.notes == "auto":
            if self.settings.format == "outline":
                self.recorder.warn(f"{setting('format', 'outline')} has no effect: {_READ_AGAIN}")
            return ()
        started = time.perf_counter()
        try:
            with self._noting_now() as noting:
                made = list(noting.notes())
            notes = self.condensed(made, wish.parts)
        except NoViewError as error:
            self.recorder.warn(f"the question is not answered from notes: {error}")
            return ()
        self.recorder.passages_found((), time.perf_counter() - started)
        self.recorder.looked_at_all()
        return notes if any(note.text for note in notes) else ()

    def told(self, composed: Composed, citing: Citing | None = None) -> Iterator[str]:
        """The text of an answer that is put together, piece by piece; the cache is as before then.

        Raises
        ------
        UsageError, LostRowsError
            As :meth:`stream`.
        """
        cache, self._composing = self.held.cache, True
        mark = cache.mark()
        try:
            with self._closed_if_lost():
                yield from recorded_composed(
                    composed, self.recorder, None if composed.says_places else citing
                )
        finally:
            self._composing = False
            if self.cache is cache:  # else it is freed already
                cache.rewind(mark)
            cache.unmark()

    def each(self, question: str) -> Iterator[PlacedSentence]:
        """Everything that a question asks for, as the parts of what was read have it, one by one.

        Each part is asked, also of a document that is in the cache as a whole; the model is not
        run again where it was before. An item has the place where it was found first;
        ``report.sentences`` has all places in the end.

        Raises
        ------
        UsageError
            If nothing was read, or there is more to read. Until all items are taken, or the
            iterator is closed, nothing else can be asked.
        LostRowsError, NoViewError
            As :meth:`Reader.notes`.
        """
        self.require_idle()
        held = self.held
        if self._reading is not None:
            raise UsageError("there is more to read before it can be asked about part by part")
        if held.searched_only:
            raise UsageError("the documents were searched, not read: no part can be asked")
        listing = self._listing(question)
        given = 0
        for _ in self.told(listing):
            yield from listing.sentences[given:]
            given = len(listing.sentences)

    def _asks_for_every(self, question: str) -> bool:
        """Whether a question is to be put to every part."""
        held, wanted = self.held, self.settings.each
        if wanted == "off" or held.searched_only or self._reading is not None:
            return False
        if wanted == "on":
            return True
        from keydiff_cli.text.every_question import asks_for_every

        return held.stored and not held.intact and asks_for_every(question)

    def _listing(self, question: str) -> Listing:
        """What the parts have of what a question asks for, to be found as it is iterated over."""
        from keydiff_cli.reading.listing import Listing  # what it checks with takes time to load

        held = self.held
        listing = Listing(held, self.recorder, self._store(), lambda: self._held is held, question)
        self.recorder.evidence_sought(listing.prompt)
        self.recorder.looked_at_all()
        self.recorder.note(
            f"each of {len(listing.parts)} parts is asked; {setting('each', 'off')} answers from "
            "what the cache holds"
        )
        return listing

    def filling(self, question: str, schema: Schema) -> Filling:
        """The data that each part has by a schema, to be found as it is iterated over.

        Raises
        ------
        UsageError
            If there is more to read, or the documents were searched only.
        NoViewError
            As :class:`Filling`.
        """
        from keydiff_cli.reading.filling import Filling  # what it judges with takes time to load

        held = self.held
        if self._reading is not None or held.searched_only:
            raise UsageError("each part can be asked for data when all was read")
        store, in_use = self._store(), lambda: self._held is held
        filling = Filling(held, self.recorder, store, in_use, question, schema)
        self.recorder.evidence_sought(filling.prompt)
        self.recorder.looked_at_all()
        self.recorder.note(f"each of {len(filling.parts)} parts is asked")
        return filling

    def without_summary(self, question: str) -> str:
        """Why a question is answered by no summary, in words; empty if it may be by one."""
        return "each part is asked" if self._asks_for_every(question) else self._unnoted(question)

    def _unnoted(self, question: str) -> str:
        """Why a question is not to be answered from notes on all parts; empty if it is."""
        from keydiff_cli.text.whole_question import asks_for_the_whole

        held, settings = self.held, self.settings
        if not asks_for_the_whole(question):
            return "the question is not about a document as a whole"
        if settings.notes == "off":
            return "no notes are wanted"
        if held.searched_only:
            return "the documents are searched, not read"
        if self._reading is not None:
            return "there is more to read"
        if held.intact:
            return ""
        if settings.notes == "auto" and not held.stored:
            return _READ_AGAIN
        return "" if settings.second_look else _NO_LOOK

    def _shown(self, notes: Sequence[Note]) -> str:
        """The text of notes that comes before a question, as far as there is room for it."""
        count, room = self.held.corpus.count, self.settings.second_look
        return notes_within(notes, count, room - count("\n\n"))


def _manner(wish: Wish, *, several: bool) -> str:
    """What the model is told beside the question; nothing where it is to go by the question."""
    if not wish.lead:
        return ""
    first = (
        "Say what the documents share and where they differ."
        if several
        else "First say what kind of document it is, and of whom."
    )
    return f"\n\n{first} Answer in at most {wish.lead} words."
