"""What PDFium makes of pages: words, cells, digits, letters, annotations, outlines."""

from __future__ import annotations

import pytest
from document_helpers import NOTHING, Save, piped, read, refusal, text_of
from pdf_files import one_page, pdf, stream

from keydiff_cli.documents import open_document
from keydiff_cli.documents.left_out import LeftOut
from keydiff_cli.documents.outline import Heading


def composite(letters: str, shown: str, between: str = "") -> bytes:
    """A page in a font whose glyphs are numbered from 40 and wide 0.6, and which has no space.

    ``shown`` is drawn from left to right; where it has the character ``between`` a gap is drawn.
    """
    codes = {letter: 40 + number for number, letter in enumerate(letters)}
    words = shown.split(between) if between else [shown]
    numbers = ["".join(f"{codes[each]:04x}" for each in word) for word in words]
    drawn = " -280 ".join(f"<{word}>" for word in numbers)
    mapped = "".join(f"<{code:04x}> <{ord(letter):04x}>\n" for letter, code in codes.items())
    table = f"1 begincodespacerange <0000> <ffff> endcodespacerange {len(codes)} beginbfchar\n"
    return one_page(
        b"BT /F1 12 Tf 72 700 Td [%s] TJ ET" % drawn.encode(),
        b"/Type0/BaseFont/AAAAAA+Some/Encoding/Identity-H/DescendantFonts[10 0 R]/ToUnicode 12 0 R",
        objects={
            10: b"<</Type/Font/Subtype/CIDFontType2/BaseFont/AAAAAA+Some/DW 600"
            b"/FontDescriptor 11 0 R"
            b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>",
            11: b"<</Type/FontDescriptor/FontName/AAAAAA+Some/Flags 4/FontBBox[0 -200 999 800]"
            b"/ItalicAngle 0/Ascent 800/Descent -200/CapHeight 700/StemV 80>>",
            12: stream((table + mapped + "endbfchar").encode()),
        },
    )


def test_gaps_are_spaces() -> None:
    shown = "rivers|carry|sand|to|sea"
    assert text_of(composite("acdeinorstvy", shown, "|")) == shown.replace("|", " ") + "\n"


def test_digits_in_a_line_from_right_to_left() -> None:
    line = "عام ٢٠٢٤ هنا"
    drawn = "انه ٢٠٢٤ ماع"  # as it is seen from the left
    assert text_of(composite("".join(sorted(set(line))), drawn)) == line + "\n"


def test_cells_of_a_row_in_their_order() -> None:
    cells = b"BT /F1 9 Tf 400 700 Td (17.50) Tj -200 0 Td (cook) Tj -150 0 Td (Berg, Ida) Tj ET"
    assert text_of(one_page(cells)) == "Berg, Ida cook 17.50\n"


def across(*rows: tuple[str, str], step: int = 11) -> bytes:
    """What draws rows of two cells one after the other."""
    return b" ".join(
        b"BT /F1 9 Tf 50 %d Td (%s) Tj 260 0 Td (%s) Tj ET"
        % (700 - step * number, left.encode(), right.encode())
        for number, (left, right) in enumerate(rows)
    )


PROSE = [
    ("The harbour was closed for the", "Meanwhile the council met each"),
    ("whole of the winter season and", "week in the old town hall, and"),
    ("no ship could enter or leave it", "debated the price of coal and"),
    ("until the ice had melted again", "whether to build a new bridge"),
] * 3


def test_columns_that_are_drawn_line_by_line() -> None:
    title = b"BT /F1 14 Tf 50 740 Td (A winter) Tj ET "
    left, right = zip(*PROSE, strict=True)
    assert text_of(one_page(title + across(*PROSE))).splitlines() == ["A winter", *left, *right]


@pytest.mark.parametrize(
    ("rows", "step"),
    [
        ([(left, "4,711") for left, _ in PROSE], 11),  # a table
        (PROSE[:7], 11),  # too few lines to tell
        (PROSE, 40),  # room between the rows
        (PROSE, 7),  # lines that overlap
        ([(left.title(), right.title()) for left, right in PROSE], 11),  # a list of phrases
        ([(left, right[: 8 * (n % 3 + 1)]) for n, (left, right) in enumerate(PROSE)], 11),
    ],
)
def test_rows_of_cells(rows: list[tuple[str, str]], step: int) -> None:
    read = text_of(one_page(across(*rows, step=step))).splitlines()
    assert read == [f"{left} {right}".rstrip() for left, right in rows]


def test_columns_one_after_the_other() -> None:
    left, right = (
        b"BT /F1 9 Tf 11 TL %d 700 Td (%s one) Tj T* (%s two) Tj ET" % (x, side, side)
        for x, side in ((50, b"left"), (320, b"right"))
    )
    assert text_of(one_page(left + b" " + right)) == "left one\nleft two\nright one\nright two\n"


