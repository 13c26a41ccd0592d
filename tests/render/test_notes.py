"""Notes as they are printed."""

from __future__ import annotations

from keydiff_cli.render.notes import NoteWriter
from keydiff_cli.text.places import Note

NOTES = [
    Note("a.pdf", (1, 3), (1, 40), "Nine quays.", ()),
    Note("a.pdf", (4, 4), (1, 20), "", ("Ten quays.",)),
    Note("b.txt", None, (1, 1), "- 96 stairs\n- 12 bells", ()),
    Note("b.txt", None, (2, 9), "A lamp.", ()),
]


def written(form: str, *, named: bool) -> str:
    write = NoteWriter(form, named=named)
    return "".join(map(write, NOTES))


def test_each_has_its_place() -> None:
    assert written("text", named=False) == (
        "[pages 1-3]\nNine quays.\n\n[line 1]\n- 96 stairs\n- 12 bells\n\n[lines 2-9]\nA lamp.\n\n"
    )


def test_of_several_documents_each_is_named_once() -> None:
    assert written("text", named=True) == (
        "a.pdf\n\n[pages 1-3]\nNine quays.\n\n"
        "b.txt\n\n[line 1]\n- 96 stairs\n- 12 bells\n\n[lines 2-9]\nA lamp.\n\n"
    )


def test_markdown_has_headings() -> None:
    assert written("md", named=True) == (
        "# a.pdf\n\n**pages 1-3**\n\nNine quays.\n\n"
        "# b.txt\n\n**line 1**\n\n- 96 stairs\n- 12 bells\n\n**lines 2-9**\n\nA lamp.\n\n"
    )
