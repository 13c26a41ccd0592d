"""Data from many documents: the same question to each, whose answer is a row of a table."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from keydiff_cli.ask import ask
from keydiff_cli.errors import DocumentError, KeydiffError, ModelError, UsageError
from keydiff_cli.models.checksums import sha256_of
from keydiff_cli.report import Events
from keydiff_cli.rows import ERROR, MADE_OF, Rows, made_of
from keydiff_cli.settings.config import Settings
from keydiff_cli.shapes import Schema
from keydiff_cli.system.files import told_by

QUESTION = "Fill in the fields from the document."
DOCUMENT = "document"  # the column of a document's path
_DATA = "data"  # the column of what is no object
# What the data of a document depend on, beside itself, the schema and the question.
_DEPENDS = (
    *("model", "budget", "block", "policy", "max_tokens", "temperature", "seed", "system"),
    *("kv_type", "ocr", "recall", "second_look"),
)


@dataclass(frozen=True)
class Extracted:
    """How many documents have their data now, had it before, and failed."""

    new: int = 0
    known: int = 0
    failed: int = 0


def columns_of(schema: Schema) -> list[str]:
    """The columns of the rows: the document, an error, what it is made of, and the fields.

    Raises
    ------
    UsageError
        If a field has the name of another column.
    """
    own = [DOCUMENT, ERROR, MADE_OF]
    if taken := set(own) & set(schema.names):
        raise UsageError(
            f"the schema has a field '{min(taken)}', as a column of each row is called; rename it"
        )
    return [*own, *(schema.names or (_DATA,))]


def extract(
    settings: Settings,
    paths: Sequence[str],
    schema: Schema,
    out: Path | None,
    stream: TextIO,
    events: Events | None = None,
    question: str = QUESTION,
) -> Extracted:
    """Ask each document for data, one after another, and write a row for each.

    A document that has its row already is not read again, unless it, the question, the schema or a
    setting that matters has changed; one that has an error in it is tried again. One that fails
    does not stop the others.

    Parameters
    ----------
    out
        The table; None to write the rows to ``stream``.

    Raises
    ------
    ModelError
        If the model cannot be used: no other document could be read either.
    UsageError
        If the table cannot be written or gone on with.
    KeyboardInterrupt
        If the user stops it; the rows so far are there.
    """
    events = events or Events()
    counts = {"new": 0, "known": 0, "failed": 0}
    paths = list(dict.fromkeys(paths))
    with Rows(out, columns_of(schema), [DOCUMENT], stream) as rows:
        for number, path in enumerate(paths, 1):
            row: dict[str, Any] = {DOCUMENT: path, ERROR: None, MADE_OF: ""}
            try:
                row[MADE_OF] = _made_of(settings, path, schema, question)
                if rows.has((path,), row[MADE_OF]):
                    counts["known"] += 1
                    continue
                events.note(f"document {number} of {len(paths)}: {path}")
                row |= _fields(_data(settings, path, schema, question, events), schema)
                counts["new"] += 1
            except ModelError:
                raise
            except KeydiffError as error:
                row[ERROR] = error.told(events.write_setting)
                named = str(row[ERROR]).startswith(str(path))
                events.warning(row[ERROR] if named else f"{path}: {row[ERROR]}")
                counts["failed"] += 1
            rows.add(row)
    return Extracted(**counts)


def _data(settings: Settings, path: str, schema: Schema, question: str, events: Events) -> Any:
    report = ask(settings, [path], question, io.BytesIO(), events, shape=schema)
    if report.stop_reason == "interrupted":
        raise KeyboardInterrupt
    return report.data


def _fields(data: Any, schema: Schema) -> dict[str, Any]:
    """What of a row is data: the fields of an object, or the data in a column."""
    if schema.names and isinstance(data, dict):
        return data
    return {_DATA: data} if not schema.names else {}


def _made_of(settings: Settings, path: str, schema: Schema, question: str) -> str:
    known = asdict(settings)
    chosen = {name: known[name] for name in _DEPENDS}
    return made_of(_checksum(path), schema.schema, question, chosen)


def _checksum(path: str) -> str:
    try:
        return sha256_of(Path(path))
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {told_by(error)}") from None
