"""Finding a snapshot that the documents begin with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from keydiff_cli.cache import KVCache
from keydiff_cli.llama import Tokens
from keydiff_cli.snapshots.archive_form import ArchiveForm
from keydiff_cli.snapshots.candidates import Candidate, candidates
from keydiff_cli.snapshots.contents import restore
from keydiff_cli.snapshots.entry import Entry
from keydiff_cli.snapshots.format import DamagedError, SnapshotFile
from keydiff_cli.snapshots.key import SnapshotKey
from keydiff_cli.snapshots.store import Store
from keydiff_cli.text.corpus import Corpus


@dataclass(frozen=True)
class Beginning:
    """A verified snapshot of the beginning of the documents, or of all of them; to be closed.

    Attributes
    ----------
    key
        The key that the reading goes on from it by.
    tokens
        How many tokens of the documents it has read.
    whole
        Whether that is all of them.
    """

    entry: Entry
    key: SnapshotKey
    tokens: int
    whole: bool
    file: SnapshotFile

    @property
    def complete(self) -> bool:
        """Whether a reading that goes on from it has nothing left to write."""
        return self.whole and bool(self.entry.description["complete"])

    def load(self, store: Store, cache: KVCache) -> bool:
        """Fill a cache from it; False, with the cache empty, if it is damaged and set aside."""
        try:
            restore(cache, self.file)
        except DamagedError as error:
            self.close()  # an open file cannot be renamed everywhere
            store.set_aside(self.entry.path, error)
            return False
        self.close()  # nor deleted
        return True

    def close(self) -> None:
        """Close its file."""
        self.file.close()


def longest_beginning(choices: Iterable[Candidate], corpus: Corpus) -> Candidate | None:
    """The longest candidate that the documents begin with; None if there is none.

    Of several one of which nothing was evicted, then the one that goes on with the largest budget.
    Reads no more of the documents than it takes to tell.
    """
    left = sorted(
        choices,
        key=lambda choice: (len(choice.tokens), choice.entry.intact, choice.key.budget),
    )
    agreed = 0
    while left and agreed < len(left[-1].tokens):
        read = corpus.read_to(agreed + 1)
        if read == agreed:  # the documents end
            break
        part = corpus.slice(agreed, read)
        left = [choice for choice in left if _agree(choice.tokens[agreed:read], part)]
        agreed = read
    return next((choice for choice in reversed(left) if 0 < len(choice.tokens) <= agreed), None)


def find_beginning(
    store: Store,
    key: SnapshotKey,
    corpus: Corpus,
    *,
    room: int,
    least: int,
    most: int,
    archived: ArchiveForm | None = None,
) -> Beginning | None:
    """The longest snapshot that the documents begin with, verified; None if there is none.

    One that has no archive, or no more, has to be longer than those with the archive that is
    wanted: what was evicted of it cannot come back, but it need not be read again.

    Parameters
    ----------
    room, least, most
        As :func:`candidates`.
    archived
        The form of the archive that is wanted of what was evicted; None if none is.
    """
    choices = candidates(store, key, room=room, least=least, most=most)
    if archived is None:
        return _opened(store, choices, corpus)
    recallable = [
        choice for choice in choices if choice.entry.intact or choice.entry.archived_as(archived)
    ]
    beginning = _opened(store, recallable, corpus)
    if beginning is not None and beginning.whole:
        return beginning
    known = 0 if beginning is None else beginning.tokens
    others = [
        choice for choice in choices if len(choice.tokens) > known and not choice.entry.archived
    ]
    longer = _opened(store, others, corpus)
    if longer is None:
        return beginning
    if beginning is not None:
        beginning.close()
    return longer


def _opened(store: Store, choices: list[Candidate], corpus: Corpus) -> Beginning | None:
    """The longest of some snapshots that is not damaged; None if there is none."""
    while (choice := longest_beginning(choices, corpus)) is not None:
        file = store.open(choice.entry)
        if file is not None:
            count = len(choice.tokens)
            whole = corpus.read_to(count + 1) == count
            return Beginning(choice.entry, choice.key, count, whole, file)
        choices = [other for other in choices if other is not choice]
    return None


def _agree(known: Tokens, read: Tokens) -> bool:
    """Whether what is known goes on as it was read, as far as it goes."""
    return bool(np.array_equal(known, read[: len(known)]))
