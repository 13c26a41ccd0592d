"""Data of a kind that was read: each part is asked whether it has any, and then for all it has."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from typing import Any

from keydiff_cli.engine.answer import Answer
from keydiff_cli.engine.sampling import Sampler
from keydiff_cli.engine.views import NoViewError, longest_view
from keydiff_cli.errors import AnswerError
from keydiff_cli.reading.from_parts import FromParts
from keydiff_cli.reading.held import Held
from keydiff_cli.reading.in_view import in_view, question_tokens
from keydiff_cli.reading.part_records import Kept
from keydiff_cli.reading.places import place_of
from keydiff_cli.reading.recorded_answer import REPEATED
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.shapes import Schema
from keydiff_cli.snapshots import Store
from keydiff_cli.text.passages import Passage

MOST = 256  # tokens of what a part has


class Filling(FromParts):
    """A list of the items in JSON, each data by a schema; equal ones are one.

    Parameters
    ----------
    schema
        Of one item; the others as those of :class:`FromParts`.

    Raises
    ------
    NoViewError
        If there are cells for no part, or not for a part and what it has.
    """

    def __init__(
        self,
        held: Held,
        recorder: Recorder,
        store: Store | None,
        in_use: Callable[[], bool],
        question: str,
        schema: Schema,
    ) -> None:
        super().__init__(held, recorder, store, in_use, question)
        self._shape = schema.listed
        self._asked = question_tokens(held, self._shape.asked(question))
        self.prompt = held.head + len(self._asked.ids)
        if longest_view(held.cache, held.head, len(self._asked.ids) + MOST) < self._longest:
            raise NoViewError("there is no room for data beside a part; raise 'conversation'")
        self._made_by = [self._judge.settings, self._shape.asked(question), self._shape.grammar]
        self.data: list[Any] = []

    def _pieces(self) -> Iterator[str]:
        yield "["
        numbers: dict[str, int] = {}  # of the items, by their text
        for record in self._records([*self._made_by, MOST]):
            place = place_of(self._held.corpus, record.start, record.stop)
            for item in json.loads(record.text):
                text = json.dumps(item, ensure_ascii=False)
                if self._is_new(text, place, numbers.get(text)):
                    numbers[text] = len(self.data)
                    yield ("" if not self.data else ", ") + text
                    self.data.append(item)
        yield "]"

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