def test_letters_drawn_twice_are_read_once() -> None:
    drawn = b"".join(
        b"1 0 0 1 %g 700 Tm (%c) Tj 1 0 0 1 %g 700 Tm (%c) Tj " % (x, letter, x + 0.3, letter)
        for x, letter in zip(range(60, 600, 7), b"NET SUM 82", strict=False)
    )
    assert (
        text_of(one_page(b"BT /F1 10 Tf %s ET" % drawn, b"/Type1/BaseFont/Courier"))
        == "NET SUM 82\n"
    )


@pytest.mark.parametrize(
    "turn, along",
    [(90, b"0 1 -1 0 100 100"), (180, b"-1 0 0 -1 500 300"), (270, b"0 -1 1 0 300 700")],
)
def test_rotated_pages(turn: int, along: bytes) -> None:
    page = b"BT /F1 9 Tf 11 TL %s Tm (first line) Tj T* (second line) Tj ET" % along
    assert text_of(one_page(page, page=b"/Rotate %d" % turn)) == "first line\nsecond line\n"


def test_text_beyond_the_edge_of_a_page_is_not_seen() -> None:
    page = b"BT /F1 10 Tf 570 700 Td (far away) Tj -500 -20 Td (near) Tj 0 -900 Td (below) Tj ET"
    assert text_of(one_page(page, b"/Type1/BaseFont/Courier")) == "far a\nnear\n"


def test_text_of_a_page_without_inside_is_read() -> None:
    shown = b"BT /F1 10 Tf 50 700 Td (near) Tj ET"
    assert text_of(one_page(shown, page=b"/CropBox[900 900 950 950]")) == "near\n"


def test_line_ends_are_kept_where_nothing_is_beyond_the_edge() -> None:
    large = b"/F1 14 Tf 1 0 0 1 %d 704 Tm (2) Tj "
    small = b"/F1 10 Tf 1 0 0 1 %d 700 Tm (%s) Tj "
    page = small % (50, b"ab") + large % 90 + small % (95, b"+cd") + large % 115
    shown = one_page(b"BT %s ET" % page, b"/Type1/BaseFont/Courier")
    assert text_of(shown) == "ab\n2+cd\n2\n"


def test_text_for_glyphs_that_have_none() -> None:
    marked = b"/Span<</ActualText(ff)>>BDC (B) Tj EMC"
    page = b"BT /F1 10 Tf 50 700 Td (o) Tj %s (er) Tj ET" % marked
    font = b"/Type1/BaseFont/Helvetica/ToUnicode 10 0 R"
    table = stream(b"1 beginbfchar\n<42> <0000>\nendbfchar")
    assert text_of(one_page(page, font, objects={10: table})) == "offer\n"


def test_letters_of_a_predefined_table() -> None:
    korean = "북문".encode("cp949").hex().encode()
    font = b"/Type0/BaseFont/Some/Encoding/KSCms-UHC-H/DescendantFonts[10 0 R]"
    descendant = (
        b"<</Type/Font/Subtype/CIDFontType0/BaseFont/Some/DW 1000/FontDescriptor 11 0 R"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Korea1)/Supplement 1>>>>"
    )
    descriptor = (
        b"<</Type/FontDescriptor/FontName/Some/Flags 4/FontBBox[0 -120 1000 880]/ItalicAngle 0"
        b"/Ascent 880/Descent -120/CapHeight 700/StemV 80>>"
    )
    page = b"BT /F1 10 Tf 50 700 Td <%s> Tj ET" % korean
    assert text_of(one_page(page, font, objects={10: descendant, 11: descriptor})) == "북문\n"


def unknown_glyphs(shown: bytes) -> bytes:
    names = b" ".join(b"/g%d" % number for number in range(100, 125))
    font = (
        b"/TrueType/BaseFont/AAAAAA+T/FirstChar 2/LastChar 26/Widths[%s]/FontDescriptor 10 0 R"
        b"/Encoding<</Differences[2 %s]>>" % (b"500 " * 25, names)
    )
    descriptor = (
        b"<</Type/FontDescriptor/FontName/AAAAAA+T/Flags 4/FontBBox[0 -200 999 800]/ItalicAngle 0"
        b"/Ascent 800/Descent -200/CapHeight 700/StemV 80>>"
    )
    page = b"BT /F1 10 Tf 50 700 Td <%s> Tj ET" % shown
    return one_page(page, font, objects={10: descriptor})


def test_glyphs_of_which_nothing_is_known() -> None:
    assert "pages that cannot be decoded" in refusal(
        lambda: text_of(unknown_glyphs(b"0405060708090a0b0e"))
    )


def test_one_line_beside_a_large_drawing() -> None:
    drawing = b"".join(b"%d %d m %d %d l S " % (n, n, n + 1, n) for n in range(40_000))
    assert text_of(one_page(drawing + b"BT /F1 9 Tf 50 700 Td (Depth) Tj ET")) == "Depth\n"


