"""Choosing among what a grammar allows: as often as it would be, and with few looks."""

from __future__ import annotations

from typing import Any

import numpy as np
from engine_helpers import make_task, plain_answer
from fake_model import FakeModel

from keydiff_cli.engine.answer import Sampler
from keydiff_cli.engine.constrained import Constrained
from keydiff_cli.engine.endless import Ending
from keydiff_cli.llama import Grammar, Model
from keydiff_cli.shapes import Schema


class Allowed:
    """A grammar that allows some tokens."""

    def __init__(self, *tokens: int) -> None:
        self.tokens = tokens
        self.looked = self.masks = 0
        self.accepted: list[int] = []

    def allows(self, token: int) -> bool:
        self.looked += 1
        return token in self.tokens

    def masked(self, logits: Any) -> Any:
        self.masks += 1
        return np.where(np.isin(np.arange(len(logits)), self.tokens), logits, -np.inf)

    def accept(self, token: int) -> None:
        self.accepted.append(token)


def constrained(grammar: Any, temperature: float = 0.0) -> Constrained:
    model: Any = FakeModel()
    return Constrained(Sampler(temperature).choices(), grammar, Ending(model))


def choose(grammar: Any, logits: Any, temperature: float = 0.0, times: int = 1) -> list[Any]:
    choose = constrained(grammar, temperature)
    return [choose(np.array(logits, np.float32)) for _ in range(times)]


def test_the_likeliest_is_taken_at_once_where_it_is_allowed() -> None:
    grammar = Allowed(0, 2)
    assert choose(grammar, [1, 0, 5]) == [2]
    assert (grammar.looked, grammar.masks, grammar.accepted) == (1, 0, [2])


def test_else_the_next_one_that_is_and_the_logits_stay() -> None:
    logits = np.array([1, 7, 0, 5, 2], np.float32)
    grammar = Allowed(4, 2)
    assert constrained(grammar)(logits) == 4
    assert (grammar.looked, grammar.masks) == (3, 0)
    assert list(logits) == [1, 7, 0, 5, 2]


def test_the_whole_vocabulary_is_looked_at_once_where_many_are_not() -> None:
    grammar = Allowed(3)
    assert choose(grammar, np.arange(1000)) == [3]
    assert grammar.looked < 100
    assert grammar.masks == 1


def test_there_is_none_where_none_is_allowed() -> None:
    assert choose(Allowed(), [1, 2]) == choose(Allowed(), np.arange(1000)) == [None]


def test_sampled_tokens_come_by_their_probabilities_among_those_allowed() -> None:
    logits = np.log([0.5, 0.3, 0.1, 0.1])
    made = choose(Allowed(1, 3), logits, 1.0, times=2000)
    assert set(made) == {1, 3}
    assert abs(made.count(1) / 2000 - 0.75) < 0.04


def test_tokens_are_those_of_the_likeliest_among_all_that_are_allowed(tiny_model: Model) -> None:
    """Also where the likeliest of all are not allowed, which takes some looks."""
    far = {"type": "string", "pattern": "^[Q-Z]{3} [0-9]{4}$"}
    schema = Schema.of({"properties": {"code": far, "black": {"type": "boolean"}, "name": {}}})
    task = make_task(tiny_model, "Ann has a black cat.", schema.asked("What is there?"))
    refused = 0

    def whole(logits: Any) -> int:
        nonlocal refused
        token = int(np.argmax(slow.masked(logits)))
        refused += token != np.argmax(logits)
        slow.accept(token)
        return token

    with Grammar(tiny_model, schema.grammar) as slow, Grammar(tiny_model, schema.grammar) as fast:
        expected = plain_answer(tiny_model, task, block=64, max_tokens=40, choose=whole)
        choose = Constrained(Sampler().choices(), fast, Ending(tiny_model))
        got = plain_answer(tiny_model, task, block=64, max_tokens=40, choose=choose)
    assert got == expected
    assert refused > 3
