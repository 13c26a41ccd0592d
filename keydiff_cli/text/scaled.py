"""Amounts from tables whose unit stands elsewhere: "(in thousands)" is said where it is lost."""

from __future__ import annotations

import re

from keydiff_cli.text.amounts import FoundNumber, unit_of
from keydiff_cli.text.sentences import Sentence, join_sentences, split_sentences
from keydiff_cli.text.stated import read_stated

_NAMES = {3: "thousands", 6: "millions", 9: "billions"}
_WORD = re.compile(r"[^\W\d_]{2,}")
_MOST_WORDS = 9  # of a row of a table, apart from its numbers
_SHARE = re.compile(r"\bshares?\b", re.IGNORECASE)  # counted one by one in such tables, too


def say_units(text: str, source: str, units: frozenset[int]) -> str:
    """A text in which sentences say the unit of their amounts if only the tables of the source do.

    Parameters
    ----------
    source
        What the text was written from.
    units
        The units of its tables, as :func:`~keydiff_cli.text.units.table_units` gives them; nothing
        is said if there is not exactly one.
    """
    name = _NAMES.get(next(iter(units))) if len(units) == 1 else None
    if name is None:
        return text
    rows = [line for line in source.splitlines() if any(map(str.isdigit, line))]
    return join_sentences(
        (_with_unit(each, name) if _is_from_tables(each.text, rows) else each, True)
        for each in split_sentences(text)
    )


def _with_unit(sentence: Sentence, name: str) -> Sentence:
    bare = sentence.text.rstrip(".")
    end = sentence.text[len(bare) :]
    return Sentence(sentence.lead, f"{bare} (in {name}){end}")


def _is_from_tables(sentence: str, rows: list[str]) -> bool:
    """Whether a sentence has amounts, of which all are in rows of tables and nowhere else."""
    if unit_of(sentence) is not None or _SHARE.search(sentence):
        return False
    stated = read_stated(sentence)
    amounts = [stated.text[n.start : n.stop] for n in stated.numbers if _may_be_scaled(n)]
    if not amounts or any(map(_is_of_its_own, stated.numbers)):
        return False
    for amount in amounts:
        digits = re.compile(rf"(?<![\d.,]){re.escape(amount.lstrip('$€£¥ '))}(?![\d.,]*\d)")
        places = [row for row in rows if digits.search(row)]
        if not places or not all(map(_is_row, places)):
            return False
    return True


def _may_be_scaled(number: FoundNumber) -> bool:
    """Whether a number is one of money, in whole units."""
    amount = number.amount
    is_plain = amount.power is None and not amount.percent and amount.places <= 0
    return is_plain and bool(number.currency)


def _is_of_its_own(number: FoundNumber) -> bool:
    """Whether a number has its own scale, or counts something else than money."""
    amount = number.amount
    return amount.power is not None or (amount.number >= 1000 and not number.currency)


def _is_row(line: str) -> bool:
    """Whether a line is a row of a table, or a cell of it."""
    return len(_WORD.findall(line)) <= _MOST_WORDS and not line.rstrip().endswith((".", ";", ","))
