"""Rich text: characters, tables, notes, headings, what is not shown."""

from __future__ import annotations

import pytest
from document_helpers import piped, read, text_of

from keydiff_cli.documents import Heading, LeftOut


def rich(text: str) -> str:
    return text_of(rb"{\rtf1\ansi\ansicpg1252\uc1 ".rstrip() + text.encode("cp1252") + b"}")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r" caf\'e9\par two\line three", "café\n\ntwo\nthree"),
        (r" a\u8217?b \u-10179?\u-8694? \uc2\u955\'eb\'ebx", "a’b 😊 λx"),
        (r"{\fonttbl{\f1\fcharset204 A;}}\f1 \'c4\'ee\'e3\plain \'e9", "Догé"),
        (r" 4\~711\emdash \{x\}\\", "4 711—{x}\\"),
        (r"{\pict 89504e47}{\*\unknown no}{\info{\title no}}yes", "yes"),
        (r"{\field{\*\fldinst HYPERLINK no}{\fldrslt link}} end", "link end"),
        (r"{\listtext\'95\tab}item", "•\titem"),
        ("\\pict\\bin5 }}}}} yes".replace("\\pict", ""), "yes"),
        (
            r"\trowd\pard\intbl A\cell B\cell\row\trowd\intbl C\cell D\par E\cell\row\pard z",
            "A | B\nC | D E\n\nz",
        ),
        (
            r" On Sunday{\footnote Not in May.} too\par",
            "On Sunday[1] too\n[Footnote 1: Not in May.]",
        ),
        (r" x{\*\atnauthor Bo}{\*\annotation Sure?}\par", "x\n[Comment by Bo: Sure?]"),
        (r" 10{\super 6} on{\super th}", "10^6 onth"),
        (r"{\header Secret\par}{\headerf Secret\par}x\par", "x\n[Header: Secret]"),
    ],
)
def test_text(source: str, text: str) -> None:
    assert rich(source).strip("\n") == text


def test_headings_and_what_is_left_out() -> None:
    document = piped(
        rb"{\rtf1{\stylesheet{\s1\outlinelevel0 heading 1;}{\s2 heading 2;}}\pard\s1 Report\par"
        rb"\pard x{\v no}{\deleted no}{\pict no}{\object{\*\objdata no}{\result{y}}}\par\pard\s2 B}"
    )
    assert read(document) == "# Report\n\nxy\n\n## B\n"
    assert document.kind == "rtf"
    assert document.outline == [Heading("Report", 1, None, 1), Heading("B", 2, None, 5)]
    assert document.left_out == [
        LeftOut(None, "deleted passages", 1),
        LeftOut(None, "embedded objects", 1),
        LeftOut(None, "hidden passages", 1),
        LeftOut(None, "pictures", 1),
    ]
    assert len(document.warnings) == 3


def test_words_that_are_cut_between_chunks() -> None:
    data = rb"{\rtf1\ansi " + b"".join(
        rb"w\'e9\emdash %d\par " % number for number in range(20_000)
    )
    lines = text_of(data + b"}").split("\n\n")
    assert len(lines) == 20_000
    assert all(line.strip() == f"wé—{number}" for number, line in enumerate(lines))
