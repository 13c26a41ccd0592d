"""A second look: passages of the text that bear on a question are put before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from keydiff_cli.errors import KeydiffError
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.scores import Float32
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.facts import Facts
from keydiff_cli.text.introduction import without_page_mark
from keydiff_cli.text.passages import Passage, cut_passages
from keydiff_cli.text.places import Look
from keydiff_cli.text.question import searched
from keydiff_cli.text.word_index import WordIndex

_CANDIDATES = 50  # passages of each ranking that are considered
_FUSION = 5  # the constant of reciprocal rank fusion (Cormack et al. 2009)
_ATTENTION = 2.0  # weight of the ranking by attention in it, against 1 of that by words
# "Summarise this" lifts hardly a passage far above what any question attends to.
_LIFTED = 9.5  # times
_NAMED = 1  # passages that have to be lifted so much, beside the first
_INTRODUCTION = "Passages of the document:"


@dataclass(frozen=True)
class Passages:
    """What is put before a question.

    Attributes
    ----------
    text
        The passages with their places; empty if there are none.
    looks
        What was looked at.
    numbers
        The numbers of these passages, the best first.
    spans
        Their tokens in the corpus, from the first to the last (exclusive).
    headings
        The lines of the text that are not of the documents.
    """

    text: str = ""
    looks: tuple[Look, ...] = ()
    numbers: tuple[int, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    headings: tuple[str, ...] = ()


class SecondLook:
    """Finds the passages of some documents that bear on a question; to be closed.

    Parameters
    ----------
    corpus
        The documents, of which all that is known is searched.
    recorder
        Told if they cannot be searched.
    """

    def __init__(self, corpus: Corpus, recorder: Recorder) -> None:
        self._corpus = corpus
        self._recorder = recorder
        self._passages: list[Passage] = []
        self._facts: dict[int, Facts] = {}
        self._index: WordIndex | None = None
        self._broken = False

    def close(self) -> None:
        """Remove the index, if there is one."""
        if self._index is not None:
            self._index.close()

    def find(self, question: str, before: str, lifts: Float32 | None, tokens: int) -> Passages:
        """The passages to be read again before a question, in the order of the documents.

        Parameters
        ----------
        question
            In the user's words.
        before
            The question before it in a conversation; empty if there is none.
        lifts
            How much the question attends to each token that was read of the documents: float32
            ``[tokens]``; None if that is not known.
        tokens
            All of it takes so many tokens at most.
        """
        if tokens <= 0 or self._broken:
            return Passages()
        try:
            index = self._opened()
            by_words = index.find(searched(question, before), _CANDIDATES)
        except KeydiffError as error:
            self._broken = True
            self._recorder.warn(f"nothing is looked up in the text: {error}")
            return Passages()
        by_attention = [] if lifts is None else self._attended(lifts)
        if lifts is not None and not by_attention and len(lifts) == self._corpus.tokens:
            return Passages()
        return self._best(by_words, by_attention, tokens)

    def ranked(self, text: str) -> list[int]:
        """The numbers of the passages with words of a text, the best first.

        Raises
        ------
        KeydiffError
            If they cannot be searched.
        """
        return self._opened().find(text, _CANDIDATES)

    def place(self, number: int) -> tuple[Look, str]:
        """Where a passage is, and what its page is called."""
        passage = self._passages[number]
        return self._look(passage), self._corpus.label(passage.start)

    def text(self, number: int) -> str:
        """The text of a passage."""
        return self._text(self._passages[number])

    def facts(self, number: int) -> Facts:
        """What a passage states; found out once."""
        if number not in self._facts:
            self._facts[number] = Facts.of(self.text(number))
        return self._facts[number]

    def _opened(self) -> WordIndex:
        if self._index is None:
            self._passages = cut_passages(self._corpus)
            texts = (self._corpus.text(passage.start, passage.stop) for passage in self._passages)
            self._index = WordIndex(texts)
        return self._index

    def _attended(self, lifts: Float32) -> list[int]:
        """The passages that are lifted most, by number; none for a question that names nothing."""
        starts = np.array([passage.start for passage in self._passages])
        starts = starts[starts < len(lifts)]  # more of the text may be known than was read
        best = np.maximum.reduceat(lifts, starts)
        order = np.argsort(-best, kind="stable")[:_CANDIDATES]
        if best[order[: _NAMED + 1][-1]] < _LIFTED:
            return []
        return [int(number) for number in order]

    def _best(self, by_words: Sequence[int], by_attention: Sequence[int], tokens: int) -> Passages:
        """As many of the best passages as there is room for.

        If there is none even for the first one, the name of its document is cut.
        """
        chosen: dict[int, tuple[str, Look]] = {}  # by number; what it was found by is still open
        room = tokens - self._corpus.count(f"\n\n{_INTRODUCTION}")
        for number in fused((by_words, 1.0), (by_attention, _ATTENTION)):
            look = self._look(self._passages[number])
            heading = self._heading(look, None if chosen else room - look.tokens)
            size = look.tokens + self._corpus.count(heading)
            if size > room:
                break
            room -= size
            chosen[number] = heading, look
        if not chosen:
            return Passages()
        words, attention = (set(found[: 2 * len(chosen)]) for found in (by_words, by_attention))
        text, looks = _INTRODUCTION, []
        for number, (heading, look) in sorted(chosen.items()):
            found = number in words, number in attention  # in neither: far behind in both
            by = {(True, False): "words", (False, True): "attention"}.get(found, "both")
            looks.append(replace(look, by=by))
            text += heading + self._text(self._passages[number])
        found_at = (self._passages[number] for number in chosen)
        spans = tuple((passage.start, passage.stop) for passage in found_at)
        headings = _INTRODUCTION, *(heading.strip() for heading, _ in chosen.values())
        return Passages(text, tuple(looks), tuple(chosen), spans, headings)

    def _look(self, passage: Passage) -> Look:
        """Where a passage is, and how long it is."""
        first = self._corpus.place(passage.start)
        last = self._corpus.place(passage.stop - 1)
        lines, tokens = (first.line, last.line), passage.stop - passage.start
        return Look(first.document, first.page, lines, tokens, "", first.page_kind)

    def _text(self, passage: Passage) -> str:
        """The text of a passage, without the mark of its page: its heading says as much."""
        text = self._corpus.text(passage.start, passage.stop).strip()
        page = self._corpus.page(passage.start)
        if page is None:
            return text
        kind = self._corpus.document(passage.start).page_kind or "page"
        return without_page_mark(text, page, kind).lstrip()

    def _heading(self, look: Look, room: int | None) -> str:
        """What stands before a passage: where it is.

        Where there are several documents it has the name of its own: only the ends of it if it
        would be longer than ``room`` tokens. That is so of one heading at most, so that no two
        documents are called the same.
        """
        first, last = look.lines
        where = f"lines {first}-{last}" if look.page is None else f"{look.page_kind} {look.page}"
        if len(self._corpus.documents) == 1:
            return f"\n\n[{where}]\n"
        name = look.document
        heading, ends = f"\n\n[{name}, {where}]\n", len(name)
        while room is not None and ends > 1 and self._corpus.count(heading) > room:
            ends //= 2
            heading = f"\n\n[{name[:ends]}...{name[-ends:]}, {where}]\n"
        return heading


def fused(*rankings: tuple[Sequence[int], float]) -> list[int]:
    """Several rankings, each with a weight, as one."""
    points = weighed(*rankings)
    return sorted(points, key=lambda number: -points[number])


def weighed(*rankings: tuple[Sequence[int], float]) -> dict[int, float]:
    """What is in several rankings, each with a weight: the sums of weighted reciprocal ranks."""
    points: dict[int, float] = {}
    for ranking, weight in rankings:
        for rank, number in enumerate(ranking, 1):
            points[number] = points.get(number, 0.0) + weight / (_FUSION + rank)
    return points
