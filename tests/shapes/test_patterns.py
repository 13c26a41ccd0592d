"""Regular expressions as grammars: what they make is found by the expression, as JSON has it."""

from __future__ import annotations

import json
import re

import pytest
from grammar_texts import Texts

from keydiff_cli.llama import require_grammar
from keydiff_cli.shapes.gbnf import Rules
from keydiff_cli.shapes.patterns import PatternError, pattern_grammar


def texts(pattern: str, count: int = 60) -> set[str]:
    rules = Rules()
    grammar = rules.text(rules.add(f'"\\"" {pattern_grammar(pattern, rules)} "\\""'))
    require_grammar(grammar)
    made = Texts(grammar)
    return {json.loads(made.make()) for _ in range(count)}


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[A-Z]{2}-\d+$",
        r"^a|b$",
        r"abc",
        r"^$",
        r"^(a|b){2,3}c?$",
        r"^(?:x|y)*z$",
        r"^\S+ \w\W\D$",
        r"^[^a-y]+$",
        r"^[^\s\d]+$",
        r'^["\\/]+$',
        r"^\x41\u00e9\t\.\-\/$",
        r"^.{3}$",
        r"^a{,2}b{2,}$",
        r"^[\w.+-]+@[\w-]+\.[a-z]{2,}$",
        r"^(?P<name>a)+?b*?$",
        r"^{x}$",
        r"^[]a-]+$",
        r"^a{600,700}$",
    ],
)
def test_what_is_made_matches(pattern: str) -> None:
    for text in texts(pattern):
        assert re.search(pattern, text), text


def test_what_is_not_anchored_has_more_around_it() -> None:
    made = texts("b", 200)
    assert any(len(text) > 3 and not text.startswith("b") for text in made)
    assert {"a", "b"} == texts("^(a|b)$")


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(", "no regular expression"),
        (r"^\p{L}$", "no regular expression"),
        ("a(?=b)", "looks around"),
        ("(?i)a", "looks around"),
        (r"\bword", r"'\\b'"),
        (r"(a)\1", r"'\\1'"),
        ("a^b", "are within it"),
        ("(^a$)", "are within it|no meaning"),
        ("^\x00$", "JSON cannot write"),
    ],
)
def test_what_has_no_grammar_is_refused(pattern: str, why: str) -> None:
    with pytest.raises(PatternError, match=why):
        pattern_grammar(pattern, Rules())
