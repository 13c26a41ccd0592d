"""Notes on the parts of what was read, in a file beside its snapshot: a JSON object in each line.

The first line says what the notes depend on. Others are added as they are made, so that a run which
is stopped loses none.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from keydiff_cli.llama import Tokens
from keydiff_cli.snapshots.key import SnapshotKey
from keydiff_cli.snapshots.store import Store, short_digest
from keydiff_cli.snapshots.writer import NOTES


@dataclass(frozen=True)
class NoteRecord:
    """The note of a part.

    Attributes
    ----------
    start, stop
        The tokens of the part, exclusive of the last.
    digest
        Of all tokens up to its end: the same part of the same text has the same one.
    text
        The note; empty if nothing is worth one.
    left_out
        Sentences of it that the part does not support.
    """

    start: int
    stop: int
    digest: str
    text: str
    left_out: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[int, str]:
        """Where the part begins, and its digest."""
        return self.start, self.digest


def part_digests(tokens: Tokens, stops: Iterable[int]) -> Iterator[str]:
    """The digest of the tokens up to each of some ascending numbers (exclusive)."""
    known, last = hashlib.sha256(), 0
    for stop in stops:
        known.update(tokens[last:stop].tobytes())
        last = stop
        yield known.copy().hexdigest()


class NoteFile:
    """The notes of one reading, made by one question.

    Parameters
    ----------
    store
        The folder of the snapshots; None to keep nothing.
    snapshot
        Id of the snapshot of the reading; empty if there is none: then nothing is kept either.
    key
        What the reading depends on.
    question
        What the notes answer, and how: plain data.
    """

    def __init__(
        self, store: Store | None, snapshot: str, key: SnapshotKey, question: object
    ) -> None:
        self._store = store if snapshot else None
        self._path = None if self._store is None else self._store.folder / f"{snapshot}{NOTES}"
        self._head = {"notes": short_digest([key.as_json(), question])}
        self._there: set[tuple[int, str]] = set()  # what is in the file

    def read(self) -> dict[tuple[int, str], NoteRecord]:
        """The notes that there are, by where a part begins and its digest.

        Those of other snapshots of the same reading count, too, such as that of a text that has
        grown since.
        """
        found: dict[tuple[int, str], NoteRecord] = {}
        for path in [] if self._store is None else self._store.paths(NOTES):
            for record in self._of(path):
                found.setdefault(record.key, record)
                if path == self._path:
                    self._there.add(record.key)
        return found

    def add(self, records: Iterable[NoteRecord]) -> None:
        """Add notes to the file that are not there yet.

        Raises
        ------
        OSError
            If they cannot be written.
        """
        if self._path is None:
            return
        new = [record for record in records if record.key not in self._there]
        text = "" if self._path.exists() else json.dumps(self._head)
        # A line break comes first: the last line may not have been written to its end.
        text += "".join("\n" + json.dumps(asdict(each), ensure_ascii=False) for each in new)
        with open(self._path, "a", encoding="utf-8", opener=_private) as file:
            file.write(text)
        self._there |= {record.key for record in new}

    def _of(self, path: Path) -> Iterator[NoteRecord]:
        """The notes in a file, as far as they are of this reading; others are passed over."""
        try:
            head, *lines = path.read_text(encoding="utf-8").splitlines()
            if json.loads(head) != self._head:
                return
        except (OSError, ValueError):
            return
        for line in lines:
            try:
                yield _record(json.loads(line))
            except (KeyError, TypeError, ValueError):  # a line that was not written to its end
                continue


def _record(values: Any) -> NoteRecord:
    return NoteRecord(
        int(values["start"]),
        int(values["stop"]),
        str(values["digest"]),
        str(values["text"]),
        tuple(map(str, values["left_out"])),
    )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
