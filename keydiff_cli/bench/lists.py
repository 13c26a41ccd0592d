"""Answers that are lists: what they list, and which of the things that they should."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from keydiff_cli.bench.planted import PlantedItem
from keydiff_cli.bench.stretches import terms
from keydiff_cli.text.absence import says_absent
from keydiff_cli.text.facts import Facts
from keydiff_cli.text.stated import Stated, read_stated

_MARKED = re.compile(r"([ \t]*)(?:[-*+\u2022]|\(?\d{1,3}[.)]|\|)[ \t]+(?=\S)")
_RULE = re.compile(r"[ \t]*\|?[ \t:|-]*-{3,}[ \t:|-]*")  # under the head of a table
_NONE = re.compile(r"\W*(?:none|n/a|nothing|not applicable)\b\W*(?:\w+\W*){0,2}", re.IGNORECASE)


@dataclass(frozen=True)
class Listed:
    """What an answer lists.

    Attributes
    ----------
    found
        How many of the things that it should list.
    wanted
        How many it should.
    right
        How many of its items are such things.
    items
        How many it has.
    repeated
        How many of those that are right only have what was listed before.
    """

    found: int
    wanted: int
    right: int
    items: int
    repeated: int


def list_items(answer: str) -> list[str]:
    """The items of an answer, in their order.

    Where lines begin with the marker of a list, or a cell of a table, those are items that are
    indented the least, each with the lines below it that are indented more. Else every line is
    one. Heads of tables, lines that end with a colon, and those that say that there is nothing are
    left out.
    """
    lines = [line for line in answer.expandtabs(4).splitlines() if line.strip()]
    lines = [line for n, line in enumerate(lines) if not _is_head(lines, n)]
    margins = [len(found[1]) for line in lines if (found := _MARKED.match(line))]
    items: list[str] = []
    if not margins:
        items = lines
    else:
        inside = False
        for line in lines:
            marked, margin = _MARKED.match(line), len(line) - len(line.lstrip())
            if margin > min(margins):
                if inside:
                    items[-1] += f"\n{line}"
            elif inside := marked is not None:
                items.append(line[len(marked[0]) :])
    return [item.strip() for item in items if _says_something(item)]


def _is_head(lines: list[str], number: int) -> bool:
    """Whether a line is a rule of a table, or above one."""
    return any(_RULE.fullmatch(line) for line in lines[number : number + 2])


def _says_something(item: str) -> bool:
    bare = item.strip(" \n*_#`|")
    if bare.endswith(":") or item.lstrip().startswith("#"):
        return False
    return any(map(str.isalnum, bare)) and not (_NONE.fullmatch(bare) or says_absent(bare))


def mark_list(answer: str, wanted: Sequence[PlantedItem]) -> Listed:
    """How much of what is wanted an answer lists, and how much of what it lists is wanted.

    An item is right if it has both parts of one that is wanted: all its words, in any order, and
    its amount, or the day and month of its date. It may have several.
    """
    found: set[PlantedItem] = set()
    right = repeated = 0
    items = list_items(answer)
    for item in items:
        words, facts = frozenset(terms(item)), Facts.of(item)
        said = {one for one in wanted if _has(words, facts, one)}
        right += bool(said)
        repeated += bool(said) and said <= found
        found |= said
    return Listed(len(found), len(wanted), right, len(items), repeated)


def _has(words: frozenset[str], facts: Facts, item: PlantedItem) -> bool:
    stated = _stated(item)
    days = (replace(date, parts=date.parts[:2]) for date in stated.dates)  # without the year
    return (
        words.issuperset(terms(stated.rest))
        and all(map(facts.has_date, days))
        and all(map(facts.has_number, stated.numbers))
    )


@cache
def _stated(item: PlantedItem) -> Stated:
    return read_stated(f"{item.who}: {item.what}")
