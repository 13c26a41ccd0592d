"""Asks for all items of a kind that are planted in texts, and records how many of them come."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path

from keydiff_cli.bench.asked_documents import AskedDocument, AskedQuestion
from keydiff_cli.bench.lists import mark_list
from keydiff_cli.bench.planted import KINDS, PlantedText
from keydiff_cli.bench.records import Record
from keydiff_cli.bench.samples import Count
from keydiff_cli.bench.variants import Variant
from keydiff_cli.reading.preparation import locate_model, sketch_model
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Events
from keydiff_cli.settings.config import Settings


class ListingAll:
    """Lists of all items of a kind, marked by those that were planted.

    Parameters
    ----------
    texts
        What is asked about.
    """

    def __init__(self, texts: Iterable[PlantedText]) -> None:
        self._texts = {file_name(text): text for text in texts}

    def answer(self, reader: Reader, question: AskedQuestion, variant: Variant) -> str:
        """As :meth:`~keydiff_cli.bench.exams.Exam.answer`; an item a line."""
        if not variant.each:
            return reader.ask(question.text)
        items = reader.each(question.text)
        return "\n".join(f"- {' '.join(item.text.split())}" for item in items)

    def marks(self, document: AskedDocument, question: AskedQuestion, answer: str) -> Record:
        """As :meth:`~keydiff_cli.bench.exams.Exam.marks`."""
        text = self._texts[document.path.name]
        wanted = text.items[question.kind]
        listed = mark_list(answer, wanted)
        return {
            "length": text.length,
            "references": [f"{item.who}: {item.what}" for item in wanted],
            "measures": {
                "found": [listed.found, listed.wanted],
                "right": [listed.right, listed.items],
                "repeated": [listed.repeated, listed.items],
                "listed": listed.items,
            },
        }

    def verdict(self, marks: Record) -> str:
        """As :meth:`~keydiff_cli.bench.exams.Exam.verdict`."""
        (found, wanted), (right, items) = (marks["measures"][name] for name in ("found", "right"))
        return f"{found} of {wanted} found, {right} of {items} right"


def load_texts(
    settings: Settings, events: Events, make: Callable[[Count], Iterable[PlantedText]]
) -> list[PlantedText]:
    """Texts that are made with a function that counts the tokens of the settings' model."""
    located = locate_model(settings, events)
    with closing(sketch_model(settings, located.path)) as sketch:
        return list(make(lambda text: len(sketch.tokenize(text))))


def write_texts(
    texts: Iterable[PlantedText], folder: Path, kinds: Sequence[str]
) -> list[AskedDocument]:
    """The texts as files of a folder, each with the questions for all items of some kinds.

    Raises
    ------
    OSError
        If they cannot be written.
    """
    documents = []
    folder.mkdir(parents=True, exist_ok=True)
    questions = tuple(AskedQuestion(KINDS[kind].question, "", kind) for kind in kinds)
    for text in texts:
        path = folder / file_name(text)
        data = text.document.encode("utf-8", "replace")
        path.write_bytes(data)
        documents.append(AskedDocument(path, hashlib.sha256(data).hexdigest(), questions))
    return documents


def file_name(text: PlantedText) -> str:
    """What the file of a text is called."""
    return f"{text.name}.txt"


def texts_folder(out: Path) -> Path:
    """Where the texts are: ``each.texts`` for ``each.jsonl``."""
    name = out.stem if out.suffix == ".jsonl" else out.name
    return out.with_name(f"{name}.texts")
