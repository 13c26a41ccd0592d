"""Files of records that are put together: refused where their answers cannot be compared."""

from __future__ import annotations

import json
from pathlib import Path

from keydiff_cli.bench.records import (
    Key,
    Record,
    differences,
    key_of,
    latest,
    names_for_people,
    read_records,
)
from keydiff_cli.errors import UsageError, setting

# Answers that were measured under other ones cannot be put together.
_CONDITIONS = (
    "keydiff", "llama_cpp_python", "sha256", "block", "kv_type", "read_for", "once", "system",
    "archive_type",
)  # fmt: skip
# What else is the same in the names of samples that can be put together.
_NAMES = ("bench", "seed", "text", "depths")


# Benchmarks whose answers are put together with those of no other.
_ALONE = ("qa", "summary", "each")


def group(header: Record) -> str:
    """What the answers of a file can be put together with: those of its benchmark, or of others."""
    return header["bench"] if header["bench"] in _ALONE else "answers"


class Together:
    """The records of several files of answers.

    Attributes
    ----------
    headers : list of dict
        The options of each file.
    records : dict
        The answers that count, each under its key; of the same sample in two files, the later one.
    outdated : int
        Samples that only an older version of their policy has answered.
    """

    def __init__(self) -> None:
        self.headers: list[Record] = []
        self.records: dict[Key, Record] = {}
        self.outdated = 0
        self._first = Path()
        self._limits: dict[str, int | None] = {}  # of the answers, by what the samples are from
        self._versions: dict[str, str | None] = {}  # of the policies

    def add(self, path: Path) -> None:
        """Read a file.

        Raises
        ------
        UsageError
            If the file holds no answers, or answers that were measured under other conditions
            than those of the files before it.
        """
        header, read = read_records(path)
        if header["bench"] == "speed":
            raise UsageError(f"{path} holds times, not answers; see its .summary.json")
        if self.headers and group(header) != group(self.headers[0]):
            raise UsageError(
                f"{path} has answers of another kind than {self._first}; show it alone"
            )
        origin = json.dumps([header.get(name) for name in _NAMES])
        self._check_conditions(path, header)
        self._check_limit(path, header, origin)
        current, outdated = latest(read)
        self._check_versions(path, current)
        self.headers.append(header)
        self.outdated += outdated
        for record in current:
            # Samples of the same names in other texts are other samples.
            names = {name: f"{origin}-{record[name]}" for name in ("id", "text")}
            self.records[key_of(record | names)] = record | names

    def _check_conditions(self, path: Path, header: Record) -> None:
        if not self.headers:
            self._first = path
            return
        differing = [name for name in differences(self.headers[0], header) if name in _CONDITIONS]
        if differing:
            raise UsageError(
                f"{path} was measured with another {names_for_people(differing)} than "
                f"{self._first}; show it alone"
            )

    def _check_limit(self, path: Path, header: Record, origin: str) -> None:
        limit = header.get("max_tokens")
        if self._limits.setdefault(origin, limit) != limit:
            raise UsageError(
                f"{path} has the same samples as another file, with another "
                f"{setting('max_tokens')}; show it alone"
            )

    def _check_versions(self, path: Path, records: list[Record]) -> None:
        for record in records:
            version = record.get("policy_version")
            if self._versions.setdefault(record["policy"], version) != version:
                raise UsageError(
                    f"{path} was measured with another version of {record['policy']} than the "
                    "files before it; run its benchmark again, or show it alone"
                )
