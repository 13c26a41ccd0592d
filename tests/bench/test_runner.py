"""The runner of the benchmarks, with the small model."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from keydiff_cli.bench.bench_events import BenchEvents
from keydiff_cli.bench.contenders import Contender
from keydiff_cli.bench.records import Records
from keydiff_cli.bench.runner import Runner
from keydiff_cli.bench.samples import Question, Text
from keydiff_cli.bench.trials import Conditions
from keydiff_cli.llama import Model


class Warned(BenchEvents):
    """What a run warns of, and how far it says that it is."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.progress: list[tuple[int, int]] = []

    def warning(self, text: str) -> None:
        self.said.append(text)

    def finished_sample(self, name: str, done: int, total: int) -> None:
        self.progress.append((done, total))


def run(
    model: Model, path: Path, texts: Sequence[Text], contenders: Sequence[Contender]
) -> tuple[list[dict[str, Any]], Warned]:
    """The records of a run with answers of a token, and what it told."""
    events = Warned()
    with closing(Records(path, {"bench": "vt"})) as records:
        options = Conditions(block=64, threads=1, kv_type="f16", max_tokens=1)
        Runner(model, options, lambda *_: 1.0, records, events).run(texts, contenders)
        return records.all, events


@pytest.mark.model
def test_texts_longer_than_the_model_was_made_for(
    small_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_model, "longest_text", lambda cells: 64)
    texts = [
        Text(f"{i}", "vt", length, " ".join(["word"] * length), (Question(f"{i}", "?", ("x",)),))
        for i, length in enumerate((8, 60, 60, 61))
    ]
    records, events = run(small_model, tmp_path / "a.jsonl", texts, [Contender("window", 16)])
    assert (len(records), events.said) == (4, []), "rows of what is kept move"
    records, events = run(small_model, tmp_path / "b.jsonl", texts, [Contender("full", None)])
    assert len(records) == 4
    assert [
        said.partition(" are longer than the 64 that the model was made for; ")[0]
        for said in events.said
    ] == ["texts of 60 tokens", "texts of 61 tokens"]


@pytest.mark.model
def test_progress_ends_at_its_total_when_a_budget_is_given_twice(
    small_model: Model, tmp_path: Path
) -> None:
    text = Text("a", "vt", 64, " ".join(["word"] * 64), (Question("a", "?", ("x",)),))
    quarter = Fraction(1, 4)
    contenders = [Contender("window", quarter), Contender("full", None), Contender("window", 16)]
    records, events = run(small_model, tmp_path / "vt.jsonl", [text], contenders)
    assert [record["part"] for record in records if record["policy"] == "window"] == ["1/4"]
    assert events.progress == [(1, 2), (2, 2)]
