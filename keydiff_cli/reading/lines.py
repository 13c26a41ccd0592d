"""Sentences of notes that a summary consists of: of every part some, in so many words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, groupby, zip_longest

from keydiff_cli.text.places import Note
from keydiff_cli.text.sentences import split_sentences

_ALIKE = 0.7  # share of its words that a sentence has from one that says the same
_NOT = frozenset(["no", "not", "none", "never", "without", "neither", "nor"])
_GOLDEN = 0.6180339887  # multiples of it, without their whole part, are spread evenly from 0 to 1
_WORD = re.compile(r"\w+(?:[.,]\d+)*")


@dataclass(frozen=True)
class Line:
    """A sentence of a note; ``number`` is that of the note, counted from 0."""

    number: int
    text: str

    @property
    def words(self) -> int:
        """How many words it has."""
        return len(self.text.split())


def distinct_lines(notes: Sequence[Note]) -> list[Line]:
    """The sentences of notes that say what none before them does, in their order."""
    known: list[frozenset[str]] = []
    lines: list[Line] = []
    for number, note in enumerate(notes):
        for sentence in split_sentences(note.text):
            words = frozenset(map(str.lower, _WORD.findall(sentence.text)))
            if words and not any(_adds_nothing(words, other) for other in known):
                known.append(words)
                lines.append(Line(number, sentence.text))
    return lines


def choose_lines(lines: Sequence[Line], words: int) -> list[Line]:
    """Sentences of notes in their order, of ``words`` words together at most.

    Each note gives its first sentence; where they are too long together, its shortest one, and
    where these are, too, only notes that are spread over the documents. Where there is room for
    more, notes give more.

    Parameters
    ----------
    lines
        The sentences to choose from, as :func:`distinct_lines` gives them.
    """
    of_notes = {number: list(some) for number, some in groupby(lines, key=lambda line: line.number)}
    firsts = {number: some[0] for number, some in of_notes.items()}
    if sum(line.words for line in firsts.values()) > words:
        firsts = {
            number: min(some, key=lambda line: line.words) for number, some in of_notes.items()
        }
    queues = {
        number: [firsts[number], *(line for line in some if line is not firsts[number])]
        for number, some in of_notes.items()
    }
    turns = sorted(queues, key=lambda number: number * _GOLDEN % 1)
    chosen: list[Line] = []
    room = words
    for line in filter(None, chain(*zip_longest(*(queues[number] for number in turns)))):
        if line.words <= room:
            room -= line.words
            chosen.append(line)
    return [line for line in lines if line in chosen]


def _adds_nothing(words: frozenset[str], known: frozenset[str]) -> bool:
    """Whether a sentence has most of its words and all of its figures, and its no, from another."""
    shared = len(words & known) / len(words)
    if bool(words & _NOT) != bool(known & _NOT):
        return False
    return shared >= _ALIKE and _figures(words) <= _figures(known)


def _figures(words: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in words if word[0].isdigit())
