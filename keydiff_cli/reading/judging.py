"""Whether a passage has some of what a question asks for: by how much a model leans to yes.

Of some passages a small model says yes whatever it is asked. So one that it says yes of is asked
for everything else, too, and what counts is by how much more it leans to yes for the question. A
sentence is judged in two ways, which are wrong of different ones: by its rows, which know what
came before it, and by its words, after examples of what counts and what does not.
"""

from __future__ import annotations

import math

from keydiff_cli.reading.in_view import InView
from keydiff_cli.text.every_question import everything_of
from keydiff_cli.text.passages import Passage

ASKED = "Does the text above state one or more of these: {question}? Answer yes or no."
EXAMPLES = """\
In each line, say whether the sentence states one of what is wanted. \
A sentence about something similar does not count.

Wanted: opening hours
Sentence: The museum is open from nine to five except on Mondays.
Answer: yes
Sentence: The museum was opened in 1954 after nine years of work.
Answer: no

Wanted: side effects of the medicine
Sentence: The tablets are white, round and easy to swallow.
Answer: no
Sentence: Some patients felt dizzy in the first days of taking it.
Answer: yes
Sentence: Patients with a fever should see a doctor before they take anything.
Answer: no

Wanted: {wanted}
"""
JUDGED = "Sentence: {text}\nAnswer:"
_ELSE = "everything else"
_SURE = 20.0  # the natural logarithm of odds that are not told from certainty


class Judge:
    """Judges parts and sentences by a question; figures are natural logarithms of ratios of odds.

    Attributes
    ----------
    settings : list
        What it judges by: plain data.
    longest : str
        The longest text that comes beside a passage.
    """

    PART = (0.08, 0.12)  # from which leaning on a part is asked for everything else; has any
    ONE = (0.4, 0.35)  # from which a sentence is asked for everything else; is judged by its words
    SHARE = 0.3  # that the judgement by the words has beside the one by the rows

    def __init__(self, question: str) -> None:
        bare = question.strip().rstrip(".?!:")
        self._asked = ASKED.format(question=bare), ASKED.format(question=f"list {_ELSE}")
        wanted = everything_of(question), _ELSE
        self._examples = tuple(EXAMPLES.format(wanted=each) for each in wanted)
        self.longest = max(*self._asked, *self._examples, key=len)
        self.settings = [*self._asked, *self._examples, self.PART, self.ONE, self.SHARE]

    @property
    def asked(self) -> str:
        """What a part is asked."""
        return self._asked[0]

    def has_any(self, view: InView, part: Passage) -> bool:
        """Whether a part may have some."""
        least, enough = self.PART
        return self._by_rows(view, part, least) >= enough

    def likely(self, view: InView, statement: Passage, text: str) -> float:
        """How much more likely a statement is one than something else; -20 if it hardly is."""
        least, enough = self.ONE
        by_rows = self._by_rows(view, statement, least)
        if by_rows < enough:
            return -_SURE
        judged = JUDGED.format(text=text)
        one, other = (_odds(view.leaning_after(shown, judged)) for shown in self._examples)
        return by_rows + self.SHARE * (one - other)

    def _by_rows(self, view: InView, passage: Passage, least: float) -> float:
        asked, other = self._asked
        leaning = _odds(view.leaning(passage, asked))
        return leaning - _odds(view.leaning(passage, other)) if leaning >= least else -_SURE


def _odds(leaning: float) -> float:
    """The natural logarithm of the odds of a probability."""
    if not 0 < leaning < 1:
        return math.copysign(_SURE, leaning - 0.5)
    return max(-_SURE, min(_SURE, math.log(leaning / (1 - leaning))))
