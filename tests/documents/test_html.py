"""Web pages: what is shown of them, and in which encoding."""

from __future__ import annotations

import time

import pytest
from document_helpers import piped, read, refusal, text_of

from keydiff_cli.documents import Heading, LeftOut

_PAGE = """<!DOCTYPE html><html><head><title>Ferry</title><style>b{{}}</style>
<script>function f(){{ return "<p>no</p>" }}</script></head><body>{}</body></html>"""


def page(body: str) -> str:
    """The text of a page with that body, without its title."""
    return text_of(_PAGE.format(body).encode()).removeprefix("Title: Ferry\n").strip("\n")


def test_a_page() -> None:
    body = (
        "<nav><a href='/'>Home</a></nav><h1>Timetable</h1><p>The <a href='/f'>ferry</a>\n leaves "
        "at nine&nbsp;o&rsquo;clock &amp; returns.</p><h2>Prices</h2><p>By day"
    )
    document = piped(_PAGE.format(body).encode())
    assert read(document) == (
        "Title: Ferry\n\n# Timetable\n\nThe ferry leaves at nine o’clock & returns.\n\n"
        "## Prices\n\nBy day\n"
    )
    assert (document.kind, document.unit, document.page_kind) == ("html", "bytes", None)
    assert document.outline == [Heading("Timetable", 1, None, 3), Heading("Prices", 2, None, 7)]
    assert document.left_out == [LeftOut(None, "navigation", 1)]
    assert document.warnings == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", "- a\n  - b\n- c"),
        ("<ol start=3><li>x</li><li>y</li></ol>", "3. x\n4. y"),
        ("<p>10<sup>6</sup> and word<sup>[1]</sup>", "10^6 and word[1]"),
        ("<pre>def f():\n    return 1</pre>", "def f():\n    return 1"),
        ("<p>one<br>two<p>three", "one\ntwo\n\nthree"),
        ("<p>a<span hidden>b</span><b style='display: none'>c</b>d", "ad"),
        ("<p hidden>a<p>b", "b"),
        ("<img src=x alt='A red ferry'>", "[Picture: A red ferry]"),
        ("<select><option>a<option selected>b<option>c</select> d", "b d"),
        ("<input type=checkbox checked> yes <input value=Ada>", "[x] yes Ada"),
        ("<math alttext='x^2'><mi>x</mi><mn>2</mn></math>", "x^2"),
        ("<h1>Never ended<p>text", "# Never ended\n\ntext"),
        ("<svg><text>no</text></svg><template>no</template>yes", "yes"),
        ("<p>a <!-- no --> b <![CDATA[ c", "a b"),
        ("<dl><dt>Fee<dd>4 euros</dl>", "Fee\n\n  4 euros"),
    ],
)
def test_elements(body: str, text: str) -> None:
    assert page(body) == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<table><tr><th>Day<th>Price<tr><td>Sunday<td>£4</table>", "Day | Price\nSunday | £4"),
        (  # spacers, and signs that have cells of their own, as in filings
            "<table><tr><td>Sales<td><td>$<td>4,711<td>(<td>12<td>)"
            "<tr><td>Cost<td><td>$<td>11<td><td>5<td></table>",
            "Sales | $4,711 | (12)\nCost | $11 |  | 5",
        ),
        ("<table><tr><td>a<td>b<td>c<tr><td>d<td><td>e</table>", "a | b | c\nd |  | e"),
        ("<table><tr><td rowspan=2>A<td>1<tr><td>2</table>", "A | 1\n | 2"),
        ("<table><tr><td colspan=2>ab<td>c<tr><td>a<td>b<td>c</table>", "ab |  | c\na | b | c"),
        ("<table><tr><td>a<td>b<tr><td>Part two</table>", "a | b\nPart two"),
        ("<table><tr><td><p>one<p>two</table>", "one\n\ntwo"),
        ("<table><tr><td><h2>L</h2><p>left<td><h2>R</h2></table>", "## L\n\nleft\n\n## R"),
        (
            "<table><tr><td>x<td><table><tr><td>1<td>2<tr><td>3<td>4</table></table>",
            "x | 1 | 2; 3 | 4",
        ),
        ("<tr><td>a<td>b</tr>", "a | b"),
    ],
)
def test_tables(body: str, text: str) -> None:
    assert page(body) == text


