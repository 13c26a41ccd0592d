"""The model stays open from one reading to the next, as long as it is the same."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from archived_readings import QUESTION, settings_for, write
from fake_model import FakeLlama, FakeModel, install

from keydiff_cli.errors import KeydiffError, UsageError
from keydiff_cli.planning.footprint import Footprint
from keydiff_cli.reading.reader import Reader
from keydiff_cli.settings.config import Settings


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeLlama:
    return install(monkeypatch, tmp_path)


def test_a_second_reading_loads_nothing(fake: FakeLlama, tmp_path: Path) -> None:
    texts = [tmp_path / name for name in ("a.txt", "b.txt")]
    for text in texts:
        text.write_text(text.name * 200)
    with Reader(Settings(cache=False, archive="off", budget=256, block=64)) as reader:
        for text in texts:
            reader.read([text])
            assert reader.corpus.documents[0].name == text.name
            assert (fake.loads, fake.sketches, FakeModel.opened) == (1, 1, 1)
        with pytest.raises(KeydiffError):
            reader.read([tmp_path / "missing.txt"])
        reader.read(texts)
        assert (fake.loads, FakeModel.opened) == (1, 1)
        reader.read([texts[0]], quick=True)
        assert (fake.loads, FakeModel.opened) == (1, 1)
        reader.read([texts[0]], settings=replace(reader.settings, gpu_layers="1"))
        assert (fake.loads, fake.sketches, FakeModel.opened) == (2, 2, 1)
        reader.close()
        assert FakeModel.opened == 0
        reader.read([texts[0]])
        assert (fake.loads, FakeModel.opened) == (3, 1)
    assert FakeModel.opened == 0


def test_a_file_that_changed_is_loaded_again(fake: FakeLlama, tmp_path: Path) -> None:
    model = fake.located.path
    model.write_bytes(b"one")
    with Reader(Settings(cache=False)) as reader:
        reader.read([])
        model.write_bytes(b"another")
        reader.read([])
        assert (fake.loads, FakeModel.opened) == (2, 1)


def test_answers_and_plans_are_those_of_a_fresh_reader(tiny_path: Path, tmp_path: Path) -> None:
    """By a real model, whose cache is as large as it was planned the first time."""
    settings = replace(settings_for(tiny_path, tmp_path), cache=False)
    first, second = (write(tmp_path), tmp_path / "other.txt")
    second.write_text("Nothing happened in the harbour. " * 60)
    with Reader(settings) as reader:
        reader.read([first])
        kept = reader.held.cache.context.model
        reader.read([second])
        assert reader.held.cache.context.model is kept
        answer, plan = reader.ask(QUESTION), reader.report.memory_bytes.planned
    with Reader(settings) as fresh:
        fresh.read([second])
        assert fresh.ask(QUESTION) == answer
        afresh = fresh.report.memory_bytes.planned
    assert plan is not None
    assert afresh is not None
    assert abs(afresh - plan) < 32 * 2**20  # of the process, which is as it was before the first


def test_a_model_that_was_replaced_on_disk_is_noticed(tiny_path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "model.gguf"
    shutil.copy(tiny_path, copy)
    with Reader(replace(settings_for(copy, tmp_path), cache=False)) as reader:
        reader.read([write(tmp_path)])
        kept = reader.held.cache.context.model
        os.utime(copy, (1, 1))
        reader.read([write(tmp_path)])
        assert reader.held.cache.context.model is not kept
        assert reader.ask(QUESTION)


def test_what_was_read_stays_if_another_model_file_is_of_no_use(
    tiny_path: Path, tmp_path: Path
) -> None:
    """The file has changed, and what was saved is of another system prompt."""
    copy, saved = tmp_path / "model.gguf", tmp_path / "saved"
    shutil.copy(tiny_path, copy)
    settings = replace(settings_for(copy, tmp_path), cache=False)
    with Reader(replace(settings, system="Sing.")) as reader:
        reader.read([write(tmp_path)])
        reader.save(saved)
    with Reader(settings) as reader:
        reader.read([write(tmp_path)])
        answer = reader.ask(QUESTION)
        os.utime(copy, (1, 1))
        with pytest.raises(UsageError, match="system prompt"):
            reader.load(saved)
        assert reader.ask(QUESTION) == answer


def test_weights_that_are_loaded_already_are_planned_for_once(
    fake: FakeLlama, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the process took before the first reading is what all are planned by."""
    taken = iter((100, 7_000_000))
    kinds = []

    def measured(model: object, **_: object) -> Footprint:
        kinds.append(type(model))
        return replace(fake.footprint, process=next(taken))

    monkeypatch.setattr("keydiff_cli.planning.planner.measure", measured)
    text = tmp_path / "a.txt"
    text.write_text("a" * 50)
    with Reader(Settings(cache=False, archive="off")) as reader:
        plans = []
        for _ in range(2):
            reader.read([text])
            plans.append(reader.report.memory_bytes.planned)
    assert len(kinds) == 2
    assert plans[0] == plans[1]
