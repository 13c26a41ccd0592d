"""Documents that are held: they stay, and what is known of them does, too."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fake_model import FakeModel
from scripted_cache import FakeCache
from text_helpers import PlainBytes, read_corpus

from keydiff_cli.engine.ingest import read_head
from keydiff_cli.policies import POLICIES
from keydiff_cli.reading.held import Held, hold_documents
from keydiff_cli.reading.preparation import Prepared
from keydiff_cli.reading.recorder import Recorder
from keydiff_cli.reading.run import Run
from keydiff_cli.report import Events, ModelIdentity
from keydiff_cli.settings.config import Settings
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.prompts import Asked, Prompt

INTRODUCTION = "Document: text.txt\n\n"
HEAD, QUESTION, TEXT = 6, 5, 40  # tokens, those of the introduction among those of the text
TOTAL = HEAD + TEXT + QUESTION
PREPARED = Prepared(
    model=ModelIdentity("fake", "fake.gguf", None, "fake", 4096, 0),
    policy=POLICIES["keydiff"],
    question=None,
    prompt=Prompt("", "\n", "\n"),
    head=np.zeros(HEAD, np.int32),
    asked=Asked(np.zeros(QUESTION, np.int32), 0),
)
KEY: Any = SimpleNamespace(name="a key")
LABEL: Any = SimpleNamespace(name="a label")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(Events())


@pytest.fixture
def cache() -> FakeCache:
    """A cache that holds the head and the document."""
    cache = FakeCache(FakeModel(), cells=256, batch=64)
    read_head(cache, PREPARED.head, 64)  # type: ignore[arg-type]
    cache.append(np.ones(TEXT, np.int32))
    return cache


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    path = tmp_path / "text.txt"
    path.write_text("x" * (TEXT - len(INTRODUCTION)))
    return read_corpus(PlainBytes(), path)


def hold(
    recorder: Recorder, cache: Any, corpus: Corpus, stack: ExitStack | None = None, **options: Any
) -> Held:
    run = Run(Settings(), recorder, stack or ExitStack())
    return hold_documents(run, PREPARED, cache, corpus, KEY, LABEL, process=7, **options)


def test_what_was_read_is_held_and_known(
    recorder: Recorder, cache: FakeCache, corpus: Corpus
) -> None:
    assert recorder.report.stop_reason == "interrupted"
    held = hold(recorder, cache, corpus)
    assert cache.pinned == [(0, HEAD + TEXT, HEAD + TEXT)]
    assert (held.head, held.end, held.intact) == (HEAD, HEAD + TEXT, True)
    assert (held.process, held.problem) == (7, "")
    assert (held.key, held.label) == (KEY, LABEL)
    assert (held.model, held.prompt) == (PREPARED.model, PREPARED.prompt)
    assert held.cache is cache  # type: ignore[comparison-overlap]
    assert held.corpus is corpus
    assert recorder.report.stop_reason == "read"
    assert recorder.report.warnings == ()
    assert hold(recorder, cache, corpus, problem="No space").problem == "No space"


def test_what_was_evicted_is_known_and_later_evictions_change_nothing_of_it(
    recorder: Recorder, cache: FakeCache, corpus: Corpus
) -> None:
    cache.evict(HEAD + 30, POLICIES["keydiff"])
    held = hold(recorder, cache, corpus)
    assert (held.end, held.intact) == (HEAD + TEXT, False)
    assert cache.pinned == [(0, HEAD + TEXT, HEAD + 30)]
    assert (held.times.score, held.times.move) == (0.25, 0.5)
    cache.append(np.ones(10, np.int32))
    cache.evict(HEAD + 35, POLICIES["keydiff"])
    assert cache.times.score > 0.25
    assert (held.times.score, held.times.move) == (0.25, 0.5)


@pytest.mark.parametrize(
    ("longest", "warned"), [(TOTAL - 1, True), (TOTAL, False), (0, False)], ids=str
)
def test_a_text_longer_than_the_model_was_made_for_is_warned_about(
    recorder: Recorder,
    cache: FakeCache,
    corpus: Corpus,
    monkeypatch: pytest.MonkeyPatch,
    longest: int,
    warned: bool,
) -> None:
    """Prompt and question count, too; 0 stands for a model of which it is not known."""
    monkeypatch.setattr(FakeModel, "longest_text", lambda model, cells: longest)
    hold(recorder, cache, corpus)
    message = (
        f"{TOTAL} tokens are more than the {longest} that the model was made for; "
        "what it says of such a long text may be wrong"
    )
    assert recorder.report.warnings == ((message,) if warned else ())


@pytest.mark.parametrize("lacking", ["whole", "searched_only"])
def test_a_part_of_the_documents_is_not_intact_though_nothing_was_evicted(
    recorder: Recorder, cache: FakeCache, corpus: Corpus, lacking: str
) -> None:
    assert hold(recorder, cache, corpus).intact
    assert not hold(recorder, cache, corpus, **{lacking: lacking == "searched_only"}).intact


def test_what_is_looked_up_is_closed_with_the_run(
    recorder: Recorder, cache: FakeCache, corpus: Corpus
) -> None:
    with ExitStack() as stack:
        held = hold(recorder, cache, corpus, stack=stack)
        assert held.second_look.find("document", "", None, 200).looks
        assert recorder.report.warnings == ()
    assert held.second_look.find("document", "", None, 200).looks == ()
    (warning,) = recorder.report.warnings
    assert "the text cannot be searched" in warning