def test_a_long_table_keeps_its_columns_and_no_memory() -> None:
    rows = "".join(f"<tr><td>day {number}<td><td>{number}</tr>" for number in range(2000))
    lines = page(f"<table>{rows}</table>").splitlines()
    assert (len(lines), lines[0], lines[-1]) == (2000, "day 0 | 0", "day 1999 | 1999")


def test_a_page_that_is_navigation_throughout() -> None:
    assert page("<nav><p>Home</nav><div hidden>More</div>") == "Home\n\nMore"
    document = piped(_PAGE.format("<nav><p>Home</nav><img src=a>").encode())
    read(document)
    assert document.left_out == [LeftOut(None, "pictures", 1)]
    nothing = _PAGE.format("<script>x</script>").replace("Ferry", "")
    assert "has no text" in refusal(lambda: text_of(nothing.encode()))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ('<html><meta charset="iso-8859-2"><p>Łódź'.encode("iso-8859-2"), "Łódź"),
        ("<html><meta charset=iso-8859-1><p>“4 €”".encode("cp1252"), "“4 €”"),
        ("<html><meta content='text/html; charset=shift_jis'><p>港".encode("cp932"), "港"),
        ("<html><p>Łódź".encode("utf-16"), "Łódź"),
        (
            b"<?xml version='1.0' encoding='koi8-r'?><html><p>" + "Договор".encode("koi8-r"),
            "Договор",
        ),
        ("<html><meta charset=nonsense><p>für".encode(), "für"),
        (b"<html><meta charset=base64><p>x", "x"),
    ],
)
def test_encodings(data: bytes, text: str) -> None:
    assert text_of(data).strip() == text


@pytest.mark.parametrize(
    "text",
    [
        "<p> is how a paragraph begins.\n",
        "See <html> for more.\n",
        "<config><a>1</a></config>\n",
        "<?php\n$fare = 9;\n?>\n<html><body><p>It is <?= $fare ?></p></body></html>\n",
        "<html><body>\n<?php echo $fare; ?>\n</body></html>\n",
        "<?xml version='1.0'?>\n<table>" + "<tr name='ferry'><td>9</td></tr>\n" * 3 + "</table>\n",
        "<table>\n" + "<ferry name='Bø'><fare>9</fare></ferry>\n" * 3 + "</table>\n",
    ],
)
def test_texts_about_pages_are_texts(text: str) -> None:
    assert text_of(text.encode()) == text


def test_markdown_that_begins_like_a_page_is_none() -> None:
    lead = "<h1 align='center'>Ferry</h1>\n<p><a href='x'>Fares</a></p>\n\n"
    text = lead + "## Fares\n\n| day | fare |\n|---|---|\n| May | `9` |\n\n- one\n- two\n"
    document = piped(text.encode())
    assert (document.kind, read(document)) == ("markdown", text)


def test_a_part_of_a_page() -> None:
    part = "<div>\n<p>The <b>ferry</b></p>\n<p>leaves</p>\n</div>"
    assert text_of(part.encode()) == "The ferry\n\nleaves\n"
    declared = "<?xml version='1.0'?><div xmlns='http://www.w3.org/1999/xhtml'>"
    assert text_of((declared + part.removeprefix("<div>")).encode()) == "The ferry\n\nleaves\n"


@pytest.mark.parametrize(
    "part", ["<!-- ", "<div>", "<a ", "<table><tr><td>", "<p hidden>", "&#", "</", "<script>"]
)
def test_time_grows_with_length_alone(part: str) -> None:
    def seconds(count: int) -> float:
        data = b"<html><p>text</p>" + part.encode() * count
        start = time.process_time()
        assert "text" in text_of(data)
        return time.process_time() - start

    seconds(100)
    assert seconds(160_000 // len(part) * 4) < 12 * max(seconds(160_000 // len(part)), 0.05)


def test_long_attributes() -> None:
    picture = b"<img alt='A ferry' src='data:image/png;base64," + b"A" * (8 << 20) + b"'>"
    start = time.process_time()
    assert text_of(b"<html><p>text</p>" + picture) == "text\n\n[Picture: A ferry]\n"
    assert time.process_time() - start < 5
