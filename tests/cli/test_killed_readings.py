"""Readings that are killed, or that go on at once: what is kept is whole, or is not there."""

from __future__ import annotations

import json
import signal
import sys
from itertools import islice
from pathlib import Path

import pytest
from cli_helpers import SMALL, story
from process_helpers import POSIX, finish, start
from snapshot_commands import Keydiff

from keydiff_cli.snapshots import Store

pytestmark = pytest.mark.model

BOUNDS = ("--model", SMALL, "--budget", 128, "--block", 64, "--max-tokens", 6, "--policy", "focus")
QUESTION = "What is the secret password?"
BEGUN = 10  # batches, which llama.cpp logs: some that see what it can do, and some of the document
# The command, killed at a moment that is the same on every machine: while the file of a snapshot
# grows beyond some bytes, or before or after one gets its name. Its clock is a second further
# whenever it is looked at, so that a snapshot is written as soon as there may be one.
KILLED = """
import itertools, os, resource, signal, sys, time
moment, number = sys.argv.pop(1), int(sys.argv.pop(1))
time.perf_counter = itertools.count(0.0).__next__
named, replace = itertools.count(1), os.replace

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

def name(part, path):
    chosen = str(path).endswith(".snapshot") and next(named) == number
    if chosen and moment == "before":
        kill()
    replace(part, path)
    if chosen and moment == "after":
        kill()

os.replace = name
if moment == "within":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (number, number))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
from keydiff_cli.__main__ import main
main()
"""


@pytest.mark.skipif(not POSIX, reason="needs signals, and limits of a process")
def test_killed_at_any_moment_it_goes_on_and_gives_the_same_answer(
    keydiff: Keydiff, tmp_path: Path
) -> None:
    document = tmp_path / "story.txt"
    document.write_text(story(lines=18))
    words = (*BOUNDS, document, QUESTION)
    whole = keydiff.report("--no-cache", *words)
    store = Store(keydiff.cache, 10**9, pytest.fail)  # which would tell of a damaged one
    read = []
    for moment, number in (("within", 1_000_000), ("after", 1), ("before", 1), ("after", 1)):
        process = start(
            moment, number, "ask", "--json", *words,
            command=(sys.executable, "-c", KILLED),
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


def test_two_at_once_do_not_disturb_each_other(keydiff: Keydiff, tmp_path: Path) -> None:
    """A process that has begun to read, and this one."""
    document = tmp_path / "story.txt"
    document.write_text(story())
    words = (*BOUNDS, "--threads", 1, document, QUESTION)
    process = start(
        "ask", "--json", "--verbose", *words, models=keydiff.models, variables=keydiff.variables
    )
    assert process.stderr is not None
    batches = (line for line in process.stderr if b"set_abort_callback" in line)
    assert len(list(islice(batches, BEGUN))) == BEGUN
    here = keydiff.report(*words)
    there = json.loads(finish(process).out)
    assert process.returncode == 0
    assert here["cache"]["policy"] == there["cache"]["policy"] == "focus"
    assert here["answer"] == there["answer"]
    assert there["tokens"]["reused"] == 0
    assert len(keydiff.snapshots()) == 1
    assert keydiff.report(*words)["answer"] == here["answer"]
