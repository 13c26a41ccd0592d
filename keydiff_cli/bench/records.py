"""Results on disk: one JSON line per sample, so that a run can stop anywhere and go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from keydiff_cli.errors import UsageError

Record = dict[str, Any]
Key = tuple[str, str, int | None]  # sample, policy, budget


def key_of(record: Record) -> Key:
    """What makes a record unique in a file."""
    return record["id"], record["policy"], record["budget"]


def read_records(path: Path) -> tuple[Record, list[Record]]:
    """The options that a file was begun with, and its records; a line cut short is left out.

    Raises
    ------
    UsageError
        If it is no such file, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            begun = json.loads(file.readline())
            if not isinstance(begun, dict) or "bench" not in begun:
                raise ValueError("it is no file of records")
            return begun, [_checked(json.loads(line)) for line in file if line.endswith(b"\n")]
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{path} cannot be read: {reason}") from error


def differences(one: Record, other: Record) -> list[str]:
    """Names of the options that differ, or that only one of them has."""
    return sorted({name for name, _ in _pairs(one) ^ _pairs(other)})


def _pairs(options: Record) -> set[tuple[str, str]]:
    return {(name, json.dumps(value, sort_keys=True)) for name, value in options.items()}


class Records:
    """A JSON-lines file that is appended to.

    Parameters
    ----------
    path
        The file; made if it is missing.
    header
        The options that the results depend on: the first line. A file that was begun with other
        ones is refused.

    Raises
    ------
    UsageError
        If the file was begun with other options, or is no such file.
    """

    def __init__(self, path: Path, header: Record) -> None:
        self.path = path
        self.header = header
        self.all: list[Record] = []
        if path.exists():
            self._load()
        else:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(_line(header), encoding="ascii")
            except OSError as error:
                raise UsageError(f"{path} cannot be written: {error.strerror}") from error
        self.done = {key_of(record) for record in self.all}

    def _load(self) -> None:
        begun, self.all = read_records(self.path)
        if differing := differences(begun, self.header):
            raise UsageError(
                f"{self.path} was begun with another {', '.join(differing)}; name another file"
            )
        self._drop_cut_line()

    def _drop_cut_line(self) -> None:
        """Drop a last line that an interruption cut short."""
        data = self.path.read_bytes()
        if not data.endswith(b"\n"):
            self.path.write_bytes(data[: data.rfind(b"\n") + 1])

    def add(self, record: Record) -> None:
        """Append a finished sample."""
        with self.path.open("a", encoding="ascii") as file:
            file.write(_line(record))
        self.all.append(record)
        self.done.add(key_of(record))


def _line(record: Record) -> str:
    return json.dumps(record) + "\n"  # ASCII: no character ends a line, whatever was said


def _checked(record: Any) -> Record:
    if not isinstance(record, dict) or not record.keys() >= {"id", "policy", "budget"}:
        raise ValueError("a line is no record")
    return record
