"""Rules of grammars: how often things are repeated, and which rules come out."""

from __future__ import annotations

import pytest
from grammar_texts import Texts

from keydiff_cli.llama import require_grammar
from keydiff_cli.shapes.gbnf import Rules, literal


@pytest.mark.parametrize(
    ("least", "most"), [(0, 3), (2, 2), (499, 1501), (1700, None), (0, 1000), (1200, 1200)]
)
def test_things_are_repeated_as_often_as_they_may(least: int, most: int | None) -> None:
    rules = Rules()
    grammar = rules.text(rules.add(rules.repeat(literal("a"), least, most)))
    require_grammar(grammar)
    texts = Texts(grammar)
    lengths = {len(texts.make()) for _ in range(20)}
    assert least <= min(lengths)
    assert most is None or max(lengths) <= most
    assert len(lengths) > 1 or least == most


def test_a_rule_that_nothing_needs_is_left_out_and_one_that_is_missing_said() -> None:
    rules = Rules()
    rules.add(literal("x"))
    used = rules.add(literal('r9 "\n'))
    assert rules.text(used) == f'root ::= {used}\n{used} ::= "r9 \\"\\n"\n'
    with pytest.raises(LookupError):
        rules.text(rules.reserve())
