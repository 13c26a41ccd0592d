"""Notes on the parts of what was read, in a file beside its snapshot: a JSON object in each line.

Each says what the note depends on, and is added as it is made: a run which is stopped loses none,
any number of processes may add to a file, and a line that is damaged makes no other useless.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from keydiff_cli.llama import Tokens
from keydiff_cli.snapshots.key import SnapshotKey
from keydiff_cli.snapshots.store import Store, short_digest
from keydiff_cli.snapshots.writer import NOTES, SUFFIX

_MADE_OF = "made_of"  # digest of what a note depends on, in its line
_DAMAGE = ArithmeticError, KeyError, RecursionError, TypeError, ValueError  # of a line


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

    What was added stays in memory, too, and is found again where nothing can be written.

    Parameters
    ----------
    store
        The folder of the snapshots; None to write nothing.
    snapshot
        Id of the snapshot of the reading; empty if there is none: then nothing is written either,
        nor is it once the snapshot is gone.
    key
        What the reading depends on.
    question
        What the notes answer, and how: plain data.
    evicted
        Whether anything was evicted; else the notes are the same whatever may stay, and by
        whichever policy.
    """

    def __init__(
        self,
        store: Store | None,
        snapshot: str,
        key: SnapshotKey,
        question: object,
        *,
        evicted: bool,
    ) -> None:
        self._store = store if snapshot else None
        self._path = None if self._store is None else self._store.folder / f"{snapshot}{NOTES}"
        self._made_of = short_digest([key.of_rows(evicted=evicted), question])
        self._added: dict[tuple[int, str], NoteRecord] = {}
        self._there: set[tuple[int, str]] = set()  # what is in the file

    def read(
        self, is_sound: Callable[[NoteRecord], bool] = lambda _: True
    ) -> dict[tuple[int, str], NoteRecord]:
        """The notes that there are, by where a part begins and its digest.

        Those of other snapshots of the same reading count, too, such as that of a text that has
        grown since.

        Parameters
        ----------
        is_sound
            Whether a record can be one; others are passed over like damaged lines, so that they
            can be added anew.
        """
        found = dict(self._added)
        for path in [] if self._store is None else self._store.paths(NOTES):
            for record in filter(is_sound, self._of(path)):
                found.setdefault(record.key, record)
                if path == self._path:
                    self._there.add(record.key)
        return found

    def add(self, records: Iterable[NoteRecord]) -> None:
        """Add notes, to the file as far as they are not there yet.

        Raises
        ------
        OSError
            If they cannot be written; from then on nothing is.
        """
        new = {record.key: record for record in records}
        self._added |= new
        lacking = [record for key, record in new.items() if key not in self._there]
        if self._path is None or not lacking or not self._path.with_suffix(SUFFIX).exists():
            return
        # A line break comes first: the last line may not have been written to its end.
        data = b"".join(b"\n" + self._line(record) for record in lacking)
        try:
            with open(self._path, "ab", opener=_private) as file:
                file.write(data)
        except OSError:
            self._path = None
            raise
        self._there.update(new)

    def _line(self, record: NoteRecord) -> bytes:
        return json.dumps({_MADE_OF: self._made_of, **asdict(record)}).encode("ascii")

    def _of(self, path: Path) -> Iterator[NoteRecord]:
        """The notes in a file, as far as they are of this reading; others are passed over."""
        try:
            lines = path.read_bytes().split(b"\n")
        except OSError:
            return
        for line in lines:
            try:
                values = json.loads(line.decode("ascii"))
                if values[_MADE_OF] == self._made_of:
                    yield _record(values)
            except _DAMAGE:
                continue


def _record(values: Any) -> NoteRecord:
    """The record of a line; a ValueError if it can have none of these values."""
    left_out = values["left_out"]
    texts = [values["digest"], values["text"], *left_out]
    if not isinstance(left_out, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError("what is to be a text is something else")
    start, stop = int(values["start"]), int(values["stop"])
    return NoteRecord(start, stop, values["digest"], values["text"], tuple(left_out))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
