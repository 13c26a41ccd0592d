"""Whether the documents answer a question, found out and said before the answer."""

from __future__ import annotations

from dataclasses import dataclass

from keydiff_cli.engine.answer import Answer
from keydiff_cli.engine.support import Weights, level, signs_of
from keydiff_cli.errors import setting
from keydiff_cli.llama import Tokens
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.text.absence import says_absent
from keydiff_cli.text.sentences import split_sentences

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
    several
        Whether there are several documents.
    evicting
        Whether older questions and answers may make room for what is tried.
    """

    check: Tokens
    weights: Weights
    replacing: bool
    several: bool
    evicting: bool
    recorder: Recorder

    def seek(self, answer: Answer) -> bool:
        """Put the question to the model, and find out; whether the answer only says that.

        Raises
        ------
        UsageError
            If the question does not fit.
        """
        signs = signs_of(answer, self.check, evicting=self.evicting)
        if signs is None:
            return False
        probability = self.weights.probability(signs)
        supported = level(probability)
        self.recorder.support_found(supported, probability)
        if supported == "no" and self.replacing:
            answer.give(ABSENT_OF_SEVERAL if self.several else ABSENT)
            self.recorder.note(
                f"the model finds no answer; {setting('absent', 'note')} shows what it would say"
            )
            return True
        return False

    def look_at(self, answer: Answer) -> None:
        """Find out by what was answered: one that begins by saying that there is none is none."""
        first = next(iter(split_sentences(answer.text)), None)
        if first is not None and says_absent(first.text):
            self.recorder.support_found("no", self.recorder.report.support or 0.0)
        elif self.recorder.report.supported == "no":
            self.recorder.warn_of_answer("the documents do not seem to answer this question")
