"""Trials: what of a text is kept, and the same text with all of it kept."""

from __future__ import annotations

import numpy as np
import pytest

from keydiff_cli.bench.samples import Question, Text
from keydiff_cli.bench.trials import Trial
from keydiff_cli.policies import POLICIES

QUESTION = Question("a", "Why?", ("so",))


def trial(budget: int | None, part: str | None = None) -> Trial:
    text = Text("a", "vt", None, "word " * 10, (QUESTION,))
    document = np.arange(10, dtype=np.int32)
    return Trial(text, document, POLICIES["keydiff"], budget, part, [QUESTION])


@pytest.mark.parametrize(("budget", "held"), [(4, 4), (10, 10), (11, 10), (None, 10)])
def test_no_more_is_held_than_there_is(budget: int | None, held: int) -> None:
    assert trial(budget).held == held


def test_the_whole_text_is_read_without_a_budget() -> None:
    part = trial(4, "2/5")
    whole = part.whole
    assert (whole.policy, whole.budget, whole.part) == (POLICIES["full"], None, None)
    assert whole.held == 10
    assert whole.text is part.text
    assert whole.document is part.document
    assert whole.questions == [QUESTION]
    assert (part.policy.name, part.budget, part.part) == ("keydiff", 4, "2/5")
