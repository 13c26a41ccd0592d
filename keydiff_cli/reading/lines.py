"""Sentences of notes that a summary consists of: of every part some, in so many words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from keydiff_cli.report import Note
from keydiff_cli.text.sentences import split_sentences

_ALIKE = 0.7  # share of its words that a sentence has from one that says the same
_NOT = frozenset(["no", "not", "none", "never", "without", "neither", "nor"])
_GOLDEN = 0.6180339887  # multiples of it, without their whole part, are spread evenly from 0 to 1
_WORD = re.compile(r"\w+(?:[.,]\d+)*")


def choose_lines(notes: Sequence[Note], words: int) -> list[tuple[Note, str]]:
    """Sentences of notes, each with its note, in their order, of ``words`` words together at most.

    Each note gives its first sentence; where they are too long together, its shortest one, and
    where these are, too, only notes that are spread over the documents. Where there is room for
    more, notes give more. A sentence that says what another one does is passed over.
    """
    said = _without_repetitions(notes)
    turns = sorted(said, key=lambda number: number * _GOLDEN % 1)
    firsts = {number: sentences[0] for number, sentences in said.items()}
    if sum(map(_length, firsts.values())) > words:
        firsts = {number: min(sentences, key=_length) for number, sentences in said.items()}
    chosen: dict[int, list[str]] = {}
    room = words
    for round_number in range(max(map(len, said.values()), default=0)):
        for number in turns:
            sentence = firsts[number]
            if round_number:
                others = [each for each in said[number] if each != firsts[number]]
                sentence = others[round_number - 1] if round_number <= len(others) else ""
            if sentence and (size := _length(sentence)) <= room:
                room -= size
                chosen.setdefault(number, []).append(sentence)
    return [
        (notes[number], sentence)
        for number in sorted(chosen)
        for sentence in said[number]
        if sentence in chosen[number]
    ]


def distinct_lines(notes: Sequence[Note]) -> list[tuple[Note, str]]:
    """All sentences of notes that say what none before them does, each with its note."""
    said = _without_repetitions(notes)
    return [(notes[number], each) for number, sentences in said.items() for each in sentences]


def _without_repetitions(notes: Sequence[Note]) -> dict[int, list[str]]:
    """The sentences of each note that has any which no note before it has."""
    known: list[frozenset[str]] = []
    said: dict[int, list[str]] = {}
    for number, note in enumerate(notes):
        for sentence in split_sentences(note.text):
            words = frozenset(map(str.lower, _WORD.findall(sentence.text)))
            if words and not any(_adds_nothing(words, other) for other in known):
                known.append(words)
                said.setdefault(number, []).append(sentence.text)
    return said


def _adds_nothing(words: frozenset[str], known: frozenset[str]) -> bool:
    """Whether a sentence has most of its words and all of its figures, and its no, from another."""
    shared = len(words & known) / len(words)
    if bool(words & _NOT) != bool(known & _NOT):
        return False
    return shared >= _ALIKE and _figures(words) <= _figures(known)


def _figures(words: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in words if word[0].isdigit())


def _length(sentence: str) -> int:
    return len(sentence.split())
