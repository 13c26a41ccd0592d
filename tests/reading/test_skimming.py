"""Documents that are searched and not read: answers from passages alone."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from cli_helpers import story
from fake_model import FakeLlama, FakeModel
from pdf_files import pdf

from keydiff_cli.ask import ask
from keydiff_cli.errors import DocumentError, KeydiffError, MemoryCapError, UsageError
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Events
from keydiff_cli.settings.config import Settings

LINE = "The lamp of the lighthouse burns the oil of whales, which the keeper buys in the north.\n"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, second_look=400, cache=True, archive="full")


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_text(story(lines=30) + LINE)
    return path


def skim(settings: Settings, *paths: Path | str, **more: object) -> Reader:
    reader = Reader(settings, checksum=True)
    reader.read(list(paths), quick=True, **more)  # type: ignore[arg-type]
    return reader


def test_a_document_is_searched_and_not_read(
    fake: FakeLlama, settings: Settings, document: Path
) -> None:
    with skim(settings, document) as reader:
        report = reader.report
        assert (report.quick, report.stop_reason) == (True, "read")
        tokens = report.tokens
        assert tokens.document == reader.corpus.tokens == report.documents[0].tokens > 2500
        assert (tokens.kept, tokens.reused) == (0, 0)
        assert report.documents[0].sha256 is not None
        assert report.model is not None
        assert report.model.sha256 == "0" * 64
        head = fake.cache.text()
        assert head.endswith("<|user|>")
        assert not reader.held.intact
        assert reader.ask("What burns in the lighthouse?") == "What burns in the lighthouse?"
        assert fake.cache.text() == head
        report = reader.report
        assert report.quick
        assert "words" in {look.by for look in report.second_look}
        assert any(look.lines == (31, 31) for look in report.second_look)
        assert report.recall.tokens == 0
        assert report.warnings == ()
    assert not Path(settings.cache_dir or "").exists()  # there is nothing to keep
    assert (fake.sketches, fake.loads, FakeModel.opened) == (1, 1, 0)


def test_its_passages_are_all_that_the_model_sees(
    fake: FakeLlama, settings: Settings, document: Path
) -> None:
    with skim(settings, document) as reader:
        list(reader.stream("What burns in the lighthouse?", rewind=False))
    _, shown = fake.cache.text().split("<|user|>")
    assert shown.startswith("\n\nPassages of the document:\n\n[lines ")
    assert f"[lines 31-31]\n{LINE.strip()}\n\nQuestion: What burns" in shown
    assert len(shown.partition("\n\nQuestion: ")[0]) <= 400


def test_questions_on_their_own_do_not_influence_each_other(
    fake: FakeLlama, settings: Settings, document: Path
) -> None:
    with skim(settings, document) as reader:
        first = [reader.ask("What burns in the lighthouse?"), reader.report.second_look]
        reader.ask("Which storehouse was painted?")
        assert [reader.ask("What burns in the lighthouse?"), reader.report.second_look] == first
        assert reader.ask("Xyz?") == "Xyz?"  # of which nothing is said
        assert reader.report.second_look == ()


def test_several_documents_and_their_pages_are_searched(
    fake: FakeLlama, settings: Settings, document: Path, tmp_path: Path
) -> None:
    path = tmp_path / "pages.pdf"
    path.write_bytes(pdf(["The pilots rest.", None, "The brewery was sold."]))
    with skim(settings, document, path) as reader:
        reader.ask("Who bought the brewery when it was sold?")
        looks = {(look.document, look.page) for look in reader.report.second_look}
        assert ("pages.pdf", 3) in looks
        assert [record.name for record in reader.report.documents] == ["story.txt", "pages.pdf"]
        assert any("page 2" in warning for warning in reader.report.warnings)


def test_a_pipe_is_searched_once(fake: FakeLlama, settings: Settings) -> None:
    text = story(lines=30).encode()
    with skim(settings, "-", stdin=io.BytesIO(text)) as reader:
        assert reader.ask("Which storehouse was painted?")
        assert reader.report.second_look
        with pytest.raises(UsageError, match="standard input cannot be read again"):
            reader.reread()


def test_it_is_searched_again_as_before(
    fake: FakeLlama, settings: Settings, document: Path
) -> None:
    with skim(replace(settings, archive="off", cache=False), document) as reader:
        reader.reread()
        assert reader.report.quick
        reader.read([document])
        assert not reader.report.quick
        assert reader.report.tokens.kept == 256


@pytest.mark.parametrize(
    ("data", "problem"),
    [(b"", "is empty"), (b" \n", "only white space"), (b"\0\1\2" * 99, "binary")],
)
def test_a_document_without_text_is_refused(
    fake: FakeLlama, settings: Settings, tmp_path: Path, data: bytes, problem: str
) -> None:
    (tmp_path / "x.txt").write_bytes(data)
    with pytest.raises(DocumentError, match=problem):
        skim(settings, tmp_path / "x.txt")
    assert (fake.loads, FakeModel.opened) == (0, 0)


def test_a_cap_holds_for_it_too(fake: FakeLlama, settings: Settings, document: Path) -> None:
    with pytest.raises(MemoryCapError):
        skim(replace(settings, memory=10**6), document)
    assert fake.loads == 0


def test_it_cannot_be_saved_or_read_ahead(
    fake: FakeLlama, settings: Settings, document: Path, tmp_path: Path
) -> None:
    problem = "searched, not read: there is nothing to save"
    with skim(settings, document) as reader, pytest.raises(UsageError, match=problem):
        reader.save(tmp_path / "never-written")
    with pytest.raises(KeydiffError, match="not kept: the documents were not read"):
        ask(settings, [str(document)], None, io.BytesIO(), quick=True)


def test_without_documents_there_is_nothing_to_search(fake: FakeLlama, settings: Settings) -> None:
    with Reader(settings, Events()) as reader:
        reader.read([], quick=True)
        assert not reader.report.quick
