"""Archiving while documents are read, so that what is evicted can come back."""

from __future__ import annotations

from keydiff_cli.cache import KVCache
from keydiff_cli.reading.run import Run
from keydiff_cli.snapshots import (
    ArchiveForm,
    Archivist,
    Beginning,
    DamagedError,
    Keeper,
    check_archive,
    open_parts,
)
from keydiff_cli.system.files import told_by


def open_archivist(
    run: Run,
    cache: KVCache,
    keeper: Keeper,
    beginning: Beginning | None,
    block: int,
    form: ArchiveForm,
) -> Archivist | None:
    """What archives the rest of the documents; None if nothing of use can be archived.

    Closed in the end of the run.

    Parameters
    ----------
    beginning
        The snapshot that is in the cache already. What it has no archive of, although nothing of
        it was evicted, is archived at once, ``block`` tokens at a time.
    form
        How rows are stored.

    Raises
    ------
    UsageError
        If the model's rows cannot be stored in that form.
    """
    widths = form.widths(cache.widths)
    parts = [] if beginning is None else beginning.entry.archive
    if beginning is not None and cache.intact and not beginning.entry.archived_as(form):
        parts = []  # everything is in the cache, and can be archived anew
    read = 0 if beginning is None else beginning.tokens
    try:
        segments = [] if beginning is None else open_parts(beginning.entry.path.parent, parts)
        if segments:
            check_archive(segments, form, widths)
    except (DamagedError, OSError) as error:
        instead = "it is made anew" if cache.intact else "answers rest on what is kept"
        run.recorder.warn(f"the archive cannot be used: {told_by(error)}; {instead}")
        if not cache.intact:
            return None
        parts, segments = [], []
    archived = parts[-1].stop if parts else 0
    if archived != read and not cache.intact:
        run.recorder.warn(
            "what was read before has no archive, so nothing of it is recalled; 'keydiff cache' "
            "lists what is kept, and removes it to be read again"
        )
        return None
    earlier = list(zip(parts, segments, strict=True))
    path, limit = keeper.archive_path(), run.settings.cache_size
    archivist = Archivist(earlier, path, form, widths, run.recorder.warn, limit)
    run.stack.callback(archivist.close)
    for start in range(archived, read, block):
        stop = min(start + block, read)
        first = cache.position - read
        archivist.add(cache.rows.between(first + start, first + stop))
    keeper.archive(archivist)
    return archivist
