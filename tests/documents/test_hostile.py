"""Files that were made to harm, and damaged ones: one clear line each, and no harm."""

from __future__ import annotations

import io
import random
import time
import zipfile

import pytest
from compound_files import compound
from document_helpers import Save, peak_of, piped, read, refusal, text_of
from kind_files import docx, epub, odf, package, paragraph, pptx, row, shape, xlsx

from keydiff_cli.documents import zipped
from keydiff_cli.errors import DocumentError

_DOCX = docx(paragraph("Signed on 4 May."))
_ENTITIES = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
_OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def _replaced(data: bytes, **members: str | bytes) -> bytes:
    """A zip file with other members, dots in their names written as two underscores."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        old = {name: archive.read(name) for name in archive.namelist()}
    return package({**old, **{name.replace("__", "."): new for name, new in members.items()}})


@pytest.mark.parametrize("declared", [_ENTITIES, _OUTSIDE])
@pytest.mark.parametrize(
    ("data", "member"),
    [
        (_DOCX, "word/document.xml"),
        (_DOCX, "[Content_Types].xml"),
        (xlsx({"A": row(1, "x")}), "xl/s1.xml"),
        (pptx(shape("x")), "ppt/slides/s1.xml"),
        (odf("text", "<text:p>x</text:p>"), "content.xml"),
        (epub({"one": "<p>x"}), "in/b.opf"),
    ],
)
def test_entities_are_not_expanded(data: bytes, member: str, declared: str) -> None:
    bad = _replaced(data, **{member: f"{declared}<x>&b;&a;</x>"})
    assert "declares entities" in refusal(lambda: text_of(bad))


def test_entities_of_a_page_are_not_expanded() -> None:
    page = f"<html>{_OUTSIDE}{_ENTITIES}<p>&a;&b; text</html>"
    assert "root:" not in text_of(page.encode())
    assert "ha" not in text_of(page.encode()).replace("&a;", "").replace("ENTITY", "")


def _bomb(size: int) -> bytes:
    return docx(paragraph("A" * 100 + " " * size))


def test_bombs_are_refused(monkeypatch: pytest.MonkeyPatch, save: Save) -> None:
    bomb = _bomb(40 << 20)
    assert "word/document.xml in it unpacks to more than 200 times" in refusal(
        lambda: text_of(bomb)
    )
    monkeypatch.setattr(zipped, "MOST_MEMBER", 500)
    large = docx("".join(paragraph(f"{number}") for number in range(99)))
    assert "unpacks to more than 500" in refusal(lambda: text_of(large))
    monkeypatch.setattr(zipped, "MOST_MEMBER", 1 << 30)
    monkeypatch.setattr(zipped, "MOST_IN_ALL", 3000)
    assert "in all" in refusal(lambda: text_of(epub({f"c{n}": "<p>text" * 99 for n in range(9)})))


@pytest.mark.parametrize(
    "body",
    [
        paragraph("words and " * (3 << 20)),
        f"<w:tbl><w:tr><w:tc>{paragraph('words and ' * 99_999) * 30}</w:tc></w:tr></w:tbl>",
        f"<w:tbl>{'<w:tr><w:tc/></w:tr>' * 1_500_000}</w:tbl>{paragraph('x')}",
    ],
    ids=["paragraph", "cell", "table"],
)
def test_what_is_large_takes_no_memory(body: str, save: Save) -> None:
    small, large = save("small", _DOCX), save("large", docx(body))
    assert peak_of(large) < peak_of(small) + (25 << 20)


def test_tags_and_parts_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keydiff_cli.documents.xml_events._MOST_SILENT", 1 << 20)
    noise = random.Random(1).randbytes(1 << 20).hex()
    for body in (f"<!-- {noise} -->", f'<w:p w:x="{noise}"/>'):
        assert "has no end" in refusal(lambda body=body: text_of(docx(paragraph("x") + body)))
    monkeypatch.setattr(zipped, "MOST_HELD", 2000)
    notes = {"footnotes": paragraph("x" * 3000)}
    assert "word/footnotes.xml in it has more than" in refusal(
        lambda: text_of(docx(paragraph("x"), notes))
    )


def test_a_note_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keydiff_cli.documents.rtf.text._LONGEST", 1000)
    note = b"{\\rtf1 a" + (b"{\\footnote " + b"word " * 150 + b"}") * 2
    assert text_of(note).count("word") == 300
    message = refusal(lambda: text_of(note.replace(b"}{\\footnote", b"")))
    assert message.startswith("standard input is damaged") and "more than 1,000" in message


def test_names_are_not_used_as_paths(save: Save) -> None:
    secret = save("secret.xml", b"<x/>")
    relations = (
        '<x xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship '
        f'Id="R1" Type="/officeDocument" Target="../../..{secret}"/></x>'
    )
    data = package({"_rels/.rels": relations, "../../evil.txt": "x", "/etc/passwd": "x"})
    assert "looks like a zip archive; unpack it first" in refusal(lambda: piped(data))


def test_passwords() -> None:
    data = bytearray(_DOCX)
    for mark in (b"PK\3\4", b"PK\1\2"):
        at = 0
        while (at := data.find(mark, at)) >= 0:
            data[at + (6 if mark[2] == 3 else 8)] |= 1
            at += 4
    assert "needs a password; save it without one" in refusal(lambda: text_of(bytes(data)))
    manifest = (
        '<x xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><m:encryption-data/></x>'
    )
    locked = odf("text", "", parts={"META-INF/manifest.xml": manifest})
    assert "needs a password" in refusal(lambda: piped(locked))


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.999])
def test_a_package_that_is_cut_off(share: float) -> None:
    data = _DOCX[: int(len(_DOCX) * share)].ljust(30, b"\0")
    assert "is damaged or cut short" in refusal(lambda: text_of(data))


def test_xml_that_is_not_well_formed() -> None:
    data = _replaced(_DOCX, **{"word/document.xml": "<a><b></a>"})
    message = refusal(lambda: text_of(data))
    assert "is damaged and cannot be read as a Word document (mismatched tag" in message
    assert message.endswith("save it again or as PDF")


def test_a_part_that_is_missing() -> None:
    with zipfile.ZipFile(io.BytesIO(pptx(shape("x")))) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if "s1.xml" not in name}
    assert "has no text" in refusal(lambda: text_of(package(members)))
    content = package({"mimetype": "application/vnd.oasis.opendocument.text"})
    assert "content.xml is missing" in refusal(lambda: text_of(content))


def test_what_is_nested_deep() -> None:
    deep = "<w:tbl><w:tr><w:tc>" * 20_000 + paragraph("x")
    body = deep + "</w:tc></w:tr></w:tbl>" * 20_000
    assert text_of(docx(body)).strip() == "x"
    message = refusal(lambda: text_of(b"{\\rtf1" + b"{" * 99_999 + b"x"))
    assert message.startswith("standard input is damaged") and "nested more than" in message
    assert "x" in text_of(b"<html>" + b"<table><tr><td>" * 20_000 + b"x")
    parts = "".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(3000)
    )
    message = refusal(lambda: text_of(f"From: A\nMessage-ID: <1>\nTo: B\n{parts}x".encode()))
    assert "too large or too intricate" in message or "has no text" in message


def test_rows_and_columns_without_end() -> None:
    rows = '<row r="99999999999"><c r="ZZZZZZZZZZ9"><v>1</v></c><c><v>2</v></c></row>'
    assert text_of(xlsx({"A": rows})) == "Row 99999999999: XFD: 1 | 2\n"
    cell = (
        '<table:table-cell table:number-columns-repeated="99999999"><text:p>x</text:p>'
        "</table:table-cell>"
    )
    repeated = 'table:number-rows-repeated="99999999"'
    table = f"<table:table><table:table-row {repeated}>{cell}</table:table-row></table:table>"
    text = text_of(odf("spreadsheet", table))
    assert text.startswith("Rows 1-99999999: x | x") and len(text) < 1000
    spans = "<table><tr>" + "<td colspan=999999 rowspan=999999>x" * 50 + "<td>y</table>"
    assert text_of(f"<html>{spans}".encode()).count("x") == 50


def test_macros_are_not_run_and_said() -> None:
    members = {
        "word/vbaProject.bin": b"Sub AutoOpen()",
        "word/_rels/document.xml.rels": (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            '<Relationship Id="R1" Type="x/vbaProject" Target="vbaProject.bin"/></Relationships>'
        ),
    }
    document = piped(_replaced(_DOCX, **members))
    assert read(document) == "Signed on 4 May.\n"
    assert [left.what for left in document.left_out] == ["macros"]


_SEEDS = {
    "docx": _DOCX,
    "xlsx": xlsx({"A": row(1, "a", 2)}, strings="<si><t>x</t></si>"),
    "pptx": pptx(shape("a", "title"), notes=shape("n")),
    "odt": odf("text", "<text:h>a</text:h><text:p>b</text:p>"),
    "ods": odf("spreadsheet", "<table:table><table:table-row/></table:table>"),
    "epub": epub({"one": "<h1>a</h1><p>b"}),
    "msg": compound({"__properties_version1.0": bytes(64), "__substg1.0_1000001F": b"a\0b\0"}),
    "eml": b"From: A\nTo: B\nMessage-ID: <1>\nSubject: =?utf-8?B?w7w=?=\n\nbody\n",
    "html": b"<html><table><tr><td colspan=2>a<td><ul><li>b</ul></table><p>c</html>",
    "rtf": rb"{\rtf1{\fonttbl{\f1\fcharset204 A;}}\f1 \'c4\u8217?\trowd\intbl a\cell\row}",
    "ipynb": b'{"cells": [{"cell_type": "code", "source": ["a"], "outputs": []}]}',
}


@pytest.mark.parametrize("kind", _SEEDS)
def test_no_damage_crashes(kind: str) -> None:
    dice = random.Random(7)
    seed = _SEEDS[kind]
    for attempt in range(120):
        data = seed
        if seed.startswith(b"PK") and attempt % 3:
            with zipfile.ZipFile(io.BytesIO(seed)) as archive:
                members = {name: archive.read(name) for name in archive.namelist()}
            name = dice.choice(list(members))
            data = package({**members, name: _damaged(members[name], dice)})
        else:
            data = _damaged(seed, dice)
        try:
            text_of(data)
        except DocumentError as error:
            assert str(error).isprintable()


def _damaged(data: bytes, dice: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(dice.choice([1, 2, 8])):
        at = dice.randrange(len(out) + 1)
        how = dice.randrange(3)
        if how == 0:
            out[at : at + 1] = bytes([dice.randrange(256)])
        elif how == 1:
            del out[at : at + dice.randrange(1, 40)]
        else:
            out[at:at] = out[dice.randrange(len(out) + 1) :][:40]
    return bytes(out)


def test_long_stretches_of_one_character_take_no_time() -> None:
    for part in (b"<html>" + b"<" * 300_000, b"# " * 150_000, b"a," * 150_000, b"From: " * 50_000):
        start = time.process_time()
        text_of(part + b"\n")
        assert time.process_time() - start < 5
