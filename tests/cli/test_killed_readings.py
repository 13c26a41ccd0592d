"""Readings that are killed, or that go on at once: what is kept is whole, or is not there."""

from __future__ import annotations

import json
import os
import signal
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import story
from process_helpers import POSIX, finish, start
from snapshot_commands import Keydiff

from keydiff_cli.snapshots import Store, open_parts

BOUNDS = ("--budget", 128, "--block", 64, "--max-tokens", 6)
QUESTION = "What is the secret password?"
BEGUN = 10  # batches, which llama.cpp logs: some that see what it can do, and some of the document
# The command, killed or stopped at a moment that is the same on every machine: while the file of a
# snapshot grows beyond some bytes, or before or after one gets its name. Its clock is a second
# further whenever it is looked at, so that a snapshot is written as soon as there may be one.
ENDING = """
import itertools, os, resource, signal, sys, time
end, moment, number = int(sys.argv.pop(1)), sys.argv.pop(1), int(sys.argv.pop(1))
time.perf_counter = itertools.count(0.0).__next__
named, replace = itertools.count(1), os.replace

def name(part, path):
    chosen = str(path).endswith(".snapshot") and next(named) == number
    if chosen and moment == "before":
        os.kill(os.getpid(), end)
    replace(part, path)
    if chosen and moment == "after":
        os.kill(os.getpid(), end)

os.replace = name
if moment == "within":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (number, number))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
from keydiff_cli.__main__ import main
main()
"""
needs_signals = pytest.mark.skipif(not POSIX, reason="needs signals, and limits of a process")


@needs_signals
def test_killed_at_any_moment_it_goes_on_and_gives_the_same_answer(
    keydiff: Keydiff, tmp_path: Path
) -> None:
    document = tmp_path / "story.txt"
    document.write_text(story(lines=18))
    words = (*BOUNDS, "--policy", "focus", document, QUESTION)
    whole = keydiff.report("--no-cache", *words)
    store = Store(keydiff.cache, 10**9, pytest.fail)  # which would tell of a damaged one
    read = []
    for moment, number in (("within", 100_000), ("after", 1), ("before", 1), ("after", 1)):
        process = start(
            int(signal.SIGKILL), moment, number, "ask", "--json", *words,
            command=(sys.executable, "-c", ENDING),
            models=keydiff.models, variables=keydiff.variables,
        )  # fmt: skip
        result = finish(process)
        expected = signal.SIGXFSZ if moment == "within" else signal.SIGKILL
        assert result.status == -expected, result
        parts = [path for path in keydiff.cache.iterdir() if path.suffix == ".part"]
        assert len(parts) == (moment != "after")
        entries = store.entries()
        for entry in entries:
            with store.open(entry) as file:
                assert len(file.array("tokens")) == entry.description["tokens"]
        assert not any(entry.description["complete"] for entry in entries)
        read.append(max((entry.description["tokens"] for entry in entries), default=0))
    first, more = read[1], read[3]
    assert read == [0, first, first, more]
    assert 0 < first < more
    report = keydiff.report(*words)
    assert report["cache"]["policy"] == whole["cache"]["policy"] == "focus"
    assert report["tokens"]["reused"] == more
    assert report["answer"] == whole["answer"]
    assert report["tokens"]["kept"] == whole["tokens"]["kept"]
    assert report["documents"] == whole["documents"]
    # Beside it is the first one, which the last kill left there after it was replaced.
    left = {path.stem for path in keydiff.snapshots()}
    assert left == {entry.id for entry in store.entries()}
    tokens = sorted(entry.description["tokens"] for entry in store.entries())
    assert tokens == [first, report["tokens"]["document"]]
    again = keydiff.report(*words)
    assert again["tokens"]["reused"] == again["tokens"]["document"]
    assert again["answer"] == whole["answer"]


ARCHIVED = {"KEYDIFF_ARCHIVE": "full", "KEYDIFF_RECALL": "64"}


def answered(report: dict[str, Any]) -> tuple[object, ...]:
    """What a question has come to, to the last bit."""
    return report["answer"], report["certainty"], report["recall"]["tokens"]


@needs_signals
@pytest.mark.parametrize("moment", ["before", "after"])
def test_two_at_once_do_not_disturb_each_other(
    moment: str, keydiff: Keydiff, tmp_path: Path
) -> None:
    """One has archived what it has read so far, and has no snapshot of it yet, or has one.

    It waits there until another one has begun, which takes up what there is, and until somebody has
    pruned all that is kept. Then both go on, each on its own.
    """
    document = tmp_path / "story.txt"
    document.write_text(story(lines=18))
    words = (*BOUNDS, "--threads", 1, document, QUESTION)
    variables = keydiff.variables | ARCHIVED | {"XDG_CACHE_HOME": str(tmp_path)}
    alone = keydiff.report("--no-cache", *words, **variables)
    streams: dict[str, Any] = {"models": keydiff.models, "variables": variables}
    stopped = start(
        int(signal.SIGSTOP), moment, 1, "ask", "--json", *words,
        command=(sys.executable, "-c", ENDING), **streams,
    )  # fmt: skip
    assert os.WIFSTOPPED(os.waitpid(stopped.pid, os.WUNTRACED)[1])
    begun = start("ask", "--json", "--verbose", *words, **streams)
    assert begun.stderr is not None
    batches = (line for line in begun.stderr if b"set_abort_callback" in line)
    assert len(list(islice(batches, BEGUN))) == BEGUN
    assert keydiff("cache", "prune", "--max-size", 0).status == 0
    os.kill(stopped.pid, signal.SIGCONT)
    first, other = (json.loads(finish(process).out) for process in (stopped, begun))
    assert answered(first) == answered(other) == answered(alone)
    assert alone["recall"]["tokens"] == 64
    assert first["tokens"]["reused"] == 0
    assert bool(other["tokens"]["reused"]) == (moment == "after")
    (entry,) = Store(keydiff.cache, 10**9, pytest.fail).entries()
    left = {path.name for path in keydiff.cache.iterdir() if path.suffix != ".lock"}
    assert left == {entry.path.name, *(part.name for part in entry.archive)}
    (segment,) = open_parts(keydiff.cache, entry.archive)
    archived = sum(len(rows[0]) for rows in segment.pieces())  # which tells of what is damaged
    segment.close()
    assert archived == alone["tokens"]["document"]
    third = keydiff.report(*words, **variables)
    assert answered(third) == answered(alone)
    assert third["tokens"]["reused"] == third["tokens"]["document"]
