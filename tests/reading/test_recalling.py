"""What was evicted comes back from the archive for a question."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from archived_readings import QUESTION, Heard, Stop, archives, same, settings_for, state, write

from keydiff_cli.reading.reader import Reader
from keydiff_cli.settings.config import Settings
from keydiff_cli.talk.conversation import Conversation


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return write(tmp_path)


@pytest.fixture
def settings(tiny_path: Path, tmp_path: Path) -> Settings:
    return settings_for(tiny_path, tmp_path)


@pytest.fixture(scope="module")
def read_before(tiny_path: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of what was read of the document, and the answer of the reader that did."""
    folder = tmp_path_factory.mktemp("read-before")
    settings = settings_for(tiny_path, folder)
    with Reader(settings) as reader:
        reader.read([write(folder)])
        return Path(settings.cache_dir or ""), reader.ask(QUESTION)


@pytest.fixture
def first(
    read_before: tuple[Path, str], settings: Settings, document: Path
) -> Iterator[tuple[Reader, str]]:
    """A reader with the document from its snapshot, and the answer of the one that has read it."""
    shutil.copytree(read_before[0], settings.cache_dir or "")
    with Reader(settings) as reader:
        reader.read([document])
        yield reader, read_before[1]


def test_rows_come_back_and_leave_no_trace(
    first: tuple[Reader, str], settings: Settings, document: Path
) -> None:
    reader, answer = first
    before = state(reader)
    assert reader.ask(QUESTION) == answer
    assert reader.report.recall.tokens == 64
    assert reader.report.recall.seconds > 0
    (covered,) = reader.report.coverage
    assert covered.recalled == 64
    held = np.stack(before[1])
    mean = ((held >= reader.held.head) & (held < reader.held.end)).sum(axis=1).mean()
    assert covered.mean == pytest.approx(mean / covered.tokens, abs=0.0001)
    same(before, state(reader))
    stream = reader.stream(QUESTION)
    next(stream)
    assert reader.cache is not None
    now = np.concatenate(reader.cache.origin)
    kept = [set(tokens.tolist()) for tokens in before[1]]
    assert all(set(tokens.tolist()) - had for tokens, had in zip(now, kept, strict=True))
    stream.close()  # stopped before its end
    same(before, state(reader))
    with Reader(replace(settings, recall=0)) as plain:
        plain.read([document])
        plain.ask(QUESTION)
        assert plain.report.recall.tokens == 0
        same(before, state(plain))


def test_a_later_reader_recalls_the_same(
    first: tuple[Reader, str], settings: Settings, document: Path
) -> None:
    before = state(first[0])
    heard = Heard()
    with Reader(settings, heard) as reader:
        reader.read([document])
        assert heard.notes == ["read before: all of it"]
        same(before, state(reader))
        assert reader.ask(QUESTION) == first[1]
        assert reader.report.recall.tokens == 64
    assert heard.warnings == [
        "the answer stopped after 8 tokens; it may be incomplete: max_tokens=16 lets it be longer"
    ]
    assert len(archives(settings)) == 1
    heard = Heard()
    with Reader(replace(settings, archive="off"), heard) as reader:
        reader.read([document])
        assert heard.notes[0] == "read before: all of it"
        same(before, state(reader))
        assert reader.ask(QUESTION)
        assert reader.report.recall.tokens == 0


def test_an_archive_of_another_form_is_made_beside(
    first: tuple[Reader, str], settings: Settings, document: Path
) -> None:
    """Rows come back from half the bytes; from keys alone nothing does, but they can be scored."""
    sizes = [path.stat().st_size for path in archives(settings)]
    for changes, part, recalled in (
        ({"archive_type": "q8_0"}, 17 / 32, 64),
        ({"archive": "keys"}, 1 / 2, 0),
    ):
        before, heard = set(archives(settings)), Heard()
        with Reader(replace(settings, **changes), heard) as reader:
            reader.read([document])
            assert heard.notes == []
            same(state(first[0]), state(reader))
            kept = state(reader)
            assert reader.ask(QUESTION)
            same(kept, state(reader))
            assert reader.report.recall.tokens == recalled
            assert reader.report.recall.seconds > 0
        (path,) = set(archives(settings)) - before
        assert path.stat().st_size == pytest.approx(part * sizes[0], rel=0.01)
    heard = Heard()
    with Reader(settings, heard) as reader:
        reader.read([document])
        assert heard.notes == ["read before: all of it"]
        assert reader.ask(QUESTION) == first[1]


