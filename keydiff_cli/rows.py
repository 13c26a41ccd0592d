"""A table on disk, which a run adds a row to as each is made, and a later run goes on with."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Protocol, TextIO

from filelock import FileLock, Timeout

from keydiff_cli.errors import UsageError
from keydiff_cli.system.files import named, told_by, whole_file

ERROR, MADE_OF = "error", "made_of"  # columns that every table has

Row = Mapping[str, Any]


def made_of(*parts: object) -> str:
    """What a row depends on, plain data, in few characters."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


class _Form(Protocol):
    """How a table is written."""

    def head(self) -> str: ...
    def line(self, row: Row) -> str: ...
    def rows(self, text: str) -> list[Row]: ...


class JsonLines:
    """A JSON object in each line."""

    def head(self) -> str:
        """What comes before the rows: nothing."""
        return ""

    def line(self, row: Row) -> str:
        """A row as it is written."""
        return json.dumps(row, ensure_ascii=False) + "\n"

    def rows(self, text: str) -> list[Row]:
        """The rows of a text, without a last one that was cut short; ValueError if it has others.

        Characters such as U+2028 end no line.
        """
        *lines, _ = text.split("\n")
        rows = list(map(json.loads, lines))
        if not all(isinstance(row, dict) and MADE_OF in row for row in rows):
            raise ValueError("a line is no row of such a table")
        return rows


class Csv:
    """Cells behind each other, by RFC 4180, the names of the columns first.

    A text stands as it is, nothing for what is not there or null, anything else as JSON.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = list(columns)

    def head(self) -> str:
        """The names of the columns."""
        return self._written(self._columns)

    def line(self, row: Row) -> str:
        """A row as it is written."""
        return self._written(_cell(row.get(column)) for column in self._columns)

    def rows(self, text: str) -> list[Row]:
        """As :meth:`JsonLines.rows`: cells are texts here, empty ones None."""
        lines = []
        try:
            for line in csv.reader(io.StringIO(text, newline=""), strict=True):
                lines.append(line)
        except csv.Error:  # the last one ends within quotes
            pass
        else:
            lines = lines if text.endswith("\n") else lines[:-1]
        if lines and lines[0] != self._columns:
            raise ValueError("it has other columns")
        if any(len(line) != len(self._columns) for line in lines):
            raise ValueError("a line has not as many cells as there are columns")
        return [
            {name: cell or None for name, cell in zip(self._columns, line, strict=True)}
            for line in lines[1:]
        ]

    @staticmethod
    def _written(cells: Iterable[str]) -> str:
        file = io.StringIO(newline="")
        csv.writer(file, lineterminator="\n").writerow(cells)
        return file.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def form_for(path: Path | None, columns: Sequence[str]) -> _Form:
    """How a file is written: ``.csv`` as CSV, anything else a JSON object in each line."""
    return Csv(columns) if path is not None and path.suffix.lower() == ".csv" else JsonLines()


class Rows:
    """A table of rows, each of which is there once by its key; to be closed.

    A row is written at once. One with the key of an earlier one takes its place: where the file has
    both, the later one counts, and the earlier one is gone when the table is closed or opened.

    Parameters
    ----------
    path
        The file, which may have rows already; None to write to ``stream`` alone.
    columns
        The names of all columns, with :data:`ERROR` and :data:`MADE_OF`, in their order.
    key
        The columns that tell rows apart.
    stream
        Where rows go if there is no file.

    Raises
    ------
    UsageError
        If the file has no such table, cannot be written, or another process writes it.
    """

    def __init__(
        self, path: Path | None, columns: Sequence[str], key: Sequence[str], stream: TextIO
    ) -> None:
        self._path = path
        self._key = key
        self._form = form_for(path, columns)
        self._known: dict[tuple[Any, ...], Row] = {}
        self._replaced = False
        self._stack = ExitStack()
        self._stream = stream if path is None else self._opened(path)

    def __enter__(self) -> Rows:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def has(self, key: tuple[Any, ...], made: str) -> bool:
        """Whether there is a row of this key, made of the same, and without an error."""
        row = self._known.get(key)
        return row is not None and row[MADE_OF] == made and not row.get(ERROR)

    def add(self, row: Row) -> None:
        """Write a row.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        key = tuple(row[column] for column in self._key)
        self._replaced |= key in self._known
        self._known[key] = row
        self._write(self._form.line(row))

    def close(self) -> None:
        """Leave each row once, and let others write the file."""
        with self._stack:
            if self._path is not None and self._replaced:
                self._rewrite(self._path)

    def _opened(self, path: Path) -> TextIO:
        real = Path(os.path.realpath(path))
        lock = FileLock(real.with_name(f".{real.name}.lock"))
        with ExitStack() as stack:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                if path.exists() and not path.is_file():
                    raise UsageError(f"{path} is no ordinary file; name another one")
                lock.acquire(timeout=0)
                stack.callback(_unlock, lock)
                self._take_up(path)
                file = stack.enter_context(path.open("a", encoding="utf-8", newline=""))
            except Timeout:
                raise UsageError(
                    f"another keydiff is writing {path}; wait for it, or name another file"
                ) from None
            except OSError as error:
                raise UsageError(f"{path} cannot be written: {told_by(error)}") from None
            self._stack = stack.pop_all()
        return file

    def _take_up(self, path: Path) -> None:
        data = path.read_bytes() if path.exists() else b""
        try:
            rows = self._form.rows(data.decode("utf-8-sig", "surrogateescape"))
            self._known = {tuple(row[column] for column in self._key): row for row in rows}
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"{path} has other rows ({error}); name another file, or remove it"
            ) from None
        if self._text().encode("utf-8", "surrogateescape") != data:
            self._rewrite(path)

    def _text(self) -> str:
        return self._form.head() + "".join(map(self._form.line, self._known.values()))

    def _rewrite(self, path: Path) -> None:
        with whole_file(path) as file:
            file.write(self._text().encode("utf-8", "surrogateescape"))

    def _write(self, text: str) -> None:
        if self._path is None:
            self._stream.write(text)
            self._stream.flush()
            return
        with named(self._path):
            self._stream.write(text)
            self._stream.flush()


def _unlock(lock: FileLock) -> None:
    with suppress(OSError):
        Path(lock.lock_file).unlink()  # first: afterwards it may be that of another
    lock.release()
