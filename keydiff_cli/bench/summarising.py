"""Summarises documents in the way of ``keydiff ask``, and records what the summaries are worth."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from keydiff_cli.bench.asked_documents import AskedDocument, AskedQuestion, checksum, json_items
from keydiff_cli.bench.measure_rates import rate_measures
from keydiff_cli.bench.records import Record
from keydiff_cli.bench.summaries import Share, SummarisedText, facts_overlap, rouge, without_places
from keydiff_cli.bench.variants import Variant
from keydiff_cli.documents.ocr.ocr import Ocr
from keydiff_cli.errors import DocumentError, UsageError, setting
from keydiff_cli.reading.reader import Reader
from keydiff_cli.text.sources import Sources


class Summarising:
    """Summaries of about so many words, with their measures.

    Parameters
    ----------
    documents
        What is summarised.
    words
        That a summary should have; None for as many as come.
    references
        Summaries by others, by the checksums of their documents.
    """

    def __init__(
        self,
        documents: Sequence[AskedDocument],
        words: int | None,
        references: Mapping[str, str],
    ) -> None:
        self._documents = {document.sha256: document for document in documents}
        self._words = words
        self._references = references

    def answer(self, reader: Reader, question: AskedQuestion, variant: Variant) -> str:
        """As :meth:`~keydiff_cli.bench.exams.Exam.answer`.

        The length is in the words of the question, which say the same to every way of asking.
        """
        length = "" if self._words is None else f" in about {self._words} words"
        return reader.ask(question.text + length)

    def marks(self, document: AskedDocument, question: AskedQuestion, answer: str) -> Record:
        """As :meth:`~keydiff_cli.bench.exams.Exam.marks`."""
        reference = self._references.get(document.sha256)
        return {
            "references": [] if reference is None else [reference],
            "measures": measures(answer, _text(document.path, document.sha256), reference),
        }

    def rate(self, records: Iterable[Record]) -> list[dict[str, Any]]:
        """The results, with summaries measured anew where their documents are at hand.

        So what was summarised long ago counts by today's rules.
        """
        return rate_measures(self._measured(record) for record in records)

    def _measured(self, record: Record) -> Record:
        document = self._documents.get(record["text"])
        if document is None:
            return record
        return record | self.marks(document, document.questions[0], record["answer"])

    def verdict(self, marks: Record) -> str:
        """As :meth:`~keydiff_cli.bench.exams.Exam.verdict`."""
        supported, figures = marks["measures"]["figures supported"]
        return f"{marks['measures']['words']} words, {supported} of {figures} figures supported"


def measures(answer: str, text: SummarisedText, reference: str | None) -> Record:
    """What a summary is worth: counts, rates, and so many of so many, by name.

    The places that it names count as no part of it.
    """
    answer = without_places(answer)
    drawn = text.drawn_on(answer)
    figures = text.figures(answer)
    from_somewhere = drawn.sentences.part
    first, middle, last = (_pair(Share(third, from_somewhere)) for third in drawn.thirds)
    measured: Record = {
        "words": len(answer.split()),
        "figures": figures.whole,
        "figures supported": _pair(figures),
        "names found": _pair(text.names(answer)),
        "dates found": _pair(text.dates(answer)),
        "parts drawn on": _pair(drawn.parts),
        "sentences placed": _pair(drawn.sentences),
        "first third": first,
        "middle third": middle,
        "last third": last,
    }
    if reference is not None:
        measured["ROUGE-L"] = rouge(answer, reference)
        measured["facts overlap"] = facts_overlap(answer, reference)
    return measured


def _pair(share: Share) -> list[int]:
    return [share.part, share.whole]


@cache
def _text(path: Path, sha256: str) -> SummarisedText:
    """The text of a document, as it is read for a model."""
    with closing(Sources([str(path)], io.BytesIO(), Ocr())) as sources:
        (text,) = ("".join(p.text for p in document.pieces()) for document in sources.documents())
    return SummarisedText(text)


def documents_to_summarise(
    paths: Sequence[Path], question: str, words: int | None
) -> list[AskedDocument]:
    """The documents, each with the question that asks for its summary.

    Raises
    ------
    DocumentError
        If one cannot be read.
    UsageError
        If the question is empty.
    """
    if not question.strip():
        raise UsageError(f"{setting('question')}: no question; write one, or leave the option out")
    kind = "summary" if words is None else f"summary, {words} words"
    asked = AskedQuestion(question.strip(), "", kind)
    documents = [AskedDocument(path, checksum(path), (asked,)) for path in paths]
    return list({document.sha256: document for document in documents}.values())


def load_references(data: Path, documents: Sequence[AskedDocument]) -> dict[str, str]:
    """The summaries by others that a file has, by the checksums of their documents.

    Parameters
    ----------
    data
        A JSON object in each line, or an array of them, with ``document`` (a path beside the file)
        and ``summary``. Of documents that are not to be summarised they are passed over.

    Raises
    ------
    DocumentError
        If the file cannot be read, or a line is no such summary.
    UsageError
        If it has none for any of the documents.
    """
    known = {document.path.resolve(): document.sha256 for document in documents}
    references = {}
    for place, item in json_items(data):
        fields = (item.get("document"), item.get("summary")) if isinstance(item, dict) else ()
        if not fields or not all(isinstance(text, str) and text.strip() for text in fields):
            raise DocumentError(
                f"{data}, {place}: no summary: 'document' or 'summary' is no text, or an empty one"
            )
        name, summary = fields
        path = (data.parent / str(name)).resolve()
        if path in known:
            references[known[path]] = str(summary)
    if not references:
        raise UsageError(f"{setting('references')}: {data} has none for these documents")
    return references
