"""Results on disk: one JSON line per sample, so that a run can stop anywhere and go on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from keydiff_cli.bench.record_forms import fits
from keydiff_cli.errors import UsageError, setting
from keydiff_cli.system.files import named

Record = dict[str, Any]
Key = tuple[str | int | None, ...]  # sample, policy, budget, and evidence if there is a choice

_HEADER, _RECORD = b'{"bench": "', b'{"id": "'  # how the lines of such a file begin
_FOR_PEOPLE = {  # options of a header, where people call them otherwise
    "keydiff": "version of keydiff",
    "llama_cpp_python": "version of llama-cpp-python",
    "sha256": "model",
    **{name: setting(name) for name in ("read_for", "once", "max_tokens", "kv_type", "block")},
    "seed": setting("seed"),
    "depths": setting("depth"),
    "items": setting("items"),
}


def key_of(record: Record) -> Key:
    """What makes a record unique in a file."""
    evidence = (record["evidence"],) if "evidence" in record else ()
    return record["id"], record["policy"], record["budget"], *evidence


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
    """The options that a file was begun with, and its records; a last one cut short is left out.

    Raises
    ------
    UsageError
        If the file is no file of records, or cannot be read.
    """
    try:
        _require_file(path)
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    begun, *lines = data[: _whole(data)].splitlines() or [b""]
    header = _parsed(begun)
    if not isinstance(header, dict) or "bench" not in header:
        raise UsageError(f"{path} is no file of records; name another file")
    records = []
    for number, line in enumerate(lines, 2):
        record = _parsed(line)
        if not fits(record, header["bench"]):
            raise UsageError(f"{path}, line {number}, is no record of it; remove that line")
        records.append(record)
    return header, records


def _require_file(path: Path) -> None:
    if path.exists() and not path.is_file():  # reading a pipe might never end
        raise UsageError(f"{path} is no ordinary file; name another one")


def _whole(data: bytes) -> int:
    """Bytes up to where an interruption may have cut a last record short."""
    end = data.rfind(b"\n") + 1
    tail = data[end:]
    return end if _begins(tail, _RECORD) and _parsed(tail) is None else len(data)


def _begins(data: bytes, start: bytes) -> bool:
    """Whether the data may be a line that begins like this, or the beginning of such a line."""
    return b"\n" not in data and data[: len(start)] == start[: len(data)]


def _parsed(line: bytes) -> Any:
    """What the JSON of a line says; None if it is no JSON."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def differences(first: Record, second: Record) -> list[str]:
    """Names of the options that differ between two headers, or that only one of the two has."""
    return sorted({name for name, _ in _pairs(first) ^ _pairs(second)})


def names_for_people(names: Iterable[str]) -> str:
    """The names of options of a header, as people call them."""
    return ", ".join(dict.fromkeys(_FOR_PEOPLE.get(name, name) for name in names))


def _pairs(options: Record) -> set[tuple[str, str]]:
    return {(name, json.dumps(value, sort_keys=True)) for name, value in options.items()}


class Records:
    """A JSON-lines file that is appended to, by one process at a time; to be closed.

    Parameters
    ----------
    path
        The file; made if it is missing, begun anew if there are no records in it.
    header
        The options that the results depend on: the first line. A file with records that was begun
        with other ones is refused.

    Raises
    ------
    UsageError
        If the file has records of other options, is no such file, cannot be written, or another
        process has it open.
    """

    def __init__(self, path: Path, header: Record) -> None:
        self.path = path
        self.header = header
        self.all: list[Record] = []
        real = Path(os.path.realpath(path))
        self._lock = FileLock(real.with_name(f".{real.name}.lock"))
        try:
            _require_file(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
            self._file = path.open("a+b")
        except Timeout:
            raise UsageError(
                f"another keydiff is writing {path}; wait for it, or name another file"
            ) from None
        except OSError as error:
            self._unlock()
            raise UsageError(f"{path} cannot be written: {error.strerror}") from error
        try:
            self._begin()
        except BaseException:
            self.close()
            raise
        self.done = {key_of(record): record for record in self.all}

    def _begin(self) -> None:
        """Take up what is there; nothing of it is lost but a line that was cut short."""
        data = self.path.read_bytes()
        if not _begins(data, _HEADER):
            begun, self.all = read_records(self.path)
            if self.all and (differing := differences(begun, self.header)):
                names = names_for_people(differing)
                raise UsageError(f"{self.path} was begun with another {names}; name another file")
        whole = _whole(data) if self.all else 0
        self._file.truncate(whole)
        if not self.all:
            self._append(self.header)
        elif not data[:whole].endswith(b"\n"):
            self._file.write(b"\n")
            self._file.flush()

    def has(self, key: Key, version: str | None) -> bool:
        """Whether there is such a record, of this version of its policy."""
        record = self.done.get(key)
        return record is not None and record.get("policy_version") == version

    def add(self, record: Record) -> None:
        """Append a finished sample."""
        self._append(record)
        self.all.append(record)
        self.done[key_of(record)] = record

    def _append(self, line: Record) -> None:
        with named(self.path):
            self._file.write(_line(line))
            self._file.flush()

    def close(self) -> None:
        """Let others write the file."""
        try:
            self._file.close()
        finally:
            self._unlock()

    def _unlock(self) -> None:
        if self._lock.is_locked:
            with suppress(OSError):
                Path(self._lock.lock_file).unlink()  # first: afterwards it may be that of another
            self._lock.release()


def _line(record: Record) -> bytes:
    # ASCII: no character ends a line, whatever was said.
    return (json.dumps(record) + "\n").encode("ascii")
