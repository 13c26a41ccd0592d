"""What was sought for a question, in figures and by place."""

from __future__ import annotations

import numpy as np
from text_helpers import END, MadeDocument, PlainBytes

from keydiff_cli.reading.coverage import Retention
from keydiff_cli.reading.evidence import Evidence
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.places import Look

LOOK = Look("a", None, (1, 1), 2, "words")


def retention() -> Retention:
    """Of a document whose first token is held by one head of two."""
    corpus = Corpus([MadeDocument([("text", None)])], PlainBytes())
    corpus.read_to(END)
    return Retention(corpus, [np.array([[0], [-1]], np.int32)], 0)


def test_what_came_back_is_counted_and_its_seconds_add_up() -> None:
    evidence = Evidence().with_recalled(np.array([4, 5]), 0.5).with_recalled(np.array([7]), 0.25)
    assert (evidence.recall.tokens, evidence.recall.seconds) == (1, 0.75)
    assert Evidence(looks=(LOOK,), recalling=1.0, searching=2.0).seconds == 3.0


def test_what_was_sought_is_in_the_coverage() -> None:
    sought = Evidence(np.array([1, 9]), spans=((3, 5), (7, 8)), retention=retention())
    (document,) = sought.coverage
    assert (document.recalled, document.looked) == (2, 3)
    assert document.mean == round(1 / (2 * document.tokens), 4)
    (document,) = Evidence(all_looked_at=True, retention=retention()).coverage
    assert document.looked == document.tokens
    assert Evidence().coverage == ()
