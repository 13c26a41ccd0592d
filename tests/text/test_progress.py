"""How far reading has come: in which document, and in its own unit."""

from __future__ import annotations

from pathlib import Path

import pytest
from text_helpers import SAMPLE, MadeDocument, PlainBytes, open_corpus, read_corpus

from keydiff_cli.llama import Model
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.progress import DocumentProgress, Trail
from keydiff_cli.text.tokenizer import Vocabulary

PDF = SAMPLE / "harbour-report.pdf"
TEXT = SAMPLE / "harbour-report.txt"


def steps_of(corpus: Corpus) -> list[DocumentProgress]:
    """How far one is after each token of a corpus that was read."""
    steps = [corpus.progress(number) for number in range(1, corpus.tokens + 1)]
    assert None not in steps
    return [step for step in steps if step]


def check_steps(steps: list[DocumentProgress], names: list[str]) -> None:
    """Documents in order; within each ``done`` grows, and to the end of the last one."""
    assert list(dict.fromkeys(step.name for step in steps)) == names
    for name in names:
        own = [step for step in steps if step.name == name]
        done = [step.done for step in own]
        assert done == sorted(done)
        assert done[0] >= 0
        assert done[-1] <= (own[-1].total or 0) <= 1.01 * done[-1] + 1
    assert steps[-1].done == steps[-1].total


def check_long(vocabulary: Vocabulary, folder: Path) -> None:
    long = folder / "long.txt"
    long.write_bytes(TEXT.read_bytes() * 6)  # more than one chunk
    steps = steps_of(read_corpus(vocabulary, long, PDF, TEXT))
    check_steps(steps, ["long.txt", PDF.name, TEXT.name])
    assert {(step.unit, step.total) for step in steps} == {
        ("bytes", long.stat().st_size),
        ("pages", 8),
        ("bytes", TEXT.stat().st_size),
    }


def test_progress_goes_forward_to_the_end_of_each_document(tmp_path: Path) -> None:
    check_long(PlainBytes(), tmp_path)


@pytest.mark.model
def test_progress_of_the_small_model(small_model: Model, tmp_path: Path) -> None:
    check_long(small_model, tmp_path)


def test_progress_may_be_asked_for_as_it_is_read() -> None:
    corpus = open_corpus(PlainBytes(), PDF)
    assert corpus.progress(0) is None
    read, steps = 0, []
    while corpus.read_to(read + 1) > read:
        read = corpus.tokens
        steps += [corpus.progress(read - 1), corpus.progress(read)]
    check_steps([step for step in steps if step], [PDF.name])
    assert len(steps) > 8


def test_documents_of_one_name_are_told_apart(tmp_path: Path) -> None:
    paths = [tmp_path / folder / "README.txt" for folder in ("a", "b")]
    for path, size in zip(paths, (60_000, 20_000), strict=True):
        path.parent.mkdir()
        path.write_bytes(TEXT.read_bytes()[:1000] * (size // 1000))
    corpus = read_corpus(PlainBytes(), *paths)
    steps = steps_of(corpus)[corpus.documents[0].tokens :]
    assert {step.total for step in steps} == {20_000}
    assert {step.name for step in steps} == {"b/README.txt"}
    assert all(step.done <= 20_000 for step in steps)
    assert steps[0].done < 10_000


def test_the_middle_of_a_short_text_is_about_its_middle() -> None:
    steps = steps_of(read_corpus(PlainBytes(), TEXT))
    middle = steps[len(steps) // 2]
    assert 0.35 < middle.done / TEXT.stat().st_size < 0.65


# The trail of it --------------------------------------------------------------------------------


def test_between_two_notes_it_is_in_proportion() -> None:
    first = MadeDocument([("x", None)] * 4, name="first")
    second = MadeDocument([("x", 1)], pages=7, name="second")
    trail = Trail()
    assert trail.at(0) is None
    for tokens, document, done in (
        (0, first, 0), (10, first, 2), (30, first, 4), (30, second, 0), (50, second, 7.0),
    ):  # fmt: skip
        trail.add(tokens, document, done)
    for tokens, name, done in (
        (0, "first", 0), (5, "first", 1), (10, "first", 2), (25, "first", 3.5),
        (30, "second", 0), (40, "second", 3.5), (50, "second", 7), (60, "second", 7),
    ):  # fmt: skip
        step = trail.at(tokens)
        assert step is not None
        assert (step.name, step.done) == (name, done)
        assert (step.unit, step.total) == (("bytes", 4) if name == "first" else ("pages", 7))


def test_progress_may_begin_in_the_middle() -> None:
    """The beginning comes from a snapshot, as it were."""
    corpus = read_corpus(PlainBytes(), TEXT)
    half = corpus.tokens // 2
    begun, whole = corpus.progress(half), read_corpus(PlainBytes(), TEXT)
    assert begun == steps_of(whole)[half - 1]