def test_nothing_is_left_of_an_archive_that_is_not_kept(
    first: tuple[Reader, str], settings: Settings, document: Path, tmp_path: Path
) -> None:
    unkept = replace(settings, cache=False, cache_dir=str(tmp_path / "none"))
    with Reader(unkept) as reader:
        reader.read([document])
        assert reader.ask(QUESTION) == first[1]
        assert reader.report.recall.tokens == 64
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("damage", ["short", "changed"])
def test_without_its_archive_a_snapshot_answers_and_says_so(
    first: tuple[Reader, str], settings: Settings, document: Path, damage: str
) -> None:
    (archive,) = archives(settings)
    data = bytearray(archive.read_bytes())
    data[2000] ^= 1  # of the keys of the first layer
    archive.write_bytes(data if damage == "changed" else data[:-100])
    heard = Heard()
    with Reader(settings, heard) as reader:
        reader.read([document])
        assert reader.ask(QUESTION)
        assert reader.report.recall.tokens == 0
        assert reader.ask(QUESTION)
    said = [warning for warning in heard.warnings if "answers rest on what is kept" in warning]
    assert len(said) == 1
    assert not archive.exists()  # it was set aside
    check_answers_without(settings, document)


def check_answers_without(settings: Settings, document: Path) -> None:
    """A later reading takes up what is kept, and says what it lacks."""
    heard = Heard()
    with Reader(settings, heard) as reader:
        reader.read([document])
        assert heard.notes == ["read before: all of it"]
        assert reader.ask(QUESTION)
        assert reader.report.recall.tokens == 0
    assert [warning for warning in heard.warnings if "archive" in warning]
    assert archives(settings) == []


@pytest.mark.usefixtures("first")
def test_what_has_lost_its_archive_need_not_be_read_anew(
    settings: Settings, document: Path
) -> None:
    (archive,) = archives(settings)
    archive.unlink()
    check_answers_without(settings, document)


def test_an_archive_that_grows_too_large_ends_and_says_so(
    settings: Settings, document: Path
) -> None:
    heard = Heard()
    with Reader(replace(settings, cache_size=10**6), heard) as reader:
        reader.read([document])
        assert reader.ask(QUESTION)
        assert reader.report.recall.tokens == 0
    (warning, _) = heard.warnings
    assert "more than cache_size allows" in warning
    assert archives(settings) == []
    (snapshot,) = Path(settings.cache_dir or "").glob("*.snapshot")
    assert snapshot.stat().st_size < 10**6
    check_answers_without(settings, document)


def test_an_archive_that_no_snapshot_names_goes(
    settings: Settings, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keydiff_cli.snapshots.pace.SHARE", 1e-9)  # no snapshot meanwhile
    with Reader(settings, Stop(6)) as reader, pytest.raises(KeyboardInterrupt):
        reader.read([document])
    assert archives(settings) == []


def test_an_interrupted_reading_goes_on_with_its_archive(
    first: tuple[Reader, str],
    settings: Settings,
    document: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("keydiff_cli.snapshots.pace.SHARE", 1e9)  # a snapshot after each block
    interrupted = replace(settings, cache_dir=str(tmp_path / "interrupted"))
    with Reader(interrupted, Stop(6)) as reader, pytest.raises(KeyboardInterrupt):
        reader.read([document])
    assert len(archives(interrupted)) == 1
    heard = Heard()
    with Reader(interrupted, heard) as reader:
        reader.read([document])
        assert heard.notes[0].startswith("read before: the first")
        assert reader.ask(QUESTION) == first[1]
        assert reader.report.recall.tokens == 64
    assert len(archives(interrupted)) == 2


def test_what_was_intact_is_archived_when_more_is_read(settings: Settings, document: Path) -> None:
    settings = replace(settings, budget=1280)
    whole = document.read_text()
    lines = whole.splitlines(keepends=True)
    document.write_text("".join(lines[: 2 * len(lines) // 3]))
    with Reader(settings) as reader:
        reader.read([document])
        assert reader.held.intact
        assert archives(settings) == []
    document.write_text(whole)
    heard = Heard()
    with Reader(settings, heard) as reader:
        reader.read([document])
        assert heard.notes[0].startswith("read before: the first")
        assert not reader.held.intact
        answer = reader.ask(QUESTION)
        assert reader.report.recall.tokens == 64
        tokens = reader.report.tokens.document
    (archive,) = archives(settings)
    assert archive.stat().st_size > tokens * 1_024  # bytes of a token
    with Reader(settings) as reader:
        reader.read([document])
        assert reader.ask(QUESTION) == answer


def test_each_turn_of_a_conversation_recalls(first: tuple[Reader, str]) -> None:
    reader, _ = first
    before = state(reader)
    conversation = Conversation(reader)
    for question in (QUESTION, "And what was painted?"):
        assert "".join(conversation.say(question))
        assert reader.report.recall.tokens == 64
    conversation.clear()
    same(before, state(reader))
