"""Words and numbers from a seed: none is in another, and the same seed draws the same ones."""

from __future__ import annotations

import random
import re
from itertools import permutations

import pytest

from keydiff_cli.bench.words import distinct_numbers, distinct_words, word


@pytest.mark.parametrize("syllables", [1, 2, 4])
def test_a_word_has_its_syllables_and_ends_in_a_consonant(syllables: int) -> None:
    draw = random.Random(1)
    for _ in range(50):
        drawn = word(draw, syllables)
        assert re.fullmatch("[a-z]+", drawn)
        assert len(re.findall("[aeiou]+", drawn.replace("qu", "q"))) == syllables
        assert drawn[-1] not in "aeiou"


def test_no_word_is_a_part_of_another() -> None:
    """There are so few words of one syllable that the first ones drawn would not do."""
    words = distinct_words(random.Random(1), 100, syllables=1)
    assert len(words) == 100
    assert not [pair for pair in permutations(words, 2) if pair[0] in pair[1]]
    draw = random.Random(1)
    first = [word(draw, 1) for _ in range(100)]
    assert [pair for pair in permutations(first, 2) if pair[0] in pair[1]]


def test_numbers_differ_and_have_their_digits() -> None:
    numbers = distinct_numbers(random.Random(1), 9, digits=1)
    assert sorted(numbers) == list("123456789")
    assert {len(number) for number in distinct_numbers(random.Random(1), 50)} == {7}


def test_a_seed_draws_the_same_and_another_one_others() -> None:
    def drawn(seed: int) -> tuple[list[str], list[str]]:
        draw = random.Random(seed)
        return distinct_words(draw, 5), distinct_numbers(draw, 5)

    assert drawn(1) == drawn(1)
    assert not set(drawn(1)[0]) & set(drawn(2)[0])
    assert not set(drawn(1)[1]) & set(drawn(2)[1])