def appearance(text: bytes) -> dict[int, bytes]:
    entries = b"/Type/XObject/Subtype/Form/BBox[0 0 200 30]/Resources<</Font<</F1 5 0 R>>>>"
    return {10: stream(b"BT /F1 9 Tf 5 9 Td (%s) Tj ET" % text, entries)}


HELLO = b"BT /F1 9 Tf 50 700 Td (Hello) Tj ET"


def annotated(entries: bytes, objects: dict[int, bytes] | None = None) -> bytes:
    page = b"/Annots[<</Type/Annot/Rect[50 600 250 630]/F 4%s>>]" % entries
    return one_page(HELLO, page=page, objects=objects)


@pytest.mark.parametrize(
    "entries, objects",
    [
        (b"/Subtype/FreeText/DA(/F1 9 Tf)/Contents(Sent back)", None),
        (b"/Subtype/FreeText/Contents(Sent back)/AP<</N 10 0 R>>", appearance(b"Sent back")),
        (b"/Subtype/Stamp/AP<</N 10 0 R>>", appearance(b"Sent back")),
        (b"/Subtype/Text/Contents(Sent back)", None),
        (b"/Subtype/Highlight/QuadPoints[50 700 90 700 50 690 90 690]/Contents(Sent back)", None),
    ],
    ids=["typed", "typed and drawn", "stamp", "note", "comment"],
)
def test_annotations_are_read(entries: bytes, objects: dict[int, bytes] | None) -> None:
    document = piped(annotated(entries, objects))
    assert read(document) == "Hello\nSent back\n"
    assert document.warnings == []


def test_an_annotation_beside_one_that_is_missing() -> None:
    data = annotated(b"/Subtype/Text/Contents(Sent back)").replace(b"/Annots[", b"/Annots[99 0 R ")
    assert text_of(data) == "Hello\nSent back\n"


def test_hidden_annotations_and_links_are_not() -> None:
    hidden = annotated(b"/Subtype/FreeText/Contents(Sent back)").replace(b"/F 4", b"/F 2")
    assert text_of(hidden) == "Hello\n"
    assert text_of(annotated(b"/Subtype/Link/Contents(Sent back)")) == "Hello\n"


def test_files_that_it_carries_are_named() -> None:
    file = {
        10: b"<</Type/Filespec/F(plan.txt)/UF(plan.txt)/EF<</F 11 0 R>>>>",
        11: stream(b"secret", b"/Type/EmbeddedFile"),
    }
    names = b"/Names<</EmbeddedFiles<</Names[(plan.txt) 10 0 R]>>>>"
    document = piped(one_page(HELLO, catalog=names, objects=file))
    assert read(document) == "Hello\n"
    assert document.warnings == ["standard input carries a file that was not read: plan.txt"]
    assert document.left_out == [LeftOut(None, "attachments", 1)]
    document = piped(annotated(b"/Subtype/FileAttachment/FS 10 0 R", file))
    assert read(document) == "Hello\n"
    assert document.left_out == [LeftOut(1, "attachments", 1)]


def test_labels_of_pages() -> None:
    labels = b"/PageLabels<</Nums[0<</S/r>>2<</S/D/P(A-)>>3<</S/D/St 4>>]>>"
    data = pdf(["one", "two", "three", "four"]).replace(b"/Catalog", b"/Catalog" + labels)
    document = piped(data)
    read(document)
    assert [document.page_name(number) for number in range(1, 5)] == ["i", "ii", "A-1", ""]


def outlined(entries: dict[int, bytes]) -> bytes:
    return one_page(HELLO, catalog=b"/Outlines 10 0 R", objects=entries)


def test_outlines() -> None:
    document = piped(
        outlined(
            {
                10: b"<</First 11 0 R/Last 12 0 R/Count 2>>",
                11: b"<</Title(Part\n one)/Parent 10 0 R/Next 12 0 R/First 13 0 R"
                b"/Dest[3 0 R/Fit]>>",
                12: b"<</Title<FEFF00DC>/Parent 10 0 R>>",
                13: b"<</Title(Inner)/Parent 11 0 R/Dest[3 0 R/Fit]>>",
            }
        )
    )
    read(document)
    assert document.outline == [
        Heading("Part one", 1, 1, None),
        Heading("Inner", 2, 1, None),
        Heading("Ü", 1, None, None),
    ]
    assert document.page_heading(1) == "Part one"


def test_an_outline_in_a_circle_ends() -> None:
    circle = b"<</Title(Again)/Parent 10 0 R/Next 12 0 R/First 11 0 R>>"
    document = piped(outlined({10: b"<</First 11 0 R>>", 11: circle, 12: circle}))
    read(document)
    assert [heading.title for heading in document.outline] == ["Again", "Again"]


def test_many_pages_are_read_though_the_document_is_opened_anew(save: Save) -> None:
    path = save("long.pdf", pdf([f"page {n}" for n in range(450)], per_node=10))
    with open_document(path, NOTHING) as document:
        assert [p.text for p in document.pieces()] == [f"page {n}\n" for n in range(450)]
