"""What a question about the whole is answered from: notes on all parts, as far as there is room."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from keydiff_cli.text.places import Note

_INTRODUCTION = "Notes on the parts of the document, in order:"


def notes_within(notes: Sequence[Note], count: Callable[[str], int], room: int) -> str:
    """The text of notes in at most ``room`` tokens: as many lines of each, the first ones.

    A note has the most important first. Where there is no room for a line of each, every second
    note is left out, or two of three, and so on, so that they come from all over the documents.

    Parameters
    ----------
    count
        Gives the number of tokens of a text.

    Returns
    -------
    The text, empty if there is nothing to show.
    """
    several = len({note.document for note in notes}) > 1
    notes = [note for note in notes if note.text]
    longest = max((len(note.text.splitlines()) for note in notes), default=0)
    for lines in range(longest, 0, -1):
        if count(text := _text(notes, lines, several)) <= room:
            return text
    for step in range(2, len(notes) + 1):
        some = notes[::step]
        if count(text := _text(some, 1, several)) <= room:
            return text
    return ""


def _text(notes: Sequence[Note], lines: int, several: bool) -> str:
    shown = [_INTRODUCTION]
    for note in notes:
        said = "\n".join(note.text.splitlines()[:lines])
        shown.append(f"[{f'{note.document}, ' if several else ''}{note.place}]\n{said}")
    return "\n\n".join(shown)
