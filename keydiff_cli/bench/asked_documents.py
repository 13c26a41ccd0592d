"""Documents of one's own with questions about them, from a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from keydiff_cli.bench.verdicts import choices_of
from keydiff_cli.errors import DocumentError, UsageError, setting

_DIGITS = 12  # of a checksum, in the name of a question
_LETTERS = "ABCDEFGH"  # of choices


@dataclass(frozen=True)
class AskedQuestion:
    """A question about a document.

    Attributes
    ----------
    text
        What is asked, with the choices if there are any.
    reference
        The right answer; the letter of the right choice, if there are choices.
    kind
        What it is counted with; ``absent`` if the document does not answer it.
    pages
        The pages that the answer rests on, counted from 1, if they are known.
    """

    text: str
    reference: str
    kind: str
    pages: tuple[int, ...] = ()

    @property
    def digest(self) -> str:
        """Tells it from every other question."""
        content = json.dumps([self.text, self.reference, self.kind])
        return hashlib.sha256(content.encode()).hexdigest()[:_DIGITS]


@dataclass(frozen=True)
class AskedDocument:
    """A document with questions; ``sha256`` is that of its bytes."""

    path: Path
    sha256: str
    questions: tuple[AskedQuestion, ...]

    def id(self, question: AskedQuestion) -> str:
        """What a question about this document is called in records."""
        return f"{self.path.stem}-{self.sha256[:_DIGITS]}-{question.digest}"


@dataclass(frozen=True)
class Choice:
    """Which of the questions are asked.

    Attributes
    ----------
    kinds
        Those of these kinds; all if there are none.
    documents
        Those about documents whose names, as the file has them, match this pattern.
    samples
        At most so many of each kind about a document; None for all.
    """

    kinds: Collection[str] = ()
    documents: str = "*"
    samples: int | None = None


def load_questions(data: Path, document: Path | None, choice: Choice) -> list[AskedDocument]:
    """The documents that a file names, each with the questions about it that are chosen.

    Parameters
    ----------
    data
        A JSON object in each line, or an array of them, with ``question``, ``answer``,
        ``document`` (a path beside the file) and, if there are any, ``kind``, ``choices`` (a list
        of texts) and ``pages``.
    document
        What the questions are about that name no document.

    Raises
    ------
    DocumentError
        If the file or a document cannot be read, or a line is no question.
    UsageError
        If no question is chosen, or one of the kinds is unknown.
    """
    asked: dict[Path, list[AskedQuestion]] = {}
    names: dict[Path, str] = {}
    kinds: dict[str, None] = {}
    for place, item in json_items(data):
        try:
            question, name = _question(item), _name(item)
        except ValueError as error:
            raise DocumentError(f"{data}, {place}: no question: {error}") from error
        kinds[question.kind] = None
        path = document if name is None else data.parent / name
        if path is None:
            raise DocumentError(
                f"{data}, {place}: no question: 'document' is missing; give {setting('document')}"
            )
        names.setdefault(path, str(document) if name is None else name)
        asked.setdefault(path, []).append(question)
    for kind in choice.kinds:
        if kind not in kinds:
            raise UsageError(f"{setting('kind')}: '{kind}' is not one of {', '.join(kinds)}")
    chosen = {
        path: _chosen(questions, choice)
        for path, questions in asked.items()
        if fnmatch(names[path], choice.documents)
    }
    if not any(chosen.values()):
        raise UsageError(f"{setting('documents')}: nothing in {data} matches {choice.documents}")
    return [
        AskedDocument(path, checksum(path), tuple(questions))
        for path, questions in chosen.items()
        if questions
    ]


def json_items(data: Path) -> Iterator[tuple[str, Any]]:
    """What a file of JSON lines or an array has, each with its place in it.

    Raises
    ------
    DocumentError
        If it cannot be read, or has nothing.
    """
    try:
        text = data.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DocumentError(f"{data} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DocumentError(f"{data} cannot be read: it is no UTF-8") from error
    if text.lstrip().startswith("["):
        items = _parsed(text)
        if not isinstance(items, list):
            raise DocumentError(f"{data} is no JSON array")
        yield from ((f"item {number}", item) for number, item in enumerate(items, 1))
        return
    if not text.strip():
        raise DocumentError(f"{data} is empty: there is nothing in it")
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f"line {number}", _parsed(line)


def _parsed(text: str) -> Any:
    """What the JSON says; None if it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _question(item: Any) -> AskedQuestion:
    """The question of an object; ValueError if it is none."""
    if not isinstance(item, dict):
        raise ValueError("it is no JSON object")
    text, answer = _text(item, "question").strip(), _text(item, "answer").strip()
    if choices := _list(item, "choices", str):
        if len(choices) > len(_LETTERS):
            raise ValueError(f"there are more than {len(_LETTERS)} 'choices'")
        letters = _LETTERS[: len(choices)]
        if answer.strip("().") not in letters and answer in choices:
            answer = letters[choices.index(answer)]
        if not choices_of(text):
            named = zip(letters, choices, strict=True)
            text += "\n\n" + "\n".join(f"({letter}) {choice}" for letter, choice in named)
        if answer.strip("().") not in choices_of(text):
            raise ValueError("'answer' is none of the 'choices', and not the letter of one")
    kind = item.get("kind") or ("choice" if choices_of(text) else "question")
    if not isinstance(kind, str):
        raise ValueError("'kind' is no text")
    return AskedQuestion(text, answer, kind, tuple(_list(item, "pages", int)))


def _name(item: dict[str, Any]) -> str | None:
    return None if item.get("document") is None else _text(item, "document")


def _text(item: dict[str, Any], field: str) -> str:
    value = item.get(field)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"'{field}' is no text, or an empty one")
    return value


def _list(item: dict[str, Any], field: str, kind: type) -> list[Any]:
    values = item.get(field) or []
    if not isinstance(values, list) or not all(type(value) is kind for value in values):
        what = "texts" if kind is str else "numbers"
        raise ValueError(f"'{field}' is no list of {what}")
    return values


def _chosen(questions: list[AskedQuestion], choice: Choice) -> list[AskedQuestion]:
    """Those that are chosen, each once, in their order."""
    taken: dict[str, int] = {}
    chosen = []
    for question in dict.fromkeys(questions):
        if choice.kinds and question.kind not in choice.kinds:
            continue
        taken[question.kind] = taken.get(question.kind, 0) + 1
        if choice.samples is None or taken[question.kind] <= choice.samples:
            chosen.append(question)
    return chosen


def checksum(path: Path) -> str:
    """The SHA-256 of a document's bytes; DocumentError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {error.strerror}") from error
