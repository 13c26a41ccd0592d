"""What was said of the parts of what was read, each of which is asked about once."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing

from keydiff_cli.reading.held import Held
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.snapshots import Store
from keydiff_cli.snapshots.notes import NoteFile, NoteRecord, part_digests
from keydiff_cli.system.files import told_by
from keydiff_cli.text.passages import Passage

Kept = tuple[str, tuple[str, ...]]  # of a part: what it has said, and what is left out of it


class PartRecords:
    """The records of the parts, made or taken up; those made here also without a store.

    Parameters
    ----------
    store
        Where the snapshots are, and records beside them; None to write none.
    question
        What they answer, and how: plain data.
    is_sound
        Whether a part can have said so; one whose record is damaged is asked again.
    """

    def __init__(
        self,
        held: Held,
        recorder: Recorder,
        store: Store | None,
        question: object,
        is_sound: Callable[[Passage, str], bool] = lambda _, __: True,
    ) -> None:
        self._corpus = held.corpus
        self._recorder = recorder
        self._is_sound = is_sound
        self._file = NoteFile(store, held.snapshot, held.key, question, evicted=not held.intact)

    def of(
        self,
        parts: Sequence[Passage],
        made: Callable[[list[Passage]], Generator[Kept | None, None, None]],
        progress: Callable[[int, int], None],
    ) -> Generator[NoteRecord | None, None, None]:
        """The record of each part, in their order; None where the making of one may be stopped.

        Parameters
        ----------
        made
            Makes what is said of some parts, one after another: of those that have no record yet.
            Gives None where it may be stopped.
        progress
            Told before one is made, how many of all there are.
        """
        tokens = self._corpus.slice(0, self._corpus.tokens)
        digests = list(part_digests(tokens, (part.stop for part in parts)))
        keys = [(part.start, digest) for part, digest in zip(parts, digests, strict=True)]
        wanted = dict(zip(keys, parts, strict=True))

        def is_sound(record: NoteRecord) -> bool:
            part = wanted.get(record.key)
            return (
                part is not None and part.stop == record.stop and self._is_sound(part, record.text)
            )

        known = self._file.read(is_sound)
        self._keep(known[key] for key in keys if key in known)
        lacking = [part for part, key in zip(parts, keys, strict=True) if key not in known]
        with closing(made(lacking)) as new:
            for number, (part, key) in enumerate(zip(parts, keys, strict=True)):
                record = known.get(key)
                if record is None:
                    progress(number, len(parts))
                    while (kept := next(new)) is None:
                        yield None
                    record = NoteRecord(part.start, part.stop, key[1], *kept)
                    self._keep([record])
                yield record

    def _keep(self, records: Iterable[NoteRecord]) -> None:
        keep_records(self._file, records, self._recorder)


def keep_records(file: NoteFile, records: Iterable[NoteRecord], recorder: Recorder) -> None:
    """Add records to a file; where they cannot be written, say so and go on."""
    try:
        file.add(records)
    except OSError as error:  # which is raised once
        recorder.warn(f"the notes cannot be kept: {told_by(error)}")
