"""Rows of a layer that fails while they come back for a question, or go again after its answer."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from archived_readings import QUESTION, Heard, same, settings_for, state, write

from keydiff_cli.cache import LostRowsError
from keydiff_cli.cache.access import Layer
from keydiff_cli.errors import UsageError
from keydiff_cli.llama import LlamaError
from keydiff_cli.reading.reader import Reader

GONE = LlamaError("the device is gone")


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return write(tmp_path)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def reader(tiny_path: Path, tmp_path: Path, heard: Heard) -> Iterator[Reader]:
    with Reader(settings_for(tiny_path, tmp_path), heard) as reader:
        yield reader


def fail(
    monkeypatch: pytest.MonkeyPatch,
    *calls: int,
    error: Exception = GONE,
    interrupted: bool = False,
) -> None:
    """Have exchanges of the rows of a layer fail, by their numbers among all of them.

    ``interrupted`` has Ctrl-C come at the same time.
    """
    real, done = Layer.exchange, count()

    def exchange(*given: Any) -> Any:
        if next(done) not in calls:
            return real(*given)
        if interrupted:
            signal.raise_signal(signal.SIGINT)
        raise error

    monkeypatch.setattr(Layer, "exchange", exchange)


@pytest.mark.parametrize(
    ("error", "why"), [(GONE, "the device is gone"), (MemoryError(), "out of memory")]
)
def test_where_a_layer_fails_an_answer_rests_on_what_is_kept(
    reader: Reader,
    heard: Heard,
    document: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    why: str,
) -> None:
    reader.read([document])
    before = state(reader)
    fail(monkeypatch, 1, error=error)
    for _ in range(2):
        assert reader.ask(QUESTION)
        assert reader.report.recall.tokens == 0
    same(before, state(reader))
    said = [warning for warning in heard.warnings if warning.startswith("nothing is recalled")]
    assert said == [f"nothing is recalled: {why}; answers rest on what is kept"]


@pytest.mark.parametrize("interrupted", [False, True])
def test_where_rows_cannot_go_again_nothing_is_answered_any_more(
    reader: Reader, document: Path, monkeypatch: pytest.MonkeyPatch, interrupted: bool
) -> None:
    """Ctrl-C does not hide it."""
    reader.read([document])
    answer = reader.ask(QUESTION)
    assert reader.report.recall.tokens > 0
    layers = len(reader.held.cache.rows.heads)
    fail(monkeypatch, layers + 1, interrupted=interrupted)
    with pytest.raises(LostRowsError, match="has to be read again: the device is gone"):
        reader.ask(QUESTION)
    with pytest.raises(UsageError, match="read a document first"):
        reader.ask(QUESTION)
    reader.read([document])
    assert reader.ask(QUESTION) == answer


@pytest.mark.parametrize("interrupted", [False, True])
def test_what_is_lost_while_more_is_read_is_not_kept(
    reader: Reader, document: Path, monkeypatch: pytest.MonkeyPatch, interrupted: bool
) -> None:
    monkeypatch.setattr("keydiff_cli.snapshots.pace.SHARE", 1e-9)  # no snapshot meanwhile
    reader.read([document], stepwise=True)
    for _ in range(6):
        assert reader.step()
    # The second layer, and undoing the exchange of the first one.
    fail(monkeypatch, 1, 2, interrupted=interrupted)
    with pytest.raises(LostRowsError):
        reader.ask(QUESTION)
    assert not reader.step()
    assert not list(Path(reader.settings.cache_dir or "").glob("*.snapshot"))
