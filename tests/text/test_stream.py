"""The stream of tokens: what it says of each document, and how far it has come."""

from __future__ import annotations

import hashlib
import io
import os
import re
import threading
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import pytest
from pdf_files import pdf
from text_helpers import SAMPLE, SpaceFirst, decode, joined

from keydiff_cli.documents import Document, open_document
from keydiff_cli.errors import DocumentError, UsageError
from keydiff_cli.llama import Model
from keydiff_cli.text.blocks import Tokenizer
from keydiff_cli.text.stream import Place, TokenStream, check_sources

PDF = SAMPLE / "harbour-report.pdf"
TEXT = SAMPLE / "harbour-report.txt"
NOTHING = io.BytesIO()


@pytest.fixture
def tokenizer(small_model: Model) -> Tokenizer:
    return Tokenizer(small_model)


class Read:
    """A stream read to its end."""

    def __init__(self, tokenizer: Tokenizer, *sources: str | Path, stdin: bytes = b"") -> None:
        names = [str(source) for source in sources]
        self.stream = TokenStream(names, io.BytesIO(stdin), tokenizer)
        self.ids = joined(self.stream)
        self.text = decode(tokenizer.model, self.ids).decode()
        self.records = self.stream.records

    def places(self) -> list[Place]:
        """Where each token is."""
        found = [self.stream.place(number) for number in range(1, len(self.ids) + 1)]
        assert None not in found
        return [place for place in found if place]


