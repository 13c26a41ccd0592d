"""Notes as they are printed: plain, or as Markdown."""

from __future__ import annotations

from keydiff_cli.text.places import Note


class NoteWriter:
    """Writes one note after another.

    Parameters
    ----------
    form
        ``text`` or ``md``.
    named
        Whether there are several documents, so that each is named.
    """

    def __init__(self, form: str, *, named: bool) -> None:
        self._form = form
        self._named = named
        self._document: str | None = None

    def __call__(self, note: Note) -> str:
        """The text of a note with its place; empty where nothing could be noted."""
        if not note.text:
            return ""
        heading = ""
        if self._named and note.document != self._document:
            heading = f"# {note.document}\n\n" if self._form == "md" else f"{note.document}\n\n"
        self._document = note.document
        place = note.place
        if self._form == "md":
            return f"{heading}**{place}**\n\n{note.text}\n\n"
        return f"{heading}[{place}]\n{note.text}\n\n"
