"""Results on disk: one JSON line per sample, so that a run can stop anywhere and go on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keydiff_cli.errors import UsageError

Record = dict[str, Any]
Key = tuple[str, str, int | None]  # sample, policy, budget

_NUMBER, _WHOLE_OR_NONE = (int, float), (int, type(None))
_COMMON: dict[str, tuple[type, ...]] = {
    "id": (str,),
    "policy": (str,),
    "budget": _WHOLE_OR_NONE,
    "length": _WHOLE_OR_NONE,
}
_TIMES = {**_COMMON, "ingest_s": _NUMBER}
_ANSWER = {
    **_COMMON,
    "text": (str,),
    "task": (str,),
    "depth": (*_NUMBER, type(None)),
    "score": _NUMBER,
    "stop_reason": (str,),
}
_OPTIONAL: dict[str, tuple[type, ...]] = {
    "part": (str, type(None)),
    "policy_version": (str, type(None)),
}


def key_of(record: Record) -> Key:
    """What makes a record unique in a file."""
    return record["id"], record["policy"], record["budget"]


def latest(records: Sequence[Record]) -> tuple[list[Record], int]:
    """The records that count, and how many samples only an older version has answered.

    Of each sample the last record counts, and of a policy only those of the version that came last.
    """
    versions = {record["policy"]: record.get("policy_version") for record in records}
    current = {
        key_of(record): record
        for record in records
        if record.get("policy_version") == versions[record["policy"]]
    }
    return list(current.values()), len(set(map(key_of, records))) - len(current)


def read_records(path: Path) -> tuple[Record, list[Record]]:
    """The options that a file was begun with, and its records; a line cut short is left out.

    Raises
    ------
    UsageError
        If it is no such file, or cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    begun, *lines = data[: _whole(data)].splitlines() or [b""]
    header = _parsed(begun)
    if not isinstance(header, dict) or "bench" not in header:
        raise UsageError(f"{path} is no file of records; name another file")
    fields = _TIMES if header["bench"] == "speed" else _ANSWER
    records = []
    for number, line in enumerate(lines, 2):
        record = _parsed(line)
        if not _fits(record, fields):
            raise UsageError(f"{path}, line {number}, is no record of it; remove that line")
        records.append(record)
    return header, records


def _whole(data: bytes) -> int:
    """Bytes up to where an interruption may have cut a last line short."""
    end = data.rfind(b"\n") + 1
    return end if _parsed(data[end:]) is None else len(data)


def _parsed(line: bytes) -> Any:
    """The JSON of a line; None if it is none."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _fits(record: Any, fields: Mapping[str, tuple[type, ...]]) -> bool:
    return (
        isinstance(record, dict)
        and all(name in record and type(record[name]) in kinds for name, kinds in fields.items())
        and all(type(record.get(name)) in kinds for name, kinds in _OPTIONAL.items())
        and (record.get("depth") is None or record["length"] is not None)
        and 0 <= record.get("score", 0) <= 1
    )


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
        self.done = {key_of(record): record for record in self.all}

    def _load(self) -> None:
        begun, self.all = read_records(self.path)
        if differing := differences(begun, self.header):
            raise UsageError(
                f"{self.path} was begun with another {', '.join(differing)}; name another file"
            )
        self._end_line()

    def _end_line(self) -> None:
        """Drop a last line that an interruption cut short, or end it if only its end is missing."""
        data = self.path.read_bytes()
        if data.endswith(b"\n"):
            return
        whole = _whole(data)
        with self.path.open("r+b") as file:
            file.truncate(whole)
            if whole == len(data):
                file.seek(whole)
                file.write(b"\n")

    def add(self, record: Record) -> None:
        """Append a finished sample."""
        with self.path.open("a", encoding="ascii") as file:
            file.write(_line(record))
        self.all.append(record)
        self.done[key_of(record)] = record


def _line(record: Record) -> str:
    return json.dumps(record) + "\n"  # ASCII: no character ends a line, whatever was said
