"""Documents in a cache, ready for questions."""

from __future__ import annotations

from dataclasses import dataclass, replace

from keydiff_cli.cache import EvictionTimes, KVCache
from keydiff_cli.engine.support import Weights
from keydiff_cli.reading.coverage import Retention
from keydiff_cli.reading.preparation import Prepared
from keydiff_cli.reading.recalling import Recaller
from keydiff_cli.reading.run import Run
from keydiff_cli.reading.second_look import SecondLook
from keydiff_cli.report import ModelIdentity
from keydiff_cli.snapshots import Archive, Label, SnapshotKey
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.prompts import Prompt


@dataclass(frozen=True)
class Held:
    """Documents in a cache.

    Attributes
    ----------
    model
        The model that has read them.
    key
        The key of a snapshot of them.
    label
        What is shown of such a snapshot.
    prompt
        The prompt around documents and questions.
    head
        Tokens before the documents.
    end
        Where questions begin, as the number of a token in the cache.
    intact
        Whether the cache holds the documents as a whole.
    times
        Seconds that evictions took while they were read.
    process
        Bytes of this process before it read anything.
    recaller
        Brings rows that were evicted back for a question, if they were archived.
    second_look
        Finds passages that bear on a question.
    searched_only
        Whether the documents were not read, so that passages are all there is.
    problem
        Why there is no snapshot; empty if there is one, or none is needed.
    snapshot
        Id of the snapshot; empty if there is none.
    support
        How what shows whether a document answers a question is weighed; None if not measured.
    """

    cache: KVCache
    corpus: Corpus
    model: ModelIdentity
    key: SnapshotKey
    label: Label
    prompt: Prompt
    head: int
    end: int
    intact: bool
    times: EvictionTimes
    process: int
    recaller: Recaller
    second_look: SecondLook
    searched_only: bool = False
    problem: str = ""
    snapshot: str = ""
    support: Weights | None = None

    @property
    def stored(self) -> bool:
        """Whether the rows of every token are in the cache, or in an archive."""
        archive = self.recaller.archive
        windowed = self.cache.context.model.window > 0  # whose windows are in no archive
        return not windowed and (self.intact or (archive is not None and archive.whole))


def hold_documents(
    run: Run,
    prepared: Prepared,
    cache: KVCache,
    corpus: Corpus,
    key: SnapshotKey,
    label: Label,
    *,
    process: int,
    archive: Archive | None = None,
    problem: str = "",
    snapshot: str = "",
    second_look: SecondLook | None = None,
    whole: bool = True,
    searched_only: bool = False,
) -> Held:
    """What was read; if that is the ``whole``, questions make room among themselves from now on.

    Parameters
    ----------
    second_look
        What finds passages of the same text already.
    searched_only
        Whether nothing of the documents is in the cache.

    Raises
    ------
    LostRowsError
        If rows are to be moved, as positions leave no room for questions, and are lost.
    """
    if second_look is None:
        second_look = SecondLook(corpus, run.recorder)
        run.stack.callback(second_look.close)
    run.recorder.documents_held(Retention(corpus, cache.origin, len(prepared.head)))
    if whole:
        cache.compact(cache.free)  # what was taken up may be from where there was no place for it
        cache.hold()
        run.recorder.documents_read(len(cache.shifts))
        if not searched_only:
            _tell_of_length(run, prepared, cache, corpus)
    return Held(
        cache=cache,
        corpus=corpus,
        model=prepared.model,
        key=key,
        label=label,
        prompt=prepared.prompt,
        head=len(prepared.head),
        end=cache.tokens,
        intact=whole and not searched_only and cache.intact,
        times=replace(cache.times),
        process=process,
        recaller=Recaller(
            cache, archive, len(prepared.head), run.recorder, prepared.retrieval_heads
        ),
        second_look=second_look,
        searched_only=searched_only,
        problem=problem,
        snapshot=snapshot,
        support=prepared.support,
    )


def _tell_of_length(run: Run, prepared: Prepared, cache: KVCache, corpus: Corpus) -> None:
    """Say if the documents are longer than any text that the model was made for."""
    longest = cache.context.model.longest_text(cache.context.cells)
    read = corpus.tokens + len(prepared.head) + len(prepared.asked.ids)
    position = read - (cache.shifts[-1].by if cache.shifts else 0)
    if position > longest > 0:
        why = cache.uncompacted and f" (positions count on, because {cache.uncompacted})"
        run.recorder.warn(
            f"{read} tokens are more than the {longest} that the model was made for{why}; "
            "what it says of such a long text may be wrong"
        )
    elif read > longest > 0:
        run.recorder.note(
            f"{read} tokens are more than the {longest} that the model was made for: what is kept "
            "of them is closer together than it was"
        )
