"""Texts in which items of three kinds are planted, and questions that ask for all of a kind."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

from keydiff_cli.bench.haystack import cut, hide
from keydiff_cli.bench.samples import Count
from keydiff_cli.bench.words import distinct_words

_PARAGRAPH = 6  # sentences
_FIRST_DAY, _DAYS = date(2031, 1, 1), 365
_STEP, _STEPS = 150, 400  # of amounts in dollars, and how many there are
_GIVEN = (
    "Agnes", "Boris", "Carla", "Denis", "Edith", "Felix", "Greta", "Hugo", "Irene", "Jonas",
    "Klara", "Louis", "Marta", "Nadia", "Oscar",
)  # fmt: skip
_POSTS = ("head", "secretary", "inspector", "keeper", "auditor", "deputy")
_OFFICES = (
    "purchasing", "dredging", "the archive", "the locks", "the cranes", "insurance", "the pilots",
    "the customs desk", "maintenance", "the signal tower", "fire safety", "the fish market",
)  # fmt: skip
_BREACHES = (
    "late delivery of", "damage to", "missing papers for", "wrong labels on", "leaks from",
    "loss of",
)  # fmt: skip
_GOODS = (
    "rope", "timber", "cement", "grain", "pumps", "anchors", "paint", "bricks", "diesel", "netting",
    "pipes", "barrels",
)  # fmt: skip


@dataclass(frozen=True)
class PlantedItem:
    """One of the things that a question asks for all of.

    Attributes
    ----------
    who
        Whom or what it is about; no other item of the text has it.
    what
        What is said of that: a date, a post or an amount; no other item of its kind has it.
    sentence
        The sentence that says it.
    """

    who: str
    what: str
    sentence: str


@dataclass(frozen=True)
class Kind:
    """A kind of item.

    Attributes
    ----------
    name
        What it is called in records and tables.
    question
        Asks for all items, each with both of its parts.
    sentences
        Ways to say an item, with ``{who}`` and ``{what}``.
    draw
        Draws so many pairs of ``who`` and ``what``; takes made-up words, one for each.
    """

    name: str
    question: str
    sentences: tuple[str, ...]
    draw: Callable[[random.Random, Sequence[str]], list[tuple[str, str]]]


@dataclass(frozen=True)
class PlantedText:
    """A text with items of all kinds; ``items`` are those of each kind by its name, in their order.

    ``name`` is unique for a length, a number of items and a seed.
    """

    name: str
    length: int
    document: str
    items: dict[str, tuple[PlantedItem, ...]]


def _deadlines(draw: random.Random, words: Sequence[str]) -> list[tuple[str, str]]:
    days = [_FIRST_DAY + timedelta(n) for n in draw.sample(range(_DAYS), len(words))]
    firms = [f"{word.capitalize()} & Sons" for word in words]
    return [(firm, f"{day.day} {day:%B} {day.year}") for firm, day in zip(firms, days, strict=True)]


def _people(draw: random.Random, words: Sequence[str]) -> list[tuple[str, str]]:
    names = [f"{draw.choice(_GIVEN)} {word.capitalize()}" for word in words]
    posts = [f"{post} of {office}" for post, office in product(_POSTS, _OFFICES)]
    return list(zip(names, draw.sample(posts, len(words)), strict=True))


def _penalties(draw: random.Random, words: Sequence[str]) -> list[tuple[str, str]]:
    breaches = [" ".join(pair) for pair in product(_BREACHES, _GOODS)]
    amounts = [f"${_STEP * n:,}" for n in draw.sample(range(7, 7 + _STEPS), len(words))]
    return list(zip(draw.sample(breaches, len(words)), amounts, strict=True))


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "deadlines",
            "List all payment deadlines: each with the firm that is to be paid, and the date.",
            (
                "{who} must be paid by {what} at the latest.",
                "The invoice of {who} is due on {what}.",
                "Payment to {who} has to be made no later than {what}.",
            ),
            _deadlines,
        ),
        Kind(
            "people",
            "List all people who work for the harbour trust: each with name and post.",
            (
                "{who} works for the harbour trust as {what}.",
                "The harbour trust has made {who} its {what}.",
                "At the harbour trust, {who} is {what}.",
            ),
            _people,
        ),
        Kind(
            "penalties",
            "List all contractual penalties: each with what it is for, and the amount.",
            (
                "For {who} the contract sets a penalty of {what}.",
                "The contractual penalty for {who} is {what}.",
                "In the case of {who}, the supplier owes a penalty of {what}.",
            ),
            _penalties,
        ),
    )
}
"""The kinds of items, by their names."""


def plant(draw: random.Random, count: int) -> dict[str, tuple[PlantedItem, ...]]:
    """``count`` items of each kind."""
    words = distinct_words(draw, count * len(KINDS))
    planted = {}
    for number, kind in enumerate(KINDS.values()):
        pairs = kind.draw(draw, words[number * count : (number + 1) * count])
        planted[kind.name] = tuple(
            PlantedItem(who, what, draw.choice(kind.sentences).format(who=who, what=what))
            for who, what in pairs
        )
    return planted


def planted_texts(
    sentences: list[str],
    lengths: Sequence[int],
    items: int,
    samples: int,
    count: Count,
    seed: int = 0,
) -> Iterator[PlantedText]:
    """``samples`` texts of every length in tokens, with ``items`` of each kind at random places.

    Raises
    ------
    UsageError
        If a length has no room for them.
    """
    for length in lengths:
        for number in range(samples):
            draw = random.Random(f"{seed} each {length} {items} {number}")
            planted = plant(draw, items)
            hidden = [item.sentence for some in planted.values() for item in some]
            draw.shuffle(hidden)
            depths = sorted(draw.random() for _ in hidden)
            room = length - sum(count(f" {sentence}") for sentence in hidden)
            text = hide(_in_paragraphs(cut(sentences, room, count, draw)), hidden, depths)
            name = f"each-{length}-{items}-{number}"
            yield PlantedText(name, length, text, _in_order(planted, text))


def _in_paragraphs(sentences: list[str]) -> list[str]:
    """The sentences, of which every sixth ends a paragraph."""
    return [
        f"{sentence}\n\n" if number % _PARAGRAPH == 0 else sentence
        for number, sentence in enumerate(sentences, 1)
    ]


def _in_order(
    planted: dict[str, tuple[PlantedItem, ...]], text: str
) -> dict[str, tuple[PlantedItem, ...]]:
    return {
        name: tuple(sorted(items, key=lambda item: text.index(item.sentence)))
        for name, items in planted.items()
    }
