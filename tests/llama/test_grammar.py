"""What a grammar allows to come next, by the small model's tokens."""

from __future__ import annotations

import numpy as np
import pytest

from keydiff_cli.llama import Grammar, LlamaError, Model, require_grammar

TEXT = 'root ::= "yes" | "yesterday" | [é]+'


@pytest.fixture
def grammar(tiny_model: Model) -> Grammar:
    with Grammar(tiny_model, TEXT) as grammar:
        yield grammar


def test_it_goes_on_with_what_was_accepted(tiny_model: Model, grammar: Grammar) -> None:
    for token in tiny_model.tokenize("yes"):
        assert grammar.allows(token)
        assert not grammar.allows(tiny_model.eos)
        grammar.accept(token)
    assert grammar.allows(tiny_model.eos)
    assert not grammar.allows(tiny_model.tokenize("y")[0])
    assert grammar.allows(tiny_model.tokenize("t")[0])


def test_a_mask_allows_what_is_allowed_one_by_one(tiny_model: Model, grammar: Grammar) -> None:
    logits = np.arange(tiny_model.vocabulary_size, dtype=np.float32)
    masked = grammar.masked(logits)
    one_by_one = [grammar.allows(token) for token in range(len(logits))]
    assert 1 < sum(one_by_one) < len(logits) / 2
    assert np.array_equal(np.isfinite(masked), one_by_one)
    assert np.array_equal(masked[one_by_one], logits[one_by_one])


def test_one_that_cannot_be_read_is_refused() -> None:
    require_grammar(TEXT)
    with pytest.raises(LlamaError, match="cannot read the grammar"):
        require_grammar("root ::= missing")
