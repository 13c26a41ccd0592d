"""Needles in a haystack: one fact in a long text, over depths and lengths."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from keydiff_cli.bench.haystack import cut, hide
from keydiff_cli.bench.samples import Count, Question, Text
from keydiff_cli.bench.words import distinct_numbers, distinct_words

TASK = "needle"


def needle(key: str, value: str) -> str:
    """The sentence that hides the value of a key."""
    return f"The secret number of the town of {key} is {value}."


def question(key: str) -> str:
    """What is asked about the needle of a key."""
    return f"What is the secret number of the town of {key}? Answer with the number only."


def texts(
    sentences: list[str],
    lengths: Sequence[int],
    depths: Sequence[float],
    samples: int,
    count: Count,
    seed: int = 0,
) -> Iterator[Text]:
    """The grid: ``samples`` texts of every length, each with a needle at every depth.

    All needles of a text are there at once and each is asked for alone, so that policies that do
    not know the question answer all of them after one reading.
    """
    for length in lengths:
        for number in range(samples):
            draw = random.Random(f"{seed} needle {length} {number}")
            keys = [name.capitalize() for name in distinct_words(draw, len(depths))]
            values = distinct_numbers(draw, len(depths))
            hidden = [needle(key, value) for key, value in zip(keys, values, strict=True)]
            room = length - sum(count(f" {sentence}") for sentence in hidden)
            document = hide(cut(sentences, room, count, draw), hidden, list(depths))
            name = f"{TASK}-{length}-{number}"
            questions = tuple(
                Question(f"{name}-{depth:g}", question(key), (value,), depth)
                for key, value, depth in zip(keys, values, depths, strict=True)
            )
            yield Text(name, TASK, length, document, questions)
