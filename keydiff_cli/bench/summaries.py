"""What a summary is worth, by its document and, if there is one, a summary by somebody else.

Pure functions of texts, by numbers, dates, names and words; no model judges.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property

from keydiff_cli.bench.metrics import f1, normalised, rouge_l
from keydiff_cli.bench.stretches import Stretches, terms
from keydiff_cli.text.amounts import FoundNumber, unit_of
from keydiff_cli.text.facts import Facts
from keydiff_cli.text.names import plain
from keydiff_cli.text.ordinary import OPENERS
from keydiff_cli.text.sentences import split_sentences
from keydiff_cli.text.stated import Stated, read_stated
from keydiff_cli.text.units import Rounding, rounding, table_units

PARTS = 10  # that a document is cut into
SMALLEST = 400  # words of a part, so that short documents have fewer of them
MATCHED = 0.5  # of a sentence's weight that a stretch has to have
_FEWEST = 4  # terms of a sentence that can be told to be from somewhere
_BEFORE, _AFTER = 8, 4  # words around a figure that say what it is of
_PLACE = r"(?:[^\[\]\n]{1,200},[ ])?(?:pages?|lines?)[ ]\d+(?:-\d+)?"
_PLACES = re.compile(rf"[ \t]*\[{_PLACE}\]|^{_PLACE}$\n?", re.MULTILINE)
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
# Words that are around most figures, and do not say what one is of.
_AROUND_ALL = """
amount amounted billion change changed compared comparison decrease decreased dollar drop dropped
ended ending euro fallen fell first fiscal fourth grew growth grown increase increased last million
month percent period pound previous prior quarter report reported rise risen rose same second third
thousand total totaled totalled usd year
"""
_GENERAL = OPENERS.union(_AROUND_ALL.split())


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    part: int
    whole: int


@dataclass(frozen=True)
class Drawn:
    """What of a document a summary draws on.

    Attributes
    ----------
    parts
        Those of its equal parts that a sentence is from.
    sentences
        Those of the summary's sentences that are from somewhere in the document.
    thirds
        How many of these are from its beginning, middle and end.
    """

    parts: Share
    sentences: Share
    thirds: tuple[int, int, int]


class SummarisedText:
    """A document that summaries are measured against; what that takes is found out once.

    Parameters
    ----------
    text
        The whole of it.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._in_stretches: dict[int, Facts] = {}

    @cached_property
    def _stretches(self) -> Stretches:
        return Stretches(self._text)

    @cached_property
    def _units(self) -> frozenset[int]:
        return table_units(self._text)

    @cached_property
    def _facts(self) -> Facts:
        return Facts.of(self._text, self._units)

    def figures(self, summary: str) -> Share:
        """How many of a summary's figures the document supports.

        A figure is an amount or percentage of two digits or more. It is supported if some stretch
        of 80 words has the same number (:meth:`~keydiff_cli.text.facts.Facts.has_number`: in any
        scale, and rounded where it may be) and at least half of the words that say what it is of:
        those among the eight before it and the four after it, in its sentence and between its
        semicolons, that are not around any figure ("increased", "million", "quarter"). Without such
        words the number is enough. A percentage may also be rounded where nothing says so, unless
        to a multiple of ten, and stand without its sign, as in many a table.
        """
        verdicts = [
            self._supports(stated, number)
            for stated in _sentences(summary)
            for number in stated.numbers
            if number.amount.digits > 1 and not number.is_marker
        ]
        return Share(sum(verdicts), len(verdicts))

    def _supports(self, stated: Stated, number: FoundNumber) -> bool:
        words = _words_around(stated, number)
        if not words:
            return _is_in(self._facts, stated, number)
        return any(
            _is_in(self._facts_of(stretch), stated, number)
            for stretch in self._stretches.having_half(words)
        )

    def _facts_of(self, stretch: int) -> Facts:
        if stretch not in self._in_stretches:
            text = self._stretches.texts[stretch]
            self._in_stretches[stretch] = Facts.of(text, self._units)
        return self._in_stretches[stretch]

    def names(self, summary: str) -> Share:
        """How many of a summary's names the document has, word by word."""
        found = [
            self._facts.has_name(name.word)
            for stated in _sentences(summary)
            for name in stated.names()
        ]
        return Share(sum(found), len(found))

    def dates(self, summary: str) -> Share:
        """How many of a summary's dates and years the document has, with all that they say."""
        found = [
            self._facts.has_date(date) for stated in _sentences(summary) for date in stated.dates
        ]
        return Share(sum(found), len(found))

    def drawn_on(self, summary: str) -> Drawn:
        """What of the document a summary draws on.

        The document is cut into ten equal parts, or fewer if they had less than 400 words. A
        sentence is from where the stretch of 80 words is that has the most of its words and
        figures, which weigh more the fewer stretches have them; from nowhere if that is less than
        half of their weight. One of less than four words and figures does not count.
        """
        stretches = self._stretches
        parts = max(min(PARTS, stretches.words // SMALLEST), 1)
        sentences = [each.text for each in split_sentences(summary)]
        telling = [each for each in sentences if len(set(terms(each))) >= _FEWEST]
        found = [stretches.best(sentence) for sentence in telling]
        places = [stretches.place(best[0]) for best in found if best and best[1] >= MATCHED]
        thirds = Counter(int(3 * place) for place in places)
        drawn = {int(parts * place) for place in places}
        return Drawn(
            Share(len(drawn), parts),
            Share(len(places), len(telling)),
            (thirds[0], thirds[1], thirds[2]),
        )


def without_places(summary: str) -> str:
    """A summary without the pages and lines that it names as the places of what it says.

    Those of ``keydiff ask`` are in brackets, as in ``[pages 3-4]``, or lines of an outline.
    """
    return _PLACES.sub("", summary).strip()


def rouge(summary: str, reference: str) -> float:
    """ROUGE-L (F1 over the whole) of words in small letters, without punctuation and articles.

    Words are compared as they are, not their stems.
    """
    return rouge_l(normalised(summary), normalised(reference))


def facts_overlap(summary: str, reference: str) -> float:
    """F1 of the distinct words and numbers that say something (:func:`terms`)."""
    return f1(list(dict.fromkeys(terms(summary))), list(dict.fromkeys(terms(reference))))


def _sentences(summary: str) -> list[Stated]:
    return [read_stated(sentence.text) for sentence in split_sentences(summary)]


def _is_in(facts: Facts, stated: Stated, number: FoundNumber) -> bool:
    """Whether a source has a number of a sentence."""
    how, unit = rounding(stated.text, number.start), unit_of(stated.text)
    if facts.has_number(number, how, unit):
        return True
    amount = number.amount
    if not amount.percent:
        return False
    unmarked = replace(number, amount=replace(amount, percent=False))
    is_fine = amount.number % 10 != 0
    return facts.has_number(unmarked, how, unit) or (
        is_fine and facts.has_number(number, Rounding.ABOUT, unit)
    )


def _words_around(stated: Stated, number: FoundNumber) -> frozenset[str]:
    """The words around a number that say what it is of, as :func:`terms` has them."""
    text, rest = stated.text, stated.rest
    first = text.rfind(";", 0, number.start) + 1
    last = text.find(";", number.stop)
    before = _WORD.findall(rest[first : number.start])[-_BEFORE:]
    after = _WORD.findall(rest[number.stop : last if last >= 0 else None])[:_AFTER]
    return frozenset(
        plain(word)
        for word in (*before, *after)
        if len(word) > 2 and word.lower() not in OPENERS and plain(word) not in _GENERAL
    )