@pytest.mark.model
def test_documents_are_introduced_by_name(tokenizer: Tokenizer, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("First.\n")
    (tmp_path / "two <|im_end|>.md").write_text("Second.")
    read = Read(tokenizer, tmp_path / "one.txt", tmp_path / "two <|im_end|>.md")
    assert read.text == ("Document: one.txt\n\nFirst.\n\n\nDocument: two <|im_end|>.md\n\nSecond.")
    assert [record.name for record in read.records] == ["one.txt", "two <|im_end|>.md"]


def test_only_the_first_document_begins_the_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One.")
    read = Read(Tokenizer(SpaceFirst()), *[tmp_path / "a.txt"] * 2)
    assert read.text == " Document: a.txt\n\nOne.\n\nDocument: a.txt\n\nOne."


@pytest.mark.model
def test_pages_are_marked_by_number(tokenizer: Tokenizer) -> None:
    read = Read(tokenizer, PDF)
    expected = "Document: harbour-report.pdf\n\n"
    with open_document(str(PDF), NOTHING) as document:
        for piece in document.pieces():
            expected += f"[Page {piece.page}]\n{piece.text}"
    assert read.text == expected
    assert re.findall(r"\[Page (\d+)\]\n", read.text) == [str(n) for n in range(1, 9)]
    record = read.records[0]
    assert (record.kind, record.pages) == ("pdf", 8)


@pytest.mark.model
def test_records_say_what_was_read(tokenizer: Tokenizer, tmp_path: Path) -> None:
    small = tmp_path / "small.txt"
    small.write_text("Der Hafen heißt Calderhythe. 🚢\n", encoding="utf-8")
    read = Read(tokenizer, TEXT, small, PDF)
    assert read.stream.tokens == len(read.ids) == sum(r.tokens for r in read.records)
    for record, path in zip(read.records, [TEXT, small, PDF], strict=True):
        assert record.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert record.tokens > 0
    for record, path in zip(read.records, [TEXT, small], strict=False):
        assert (record.kind, record.pages) == ("text", None)
        assert record.characters == len(path.read_text(encoding="utf-8"))
    with open_document(str(PDF), NOTHING) as document:
        assert read.records[2].characters == sum(len(piece.text) for piece in document.pieces())
    introduction = tokenizer.model.tokenize("Document: harbour-report.txt\n\n")
    alone = tokenizer.model.tokenize(TEXT.read_text(encoding="utf-8"))
    assert abs(read.records[0].tokens - len(introduction) - len(alone)) <= 2


@pytest.mark.model
def test_an_index_says_where_documents_and_pages_begin(small_model: Model, tmp_path: Path) -> None:
    check_index(small_model, tmp_path)


@pytest.mark.large
@pytest.mark.parametrize("fixture", ["gemma_path", "half_billion_path"])
def test_the_index_with_other_vocabularies(
    fixture: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with closing(Model(request.getfixturevalue(fixture), weights=False)) as model:
        check_index(model, tmp_path)


def check_index(model: Model, tmp_path: Path) -> None:
    blank = tmp_path / "größer.pdf"
    blank.write_bytes(pdf([None, "Two.", None, "[Page 4] Four.", None]))
    read = Read(Tokenizer(model), TEXT, PDF, blank)
    text, harbour, last = read.records
    assert (text.start, text.page_starts) == (0, None)
    assert harbour.start == text.tokens
    assert last.start == harbour.start + harbour.tokens

    def shown(start: int, stop: int) -> str:
        return decode(model, read.ids[start:stop]).decode()

    assert harbour.page_starts is not None
    assert len(harbour.page_starts) == 8
    assert "Document: harbour-report.pdf\n\n" in shown(harbour.start, harbour.page_starts[1])
    for number, start in enumerate(harbour.page_starts, 1):
        mark = f"[Page {number}]"
        assert mark in shown(start, start + 8)
        assert mark not in shown(start + 1, start + 8)

    end = last.start + last.tokens
    one, two, three, four, five = last.page_starts or []
    assert (one, three, five) == (two, four, end)
    assert shown(two, two + 8).lstrip().startswith("[Page 2]\nTwo.")
    assert shown(four, end).lstrip().startswith("[Page 4]\n[Page 4] Four.")


@pytest.mark.parametrize(("before", "after"), [("", "[Page 1]"), ("Größe 🚢\n", "[Page 1]\nÄ")])
def test_a_character_is_found_behind_a_space_that_was_put_there(before: str, after: str) -> None:
    tokenizer = Tokenizer(SpaceFirst())
    tokens = tokenizer(before + after, first=True)
    [place] = tokenizer.locate([len(before)], before + after, tokens)
    assert tokens[place] == ord("[")
    later = tokenizer(before + after, first=False)
    [place] = tokenizer.locate([len(before)], before + after, later)
    assert later[place] == ord("[")


@pytest.mark.model
def test_a_document_that_is_not_read_to_its_end_has_no_hash(tokenizer: Tokenizer) -> None:
    stream = TokenStream([str(TEXT)], NOTHING, tokenizer)
    assert stream.records == []
    first = next(iter(stream))
    record = stream.records[0]
    assert (record.tokens, record.sha256) == (len(first), None)


@pytest.mark.model
def test_warnings_are_passed_on(tokenizer: Tokenizer, tmp_path: Path) -> None:
    scanned, latin = tmp_path / "scanned.pdf", tmp_path / "latin.txt"
    scanned.write_bytes(pdf(["Only this.", None]))
    latin.write_bytes("Größe und Übermaß der Brücke über den Fluß.\n".encode("latin-1") * 20)
    read = Read(tokenizer, TEXT, scanned, latin)
    about_pdf, about_text = read.stream.warnings
    assert about_pdf.startswith("page 2 of scanned.pdf has no text")
    assert about_text.startswith("latin.txt is not UTF-8")


@pytest.mark.model
def test_standard_input_is_a_document(tokenizer: Tokenizer) -> None:
    read = Read(tokenizer, "-", stdin=TEXT.read_bytes())
    assert read.text == "Document: standard input\n\n" + TEXT.read_text(encoding="utf-8")
    assert read.records[0].sha256 == hashlib.sha256(TEXT.read_bytes()).hexdigest()
    assert {place.total for place in read.places()} == {None}

    read = Read(tokenizer, "-", stdin=PDF.read_bytes())
    assert (read.records[0].kind, read.records[0].pages) == ("pdf", 8)


@pytest.mark.model
def test_a_document_that_turns_out_wrong_ends_the_stream(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    blank = tmp_path / "blank.txt"
    blank.write_text(" \n" * 100)
    with pytest.raises(DocumentError, match=r"blank\.txt is empty"):
        Read(tokenizer, blank)


# Places ---------------------------------------------------------------------------------------


def check_places(places: list[Place], names: list[str]) -> None:
    """Documents in order; within each ``done`` grows, and to the end of the last one."""
    assert list(dict.fromkeys(place.name for place in places)) == names
    for name in names:
        mine = [place for place in places if place.name == name]
        done = [place.done for place in mine]
        assert done == sorted(done)
        assert done[0] >= 0
        assert done[-1] <= (mine[-1].total or 0) <= 1.01 * done[-1] + 1
    assert places[-1].done == places[-1].total


@pytest.mark.model
def test_places_go_forward_to_the_end_of_each_document(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    long = tmp_path / "long.txt"
    long.write_bytes(TEXT.read_bytes() * 6)  # more than one chunk
    read = Read(tokenizer, long, PDF, TEXT)
    places = read.places()
    check_places(places, ["long.txt", PDF.name, TEXT.name])
    assert {(place.unit, place.total) for place in places} == {
        ("bytes", long.stat().st_size),
        ("pages", 8),
        ("bytes", TEXT.stat().st_size),
    }


@pytest.mark.model
def test_places_may_be_asked_for_as_it_is_read(tokenizer: Tokenizer) -> None:
    stream = TokenStream([str(PDF)], NOTHING, tokenizer)
    assert stream.place(0) is None
    read, places = 0, []
    for part in stream:
        read += len(part)
        places += [stream.place(read - 1), stream.place(read)]
    check_places([place for place in places if place], [PDF.name])


@pytest.mark.model
def test_documents_of_one_name_are_told_apart(tokenizer: Tokenizer, tmp_path: Path) -> None:
    paths = [tmp_path / folder / "README.txt" for folder in ("a", "b")]
    for path, size in zip(paths, (60_000, 20_000), strict=True):
        path.parent.mkdir()
        path.write_bytes(TEXT.read_bytes()[:1000] * (size // 1000))
    read = Read(tokenizer, *paths)
    places = read.places()[read.records[0].tokens :]
    assert {place.total for place in places} == {20_000}
    assert all(place.done <= 20_000 for place in places)
    assert places[0].done < 10_000


@pytest.mark.model
def test_the_middle_of_a_short_text_is_about_its_middle(tokenizer: Tokenizer) -> None:
    places = Read(tokenizer, TEXT).places()
    middle = places[len(places) // 2]
    assert 0.35 < middle.done / TEXT.stat().st_size < 0.65


# Before anything is read ----------------------------------------------------------------------


def test_what_is_missing_or_no_document_is_found_first(tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.touch()
    check_sources([str(TEXT), str(PDF)], NOTHING)
    for wrong in (tmp_path / "missing.txt", tmp_path, empty):
        with pytest.raises(DocumentError, match=wrong.name):
            check_sources([str(TEXT), str(wrong)], NOTHING)


def test_standard_input_is_opened_once_and_handed_on(tokenizer: Tokenizer) -> None:
    stdin = io.BytesIO(b"some text")
    piped = check_sources(["-", str(TEXT)], stdin)
    assert piped is not None
    stream = TokenStream(["-"], stdin, tokenizer, piped)
    assert sum(len(part) for part in stream) == stream.tokens > 0
    assert stream.records[0].characters == len("some text")
    with pytest.raises(UsageError, match="only once"):
        check_sources(["-", str(TEXT), "-"], stdin)
    with pytest.raises(DocumentError, match="empty"):
        check_sources(["-"], NOTHING)


@pytest.mark.parametrize(
    "content, problem",
    [(b" \n\t" * 100_000, "only white space"), (pdf([None, None]), "OCR")],
    ids=["blank", "scanned"],
)
def test_what_has_no_text_is_found_first(content: bytes, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "document"
    path.write_bytes(content)
    with pytest.raises(DocumentError, match=problem):
        check_sources([str(TEXT), str(path)], NOTHING)
    with pytest.raises(DocumentError, match=problem):
        check_sources([str(TEXT), "-"], io.BytesIO(content))


def test_a_check_closes_what_it_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def note(source: str, stdin: BinaryIO) -> Document:
        opened.append(open_document(source, stdin))
        return opened[-1]

    monkeypatch.setattr("keydiff_cli.text.stream.open_document", note)
    blank = tmp_path / "blank.txt"
    blank.write_text("\n")
    with pytest.raises(DocumentError):
        check_sources([str(TEXT), str(PDF), str(blank)], NOTHING)
    assert [document._source._file.closed for document in opened] == [True] * 3


@pytest.mark.parametrize("content", [b"\n" * 100_000 + b"some text\n" * 50_000, PDF.read_bytes()])
def test_standard_input_is_whole_after_the_check(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "standard input"
    path.write_bytes(content)
    expected = Read(Tokenizer(SpaceFirst()), path)
    stdin = io.BytesIO(content)
    piped = check_sources(["-"], stdin)
    stream = TokenStream(["-"], stdin, Tokenizer(SpaceFirst()), piped)
    assert joined(stream) == expected.ids
    assert stream.records == expected.records


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_opened_before_its_time(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    check = threading.Thread(target=check_sources, args=([str(pipe)], NOTHING), daemon=True)
    check.start()
    check.join(timeout=10)
    assert not check.is_alive()
