"""The documents of a reading: checked before anything is read, named apart, opened in turn."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from ocr_helpers import FakeOcr
from pdf_files import pdf
from text_helpers import END, SAMPLE, PlainBytes, SpaceFirst, read_corpus

from keydiff_cli.documents import Document, open_document
from keydiff_cli.documents.ocr.ocr import Ocr
from keydiff_cli.errors import DocumentError, UsageError
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.sources import Sources, is_pipe, names_apart

PDF = SAMPLE / "harbour-report.pdf"
TEXT = SAMPLE / "harbour-report.txt"
NOTHING = io.BytesIO()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Document]:
    """The documents that are opened from now on."""
    documents: list[Document] = []

    def note(path: str, stdin: BinaryIO, **options: Any) -> Document:
        documents.append(open_document(path, stdin, **options))
        return documents[-1]

    monkeypatch.setattr("keydiff_cli.text.sources.open_document", note)
    return documents


def closed(documents: list[Document]) -> list[bool]:
    """Whether the file of each is closed."""
    return [document._stream._file.closed for document in documents]


# Before anything is read ------------------------------------------------------------------------


def test_what_is_missing_or_no_document_is_found_first(tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.touch()
    Sources([str(TEXT), str(PDF)], NOTHING).close()
    for wrong in (tmp_path / "missing.txt", tmp_path, empty):
        for paths in ([str(TEXT), str(wrong)], [str(wrong), str(TEXT)], [str(wrong)]):
            with pytest.raises(DocumentError, match=wrong.name):
                Sources(paths, NOTHING)


def test_scanned_pages_are_read_by_ocr_in_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeOcr(tmp_path, monkeypatch, 'answer("Nine quays.")')
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf([None, None]))
    sources = Sources([str(TEXT), str(path)], NOTHING, Ocr())
    assert fake.asked == [1, 2]
    corpus = Corpus(sources.documents(), PlainBytes())
    corpus.read_all()
    assert [record.ocr_pages for record in corpus.documents] == [[], [1, 2]]
    assert fake.asked == [1, 2]


def test_standard_input_is_opened_once_and_handed_on(opened: list[Document]) -> None:
    stdin = io.BytesIO(b"some text")
    sources = Sources([str(TEXT), "-"], stdin)
    assert sources.once
    corpus = Corpus(sources.documents(), PlainBytes())
    assert corpus.read_to(END) == sum(record.tokens for record in corpus.documents) > 0
    assert corpus.documents[1].characters == len("some text")
    assert [document.name for document in opened] == [TEXT.name, "standard input"]
    assert not stdin.closed
    with pytest.raises(UsageError, match="only once"):
        Sources(["-", str(TEXT), "-"], stdin)
    with pytest.raises(DocumentError, match="empty"):
        Sources(["-"], NOTHING)


@pytest.mark.parametrize(
    "content, problem",
    [(b" \n\t" * 100_000, "only white space"), (pdf([None, None]), "look scanned")],
    ids=["blank", "scanned"],
)
def test_what_has_no_text_is_found_first(content: bytes, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "document"
    path.write_bytes(content)
    with pytest.raises(DocumentError, match=problem):
        Sources([str(TEXT), str(path)], NOTHING)
    with pytest.raises(DocumentError, match=problem):
        Sources([str(TEXT), "-"], io.BytesIO(content))


def test_a_check_closes_what_it_opens(tmp_path: Path, opened: list[Document]) -> None:
    blank = tmp_path / "blank.txt"
    blank.write_text("\n")
    with pytest.raises(DocumentError):
        Sources([str(TEXT), str(PDF), str(blank)], NOTHING)
    assert closed(opened) == [True] * 3


@pytest.mark.parametrize("content", [b"\n" * 100_000 + b"some text\n" * 50_000, PDF.read_bytes()])
def test_standard_input_is_whole_after_the_check(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "standard input"
    path.write_bytes(content)
    expected = read_corpus(SpaceFirst(), path)
    corpus = read_corpus(SpaceFirst(), "-", stdin=content)
    assert corpus.slice(0, END).tolist() == expected.slice(0, END).tolist()
    assert corpus.documents == expected.documents


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_opened_before_its_time(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    check = threading.Thread(target=Sources, args=([str(pipe)], NOTHING), daemon=True)
    check.start()
    check.join(timeout=10)
    assert not check.is_alive()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_read_in_its_turn(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    sources = Sources([str(TEXT), str(pipe)], NOTHING)
    assert sources.once
    assert is_pipe(str(pipe))
    writer = threading.Thread(target=pipe.write_bytes, args=(b"through the pipe",), daemon=True)
    writer.start()
    corpus = Corpus(sources.documents(), PlainBytes())
    corpus.read_to(END)
    writer.join(timeout=10)
    assert corpus.text(corpus.tokens - 16, END) == "through the pipe"


def test_what_can_be_read_again_says_so() -> None:
    sources = Sources([str(TEXT)], NOTHING)
    assert not sources.once
    sources.close()
    assert not any(map(is_pipe, (str(TEXT), "missing", "a\0b", "")))


# Opening ----------------------------------------------------------------------------------------


def test_a_document_alone_is_opened_once(opened: list[Document]) -> None:
    sources = Sources([str(TEXT)], NOTHING)
    assert closed(opened) == [False]
    assert [document.name for document in sources.documents()] == [TEXT.name]
    assert closed(opened) == [True]


def test_of_several_documents_the_next_is_opened_when_the_one_before_is_closed(
    tmp_path: Path, opened: list[Document]
) -> None:
    other = tmp_path / "other.txt"
    other.write_text("other")
    sources = Sources([str(TEXT), str(PDF), str(other)], NOTHING)
    assert closed(opened) == [False, True, True]
    names = []
    for document in sources.documents():
        names.append(document.name)
        assert closed(opened).count(False) == 1
    assert names == [TEXT.name, PDF.name, "other.txt"]
    assert len(opened) == 5  # the first one once, each other one for the check and in its turn
    assert closed(opened) == [True] * 5


def test_closing_closes_what_is_being_read_and_what_waits(
    tmp_path: Path, opened: list[Document]
) -> None:
    sources = Sources([str(TEXT), str(PDF), "-"], io.BytesIO(b"text"))
    documents = sources.documents()
    next(documents)
    next(documents)
    sources.close()
    assert closed(opened[:2]) == [True] * 2
    assert closed(opened[3:]) == [True]  # the PDF, in its turn
    sources.close()
    documents.close()  # type: ignore[attr-defined]


def test_what_fails_while_it_is_read_is_closed(opened: list[Document]) -> None:
    def read(documents: Any) -> None:
        for _ in documents:
            raise KeyboardInterrupt

    sources = Sources([str(TEXT), str(PDF)], NOTHING)
    documents = sources.documents()
    with pytest.raises(KeyboardInterrupt):
        read(documents)
    sources.close()
    assert closed(opened) == [True] * 2


def test_a_document_that_is_gone_in_its_turn_is_told_of(tmp_path: Path) -> None:
    gone = tmp_path / "gone.txt"
    gone.write_text("text")
    documents = Sources([str(TEXT), str(gone)], NOTHING).documents()
    next(documents)
    gone.unlink()
    with pytest.raises(DocumentError, match=r"gone\.txt: there is no such file"):
        next(documents)


def test_without_documents_there_is_nothing() -> None:
    sources = Sources([], NOTHING)
    assert (list(sources.documents()), sources.once) == ([], False)


# Names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        ([], []),
        (["a/README.md"], [None]),
        (["a/x", "b/y"], [None, None]),
        (["a/README.md", "b/README.md"], ["a/README.md", "b/README.md"]),
        (["a/README.md", "b/README.md", "c.md"], ["a/README.md", "b/README.md", None]),
        (["x", "x"], [None, None]),
        (["x", "./x", "a/../x"], [None, None, None]),
        (["a/x", "a/x", "b/x"], ["a/x", "a/x", "b/x"]),
        (["/p/a/b/x", "/p/a/c/x", "/p/d/c/x"], ["b/x", "a/c/x", "d/c/x"]),
        (["/one/docs/x", "/two/docs/x"], ["one/docs/x", "two/docs/x"]),
        (["/x", "/a/x"], ["/x", "a/x"]),
        (["/a/x", "/b/a/x"], ["/a/x", "b/a/x"]),
        (["-", "/a/x", "/b/x"], [None, "a/x", "b/x"]),
        (["/a/-", "-"], [None, None]),
        (["/a/b\n/x", "/a/c/x"], ["b /x", "c/x"]),
        (["/dev/fd/63", "/dev/fd/62"], [None, None]),
    ],
)
def test_documents_of_one_name_are_named_apart(paths: list[str], names: list[str | None]) -> None:
    assert names_apart([path.replace("/", os.sep) for path in paths]) == names


def test_names_are_those_of_the_documents_and_of_what_is_wrong(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes.txt").write_text(name if name == "a" else "")
    paths = [str(tmp_path / name / "notes.txt") for name in ("a", "b")]
    with pytest.raises(DocumentError, match=r"^b/notes\.txt is empty"):
        Sources(paths, NOTHING)
    (tmp_path / "b" / "notes.txt").write_text("b")
    names = [document.name for document in Sources([*paths, paths[0]], NOTHING).documents()]
    assert names == ["a/notes.txt", "b/notes.txt", "a/notes.txt"]


@pytest.mark.skipif(os.name == "nt", reason="the current folder cannot be deleted there")
def test_a_current_folder_that_is_gone_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(DocumentError, match="notes: there is no such file"):
        Sources(["notes"], NOTHING)
    Sources([str(TEXT)], NOTHING).close()
