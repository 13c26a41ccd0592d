"""A text checked against its source: sentences with what the source does not have are left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from keydiff_cli.text.amounts import FoundNumber, unit_of
from keydiff_cli.text.facts import Facts
from keydiff_cli.text.sentences import join_sentences, split_sentences
from keydiff_cli.text.stated import Stated, read_stated
from keydiff_cli.text.units import rounding


@dataclass(frozen=True)
class Checked:
    """A text that was checked against a source.

    Attributes
    ----------
    text
        Its sentences of which nothing is missing, in their lines and lists.
    left_out
        The others.
    """

    text: str
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Claim:
    """A figure, date or name of a sentence.

    Attributes
    ----------
    start
        Where it begins in the sentence, in characters.
    written
        As the sentence has it.
    is_figure
        Whether it is an amount, a percentage or a date.
    is_found
        Whether the source has it.
    """

    start: int
    written: str
    is_figure: bool
    is_found: bool


def claims_of(stated: Stated, facts: Facts) -> list[Claim]:
    """What a sentence states (:func:`~keydiff_cli.text.stated.read_stated`), looked up in a source.

    - Numbers are compared as numbers, in any scale, and in the unit of the source's tables. They
      may be rounded where they have a word of scale and two digits or more, or where the sentence
      says so ("about"). One of a single digit is looked up only with a scale, currency or ``%``.
    - A percentage must be one in the source; one that could be computed from it is missing.
    - The parts of a date must be together in the source.
    - Names are looked up word by word. One of a single word that begins the sentence passes, since
      any word could be there.
    """

    def claims() -> Iterator[Claim]:
        unit = unit_of(stated.text)
        for number in filter(_is_telling, stated.numbers):
            is_found = facts.has_number(number, rounding(stated.text, number.start), unit)
            yield claim(number.start, number.stop, True, is_found)
        for date in stated.dates:
            yield claim(date.start, date.stop, True, facts.has_date(date))
        for label in filter(_is_telling, stated.labels):
            yield claim(label.start, label.stop, False, facts.has_label(label))
        for name in stated.names():
            yield claim(name.start, name.stop, False, facts.has_name(name.word))

    def claim(start: int, stop: int, is_figure: bool, is_found: bool) -> Claim:
        return Claim(start, stated.text[start:stop], is_figure, is_found)

    return sorted(claims(), key=lambda claim: claim.start)


def missing(sentence: str, facts: Facts) -> tuple[str, ...]:
    """What a sentence states that the source does not have, as it is written; in its order.

    See :func:`claims_of`.
    """
    return tuple(
        claim.written for claim in claims_of(read_stated(sentence), facts) if not claim.is_found
    )


def checked(text: str, facts: Facts) -> Checked:
    """A text without the sentences of which something is missing in the source.

    A last sentence that was cut off is for the caller to leave out before
    (:attr:`~keydiff_cli.text.sentences.Sentence.is_whole`).
    """
    sentences = [(each, not missing(each.text, facts)) for each in split_sentences(text)]
    left_out = tuple(sentence.text for sentence, is_kept in sentences if not is_kept)
    return Checked(join_sentences(sentences), left_out)


def _is_telling(number: FoundNumber) -> bool:
    """Whether a number says enough to be looked up: single digits are everywhere."""
    amount = number.amount
    is_small = amount.number < 10 and amount.places <= 0
    return not is_small or bool(amount.power or amount.percent or number.currency or number.also)
