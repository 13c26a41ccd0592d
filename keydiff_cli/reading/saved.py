"""What was read, in a file of the user's: saved, and taken up again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from keydiff_cli import models
from keydiff_cli.errors import DocumentError, UsageError
from keydiff_cli.llama import can_observe
from keydiff_cli.planning.memory import MIN_BUDGET
from keydiff_cli.policies import find_policy, policy_version
from keydiff_cli.reading.held import Held, hold_documents
from keydiff_cli.reading.preparation import (
    begin,
    check_plan,
    load_model,
    model_checksum,
    open_cache,
    plan_for,
    sketched,
    with_checksum,
)
from keydiff_cli.reading.reach import require_queries
from keydiff_cli.reading.resume import make_key
from keydiff_cli.reading.run import Run
from keydiff_cli.report import ModelIdentity
from keydiff_cli.settings.config import Settings
from keydiff_cli.settings.resolving import check_settings
from keydiff_cli.snapshots import (
    Label,
    SnapshotFile,
    SnapshotKey,
    describe,
    restore,
    write_snapshot,
)
from keydiff_cli.system.files import told_by
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.records import DocumentRecord


def save_documents(held: Held, path: Path) -> ModelIdentity:
    """Write what was read to a file, for :func:`load_documents`.

    Returns
    -------
    The model, with its SHA-256, which the file needs.

    Raises
    ------
    UsageError
        If a conversation has begun, or the documents were not read.
    OSError
        If it cannot be written; then no part of it is left.
    """
    if held.end != held.head + held.corpus.tokens:
        raise UsageError("the documents were searched, not read: there is nothing to save")
    if held.cache.tokens != held.end:
        raise UsageError("a conversation has begun: save what was read before it")
    sha256 = held.model.sha256 or model_checksum(Path(held.model.path))
    description, arrays = describe(
        replace(held.key, model=sha256),
        held.label,
        held.cache,
        held.corpus.slice(0, held.corpus.tokens),
        complete=True,
        shareable=False,
    )
    write_snapshot(path, path.with_name(f".{path.name}.part"), description, arrays)
    return replace(held.model, sha256=sha256)


@contextmanager
def opened_file(path: Path) -> Iterator[SnapshotFile]:
    """A file that was saved, verified.

    Raises
    ------
    DocumentError
        If it cannot be read, is damaged, or proves to be of no use while it is open.
    """
    try:
        with SnapshotFile(path) as file:
            file.verify()
            yield file
    except OSError as error:
        raise DocumentError(f"{path}: {told_by(error)}") from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DocumentError(f"{path} cannot be used: {error}") from None


def saved_settings(settings: Settings, file: SnapshotFile) -> Settings:
    """Settings with the policy, budget, block and type of cache of a file.

    Raises
    ------
    UsageError
        If one of them cannot be.
    KeyError
        If there are none.
    """
    key = file.description["key"]
    settings = replace(
        settings,
        policy=key["policy"],
        budget=key["budget"] or None,
        block=key["block"],
        kv_type=key["kv_type"],
    )
    check_settings(settings)
    return settings


def load_documents(
    run: Run, located: models.LocatedModel, file: SnapshotFile, ready: Callable[[], None]
) -> Held:
    """Take up what was saved to a file, which has been verified.

    ``ready`` is called when it is clear that it will do.

    Raises
    ------
    UsageError
        If it is of another model, system prompt or version.
    DamagedError, KeyError, TypeError
        If it is not what it should be.
    """
    description = file.description
    key, question = description["key"], description["question"]
    records = [DocumentRecord.of(record) for record in description["documents"]]
    policy = find_policy(key["policy"])
    require_queries(policy, can_observe())
    with sketched(run, located.path) as sketch:
        located = with_checksum(located)
        documents = bool(records)
        prepared = begin(run, located, sketch, policy, question, documents=documents, taken_up=True)
        own = make_key(run, prepared, prepared.policy, 0, key["longest"])
        own.require_identity(key)
        snapshot_key = SnapshotKey.from_json(key)
        planner = plan_for(run, sketch, prepared, taken_up=True)
        plan = planner.plan(max(description["kept"], MIN_BUDGET, sketch.window))
        if key["longest"] != sketch.longest_text(plan.cells):
            raise UsageError("the snapshot is of a text of another length; read it again")
        if key["policy_version"] != policy_version(prepared.policy):
            raise UsageError("the snapshot is of another version of its policy; read it again")
    ready()
    check_plan(run, plan)
    model = load_model(run, located.path)
    direct = planner.footprint.direct
    cache = open_cache(run, model, plan, prepared.policy, direct=direct, taken_up=True).cache
    tokens = restore(cache, file)
    corpus = Corpus.of(records, tokens, model)
    run.recorder.documents_opened(corpus)
    run.recorder.snapshot_loaded(description["tokens"], description["kept"])
    label = Label(description["model"], description["kept"], question, list(map(asdict, records)))
    return hold_documents(
        run,
        prepared,
        cache,
        corpus,
        snapshot_key,
        label,
        process=planner.footprint.process,
    )
