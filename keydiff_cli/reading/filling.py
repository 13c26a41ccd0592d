"""Data of a kind that was read: each part is asked whether it has any, and then for all it has."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from typing import Any

from keydiff_cli.engine.answer import Answer
from keydiff_cli.engine.sampling import Sampler
from keydiff_cli.engine.views import NoViewError, longest_view
from keydiff_cli.errors import AnswerError
from keydiff_cli.reading.composed import Composed
from keydiff_cli.reading.held import Held
from keydiff_cli.reading.in_view import in_view, longest_in_view, question_tokens
from keydiff_cli.reading.judging import Judge
from keydiff_cli.reading.listing import LONGEST
from keydiff_cli.reading.part_records import Kept, PartRecords
from keydiff_cli.reading.places import place_of
from keydiff_cli.reading.recorded_answer import REPEATED
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.shapes import Schema
from keydiff_cli.snapshots import Store
from keydiff_cli.text.parts import cut_parts
from keydiff_cli.text.passages import Passage
from keydiff_cli.text.places import Place, PlacedSentence

MOST = 256  # tokens of what a part has


class Filling(Composed):
    """The items that the parts have, each data by a schema, in a list in JSON, as they are found.

    A part is asked once: what it said is kept beside the snapshot. Equal items are one, with all
    their places.

    Parameters
    ----------
    store
        Where the snapshots are; None to keep nothing.
    in_use
        Whether what was read is held still.
    question
        In the words of the user.
    schema
        Of one item.

    Attributes
    ----------
    parts : list of Passage
        What was read, cut into parts that are asked.

    Raises
    ------
    NoViewError
        If there are cells for no part, or not for a part and what it has.
    """

    says_places = True

    def __init__(
        self,
        held: Held,
        recorder: Recorder,
        store: Store | None,
        in_use: Callable[[], bool],
        question: str,
        schema: Schema,
    ) -> None:
        self._held = held
        self._recorder = recorder
        self._in_use = in_use
        self._shape = schema.listed
        self._judge = judge = Judge(question)
        self._asked = question_tokens(held, self._shape.asked(question))
        super().__init__(held.head + len(self._asked.ids))
        longest = longest_in_view(held, LONGEST, judge.longest)
        room = longest_view(held.cache, held.head, len(self._asked.ids) + MOST)
        if room < longest:
            raise NoViewError("there is no room for data beside a part; raise 'conversation'")
        self.parts = cut_parts(held.corpus, longest)
        made_by = [judge.settings, self._shape.asked(question), self._shape.grammar, MOST]
        self._records = PartRecords(held, recorder, store, made_by, self._is_sound)
        self.data: list[Any] = []

    def _pieces(self) -> Iterator[str]:
        yield "["
        try:
            for record in self._records.of(self.parts, self._said, self._recorder.asking):
                if record is None or not record.text:
                    continue
                place = place_of(self._held.corpus, record.start, record.stop)
                for item in json.loads(record.text):
                    text = json.dumps(item, ensure_ascii=False)
                    if self._is_new(text, place):
                        yield ("" if not self.data else ", ") + text
                        self.data.append(item)
        finally:
            self._recorder.progress_over()
        yield "]"

    def _is_new(self, text: str, place: Place) -> bool:
        """Whether an item was not there yet; if it was, it has one more place."""
        for number, before in enumerate(self.sentences):
            if before.text == text:
                places = dict.fromkeys((*before.places, place))
                self.sentences[number] = PlacedSentence(text, tuple(places))
                return False
        self.sentences.append(PlacedSentence(text, (place,)))
        return True

    def _is_sound(self, _: Passage, said: str) -> bool:
        """Whether a part can have said so: nothing, or a list of such data."""
        try:
            if said:
                self._shape.value(said)
        except AnswerError:
            return False
        return True

    def _said(self, parts: list[Passage]) -> Generator[Kept | None, None, None]:
        """What some parts have, in JSON; nothing of a part that has none."""
        cache, shape = self._held.cache, self._shape
        with in_view(self._held, self._in_use) as view:
            for part in parts:
                if not self._judge.has_any(view, part):
                    yield "", ()
                    continue
                view.show(part)
                answer = Answer(
                    cache, self._asked, max_tokens=MOST, sampler=Sampler(), grammar=shape.grammar
                )
                for _ in answer:
                    yield None
                self.generated += len(answer.tokens)
                try:
                    if answer.shortened:
                        self._recorder.warn_of_answer(REPEATED)
                    yield json.dumps(shape.value(answer.text), ensure_ascii=False), ()
                except AnswerError:
                    self._recorder.warn_of_answer("a part has more than could be said of it")
                    yield "", ()
