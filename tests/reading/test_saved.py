"""What was read, in a file of the user's: saved, and taken up elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import story

from keydiff_cli.errors import DocumentError, UsageError
from keydiff_cli.planning.footprint import Footprint, measure
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import DocumentRecord
from keydiff_cli.settings.config import Settings
from keydiff_cli.snapshots import SnapshotFile

QUESTION = "What is the secret password of the harbour?"
BUDGET = 256


def held(reader: Reader) -> list[set[int]]:
    """The tokens that each head holds."""
    assert reader.cache is not None
    return [set(row[row >= 0].tolist()) for origin in reader.cache.origin for row in origin]


@dataclass(frozen=True)
class Saved:
    """A file, and what the reader knew that has written it."""

    path: Path
    settings: Settings
    answer: str
    held: list[set[int]]
    documents: tuple[DocumentRecord, ...]


@pytest.fixture(scope="module")
def saved(tiny_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    folder = tmp_path_factory.mktemp("saved")
    settings = Settings(
        model=str(tiny_path),
        budget=BUDGET,
        block=64,
        max_tokens=10,
        conversation=256,
        threads=2,
        cache=False,
        cache_dir=str(folder / "cache"),
        archive="off",
    )
    document, path = folder / "story.txt", folder / "story.keydiff"
    document.write_text(story(lines=20))
    with Reader(settings) as reader:
        reader.read([document])
        kept, documents = held(reader), reader.report.documents
        answer = reader.ask(QUESTION)
        assert reader.report.model is not None
        assert reader.report.model.sha256 is None
        reader.save(path)
        assert len(reader.report.model.sha256 or "") == 64
        with pytest.raises(OSError, match="No such file"):
            reader.save(folder / "missing" / "x")
        list(reader.stream(QUESTION, rewind=False))
        with pytest.raises(UsageError, match="a conversation has begun: save what was read"):
            reader.save(folder / "never-written")
    assert sorted(file.name for file in folder.iterdir()) == ["story.keydiff", "story.txt"]
    document.unlink()  # it is not needed any more
    return Saved(path, settings, answer, kept, documents)


@pytest.fixture
def other(saved: Saved) -> Settings:
    """Settings that know nothing of those of the file."""
    return replace(saved.settings, budget=None, block=128, policy="window")


def test_what_was_read_is_taken_up(saved: Saved, other: Settings, tmp_path: Path) -> None:
    again = tmp_path / "again.keydiff"
    with Reader(other) as reader:
        reader.load(saved.path)
        settings = reader.settings
        assert (settings.policy, settings.budget, settings.block) == ("keydiff-prerope", BUDGET, 64)
        assert held(reader) == saved.held
        assert reader.ask(QUESTION) == saved.answer
        tokens = reader.report.tokens
        assert 0 < tokens.reused == tokens.document
        assert tokens.kept == BUDGET
        assert reader.report.documents == saved.documents
        assert reader.report.stop_reason in ("eos", "length")
        assert "BLUE HERON" in reader.corpus.text(0, reader.corpus.tokens)
        assert not reader.held.intact
        reader.save(again)
        before = held(reader)
        reader.load(again)
        assert held(reader) == before
        assert reader.ask(QUESTION) == saved.answer
        assert reader.report.documents == saved.documents
        with pytest.raises(DocumentError, match="No such file"):
            reader.load(tmp_path / "missing")
        assert reader.ask(QUESTION) == saved.answer
        reader.reread()
        assert reader.ask(QUESTION) == saved.answer
    with SnapshotFile(again) as file:
        assert len(file.array("tokens")) == file.description["tokens"]
        json.dumps(file.description)


def test_memory_is_planned_for_what_is_loaded(
    saved: Saved, other: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And for the threads, each of which copies a layer that is elsewhere."""
    asked = []

    def measured(*given: Any, **options: Any) -> Footprint:
        asked.append((options["load"], options["threads"]))
        return measure(*given, **options)

    monkeypatch.setattr("keydiff_cli.planning.planner.measure", measured)
    with Reader(replace(other, threads=2)) as reader:
        reader.load(saved.path)
        assert asked == [(True, 2)]
        reader.read([])
        assert asked[1:] == [(False, 2)]


def test_a_file_that_will_not_do_changes_nothing(
    saved: Saved, other: Settings, tmp_path: Path
) -> None:
    with Reader(replace(other, system="Be brief.")) as wrong:
        settings = wrong.settings
        with pytest.raises(UsageError, match="of another system prompt"):
            wrong.load(saved.path)
        with pytest.raises(DocumentError, match="No such file"):
            wrong.load(tmp_path / "missing")
        damaged = tmp_path / "damaged"
        data = bytearray(saved.path.read_bytes())
        data[-1] ^= 1
        damaged.write_bytes(data)
        with pytest.raises(DocumentError, match="cannot be used: its checksum"):
            wrong.load(damaged)
        assert wrong.settings == settings
        assert wrong.cache is None


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"keydiff": "0.0"}, UsageError, "of another version of keydiff; read the document again"),
        ({"model": "0" * 64}, UsageError, "of another model"),
        ({"longest": 1}, UsageError, "of a text of another length; read it again"),
        ({"policy_version": "0"}, UsageError, "of another version of its policy"),
        ({"block": -1}, UsageError, "block"),
        ({"policy": None}, DocumentError, "cannot be used"),
        ({"head": "..."}, UsageError, "of another system prompt"),
    ],
)
def test_a_key_that_does_not_fit_is_told(
    saved: Saved,
    other: Settings,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    real = SnapshotFile.__init__

    def init(file: SnapshotFile, path: Path) -> None:
        real(file, path)
        file.description["key"].update(change)

    monkeypatch.setattr(SnapshotFile, "__init__", init)
    with Reader(other) as reader:
        with pytest.raises(error, match=message):
            reader.load(saved.path)
        assert reader.cache is None
