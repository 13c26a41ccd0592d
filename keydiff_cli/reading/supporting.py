"""Whether the documents answer a question, found out and said before the answer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from keydiff_cli.engine.answer import Answer, make_room, step_of
from keydiff_cli.engine.support import Signs, Supported, Weights, level, signs_of
from keydiff_cli.errors import setting
from keydiff_cli.llama import Tokens
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.text.absence import says_absent
from keydiff_cli.text.sentences import split_sentences

_AHEAD = 48  # tokens of an answer that are held back at most until it is clear
_UNSURE = math.log(0.25)  # of the least probable token of an answer that is none, mostly
ABSENT = "The document does not say."
ABSENT_OF_SEVERAL = "The documents do not say."


@dataclass(frozen=True)
class Supporting:
    """Finds out whether the documents answer one question.

    Attributes
    ----------
    check
        What the model is asked about the question: as the question's own tokens.
    weights
        How the signs of it are weighed.
    replacing
        Whether an answer that the documents do not have is not to be given.
    alone
        Whether no passages stand before the question.
    several
        Whether there are several documents.
    evicting
        Whether older questions and answers may make room for what is tried.
    """

    check: Tokens
    weights: Weights
    replacing: bool
    alone: bool
    several: bool
    evicting: bool
    recorder: Recorder

    def followed(self, answer: Answer) -> Iterator[str]:
        """The text of an answer, piece by piece, or that there is none.

        Where it is not clear before the answer, its text is held back until it is: to its end, or
        for some tokens.

        Raises
        ------
        UsageError
            If the question does not fit.
        """
        signs = signs_of(answer, self.check, evicting=self.evicting)
        if signs is None:
            yield from answer
            return
        best, worst = (self._level(replace(signs, least=least)) for least in (0.0, _UNSURE))
        if self.replacing and best == "no":
            yield from self._absent(answer, signs)
        elif self.replacing and worst != "yes":
            yield from self._held_back(answer, signs)
        else:
            yield from answer
            self._found(replace(signs, least=answer.least))

    def _held_back(self, answer: Answer, signs: Signs) -> Iterator[str]:
        cache, held, pieces = answer.cache, "", iter(answer)
        answer.put()
        if self.evicting:
            make_room(cache, min(_AHEAD, step_of(cache)))
        start, evicted = cache.position, cache.evicted
        try:
            for text in pieces:
                held += text
                if len(answer.tokens) >= _AHEAD:
                    break
        except KeyboardInterrupt:
            yield held
            raise
        signs = replace(signs, least=answer.least)
        if self._level(signs) == "no" and cache.evicted == evicted:
            cache.truncate(start)
            yield from self._absent(answer, signs)
            return
        self._found(signs)
        yield held
        yield from pieces

    def _absent(self, answer: Answer, signs: Signs) -> Iterator[str]:
        """Say that there is no answer, in place of one."""
        self._found(signs)
        answer.give(ABSENT_OF_SEVERAL if self.several else ABSENT)
        self.recorder.note(
            f"the model finds no answer; {setting('absent', 'note')} shows what it would say"
        )
        yield from answer

    def _level(self, signs: Signs) -> Supported:
        return level(self.weights.probability(signs), alone=self.alone)

    def _found(self, signs: Signs) -> None:
        self.recorder.support_found(self._level(signs), self.weights.probability(signs))

    def look_at(self, answer: Answer) -> None:
        """Find out by what was answered: one that begins by saying that there is none is none."""
        first = next(iter(split_sentences(answer.text)), None)
        if first is not None and says_absent(first.text):
            self.recorder.support_found("no", self.recorder.report.support or 0.0)
        elif self.recorder.report.supported == "no":
            self.recorder.warn_of_answer("the documents do not seem to answer this question")
