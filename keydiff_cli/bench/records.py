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
        try:
            with self.path.open("rb") as file:
                begun = json.loads(file.readline())
                if not isinstance(begun, dict) or "bench" not in begun:
                    raise ValueError("it is no file of records")
                if begun == self.header:
                    self.all = [_checked(json.loads(line)) for line in file if line.endswith(b"\n")]
        except (OSError, ValueError) as error:
            raise UsageError(f"{self.path} cannot be gone on with: {error}") from error
        if begun != self.header:
            differing = sorted(
                name
                for name in begun.keys() | self.header.keys()
                if begun.get(name) != self.header.get(name)
            )
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
