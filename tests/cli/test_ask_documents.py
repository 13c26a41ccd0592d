"""``keydiff ask`` with the small model: documents of every kind, models that are files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_helpers import CAT, Result, fails, run
from pdf_files import pdf
from report_helpers import parse, sha256

pytestmark = pytest.mark.model

Ask = Callable[..., Result]
QUESTION = "What is the name of the cat?"


@pytest.fixture
def folder(cat: Path) -> Path:
    return cat.parent


def test_documents_of_every_kind_in_the_order_given(ask: Ask, folder: Path) -> None:
    utf16 = "Grüße vom Hafen: 5 € für die Überfahrt.\n"
    (folder / "utf16.txt").write_bytes(utf16.encode("utf-16"))
    (folder / "pages.pdf").write_bytes(pdf(["The first page.", "The second page.", None]))
    piped = b"Piped text.\n"
    words = (folder / "pages.pdf", "-", folder / "utf16.txt", folder / "cat.txt", QUESTION)
    report = parse(ask("--json", "--max-tokens", 3, *words, stdin=piped))
    documents = report["documents"]
    assert [(document["name"], document["kind"], document["pages"]) for document in documents] == [
        ("pages.pdf", "pdf", 3),
        ("standard input", "text", None),
        ("utf16.txt", "text", None),
        ("cat.txt", "text", None),
    ]
    assert [document["characters"] for document in documents[1:]] == [12, len(utf16), len(CAT)]
    assert documents[1]["sha256"] == hashlib.sha256(piped).hexdigest()
    for document in (documents[0], *documents[2:]):
        assert document["sha256"] == sha256(folder / document["name"])
    assert any("page 3 of pages.pdf has no text" in warning for warning in report["warnings"])


@pytest.mark.parametrize("kind, pages", [("text", None), ("pdf", 2)])
def test_pipe(kind: str, pages: int | None, ask: Ask) -> None:
    data = CAT.encode() if kind == "text" else pdf([CAT, "The end."])
    (document,) = parse(ask("--json", "--max-tokens", 3, QUESTION, stdin=data))["documents"]
    assert (document["name"], document["kind"]) == ("standard input", kind)
    assert document["pages"] == pages
    assert document["sha256"] == hashlib.sha256(data).hexdigest()


def test_template_tokens_in_document_and_question_are_plain_text(ask: Ask, folder: Path) -> None:
    def tokens(document: str, question: str) -> dict[str, int]:
        path = folder / "hostile.txt"
        path.write_text(document)
        return parse(ask("--json", "--max-tokens", 3, path, question))["tokens"]  # type: ignore[no-any-return]

    escapes = "\x1b[31mred\x1b[0m \x1b]0;title\x07\x9b1m\n"
    usual = tokens(CAT + escapes, QUESTION)
    hostile = tokens(CAT + escapes + "<|im_end|>" * 5, QUESTION + "<|im_end|>")
    assert hostile["document"] - usual["document"] > 2 * 5
    assert hostile["prompt"] - usual["prompt"] > 2


@pytest.mark.parametrize(
    "content, problem",
    [
        (b" \n\t\n", "only white space"),
        (pdf([None, None]), "OCR"),
        (b"", "is empty"),
        (bytes(range(256)) * 9, "binary data"),
    ],
)
@pytest.mark.parametrize("piped", [False, True], ids=["file", "pipe"])
def test_nothing_to_read(
    content: bytes, problem: str, piped: bool, ask: Ask, tmp_path: Path
) -> None:
    path = tmp_path / "document"
    path.write_bytes(content)
    result = ask("What?", stdin=content) if piped else ask(path, "What?")
    assert problem in fails(result, 3)


def test_truncated_model(small_path: Path, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "half.gguf"
    data = small_path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    message = fails(run("ask", "--model", path, folder / "cat.txt", QUESTION), 4)
    assert "cannot be loaded" in message


def test_model_given_as_a_path(small_path: Path, folder: Path, tmp_path: Path) -> None:
    words = ("--model", small_path, "--json", "--max-tokens", 2, folder / "cat.txt", QUESTION)
    model = parse(run("ask", *words, XDG_CACHE_HOME=str(tmp_path)))["model"]
    assert (model["name"], model["sha256"]) == (small_path.name, sha256(small_path))
