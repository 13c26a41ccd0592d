"""Citations: the places of the documents that the sentences of an answer rest on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from math import log

from keydiff_cli.errors import KeydiffError
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.reading.second_look import Passages, SecondLook, weighed
from keydiff_cli.text.absence import says_absent
from keydiff_cli.text.checking import Claim, claims_of
from keydiff_cli.text.places import Citation
from keydiff_cli.text.sentences import split_sentences
from keydiff_cli.text.stated import Stated, read_stated

_PLACES = 3  # of a sentence at most
_CANDIDATES = 12  # passages that are looked through for what a sentence states
_OWN, _WITH_QUESTION, _LOOKED = 2.0, 1.0, 1.0  # weights of the rankings
_FENCE = "```"  # before and after code
_WORD = re.compile(r"\w+")


class Citing:
    """Follows an answer while it comes, and cites each sentence when it is there.

    Parameters
    ----------
    second_look
        Finds passages of the documents by their words.
    question
        In the user's words.
    looked
        The passages that were put before the question.
    recorder
        Told if the documents cannot be searched.
    """

    def __init__(
        self, second_look: SecondLook, question: str, looked: Passages, recorder: Recorder
    ) -> None:
        self._second_look, self._question, self._looked = second_look, question, looked
        self._recorder = recorder
        self._broken = False
        self._text = ""
        self._given = 0  # characters
        self._cited = 0

    def follow(self, texts: Iterable[str]) -> Iterator[str | tuple[Citation, ...]]:
        """The pieces of an answer as they come, with citations where its sentences end.

        White space is held back until more follows, as a citation may come before it.
        """
        for text in texts:
            self._text += text
            yield from self._sentences(ended=False)
            yield from self._given_to(len(self._text.rstrip()))
        yield from self._sentences(ended=True)
        yield from self._given_to(len(self._text))

    def _sentences(self, *, ended: bool) -> Iterator[str | tuple[Citation, ...]]:
        """The text of sentences that were not cited yet, and the places that each rests on."""
        found = split_sentences(self._text[self._cited :])
        for sentence in found if ended else found[:-1]:
            start = self._cited + len(sentence.lead)
            self._cited = start + len(sentence.text)
            yield from self._given_to(self._cited)
            if self._is_cited(sentence.text) and (places := self._places(sentence.text, start)):
                yield places

    def _is_cited(self, sentence: str) -> bool:
        """Whether a sentence is the answer's own, and a mark can stand behind it."""
        remark = sentence.startswith("[") and sentence.endswith("]")
        remark = remark or says_absent(sentence)
        row = sentence.startswith("|")  # of a table
        in_code = self._text.count(_FENCE, 0, self._cited) % 2
        return not remark and not row and not in_code

    def _given_to(self, stop: int) -> Iterator[str]:
        """The text up to a character, as far as it was not given."""
        if stop > self._given:
            yield self._text[self._given : stop]
            self._given = stop

    def _places(self, sentence: str, start: int) -> tuple[Citation, ...]:
        """As :meth:`cite`; none if the documents cannot be searched, which is said."""
        if self._broken:
            return ()
        try:
            return self.cite(sentence, start)
        except KeydiffError as error:
            self._broken = True
            self._recorder.warn_of_answer(f"nothing is cited: {error}")
            return ()

    def cite(self, sentence: str, start: int) -> tuple[Citation, ...]:
        """The places that a sentence rests on, the best first.

        Raises
        ------
        KeydiffError
            If the documents cannot be searched.
        """
        stated, ranked = read_stated(sentence), self._second_look.ranked
        figures = " ".join(f"{number.amount.number.normalize():,f}" for number in stated.numbers)
        points = weighed(
            (ranked(f"{sentence} {figures}"), _OWN),
            (ranked(f"{self._question} {sentence} {figures}"), _WITH_QUESTION),
            (self._looked.numbers, _LOOKED),
        )
        if not points:
            return ()
        best = max(points.values())
        candidates = sorted(points, key=lambda number: -points[number])[:_CANDIDATES]
        claims = {
            number: claims_of(stated, self._second_look.facts(number)) for number in candidates
        }
        shared = self._shared(sentence, candidates)
        points = {
            number: points[number] / best + shared[number] + _found(claims[number])
            for number in candidates
        }
        missing = self._missing(stated, list(claims.values()))
        chosen = sorted(candidates, key=lambda number: -points[number])[:_PLACES]
        total = sum(points[number] for number in chosen)
        return tuple(
            self._citation(number, sentence, start, points[number] / total, missing)
            for number in chosen
        )

    def _shared(self, sentence: str, candidates: Sequence[int]) -> dict[int, float]:
        """The share of a sentence's words that each passage has; rare ones count for more."""
        words = {number: _words(self._second_look.text(number)) for number in candidates}
        rare = {
            word: log(1 + len(words) / (1 + sum(word in each for each in words.values())))
            for word in _words(sentence)
        }
        whole = sum(rare.values()) or 1
        return {
            number: sum(rare[word] for word in rare.keys() & own) / whole
            for number, own in words.items()
        }

    def _missing(self, stated: Stated, claims: Sequence[Sequence[Claim]]) -> set[str] | None:
        """What of a sentence no passage has; None if it states nothing that can be looked up.

        ``claims`` are those of the best passages. What they lack may be in one that has nothing
        else of the sentence.
        """
        if not any(claims):
            return None
        missing = set.intersection(*map(_lacking, claims))
        for each in sorted(missing):
            for number in self._second_look.ranked(each)[:_CANDIDATES]:
                missing &= _lacking(claims_of(stated, self._second_look.facts(number)))
        return missing

    def _citation(
        self, number: int, sentence: str, start: int, weight: float, missing: set[str] | None
    ) -> Citation:
        look, label = self._second_look.place(number)
        return Citation(
            start,
            start + len(sentence),
            look.document,
            look.page,
            label,
            look.lines,
            _nearest(sentence, self._second_look.text(number)),
            round(weight, 4),
            None if missing is None else not missing,
            tuple(sorted(missing or ())),
            look.page_kind,
        )


def _nearest(sentence: str, text: str) -> str:
    """The sentence of a text that has the most words of another one."""
    words = _words(sentence)
    sentences = [each.text for each in split_sentences(text)] or [text]
    return max(sentences, key=lambda each: len(words & _words(each)))


def _found(claims: Sequence[Claim]) -> float:
    """Return the share of a sentence's claims that a passage has; 0 if it makes none."""
    return 1 - len(_lacking(claims)) / len({claim.written for claim in claims}) if claims else 0


def _lacking(claims: Iterable[Claim]) -> set[str]:
    """Return those claims that a passage does not have."""
    return {claim.written for claim in claims if not claim.is_found}


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))
