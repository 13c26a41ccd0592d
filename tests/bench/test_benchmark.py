"""A benchmark from its texts to its summary, and summaries of files; nothing is computed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from bench_helpers import NEEDLES, record
from fake_model import FakeModel

from keydiff_cli.bench import benchmark
from keydiff_cli.bench.bench_events import BenchEvents
from keydiff_cli.bench.benchmark import Bench
from keydiff_cli.bench.contenders import Contender, parse_contenders
from keydiff_cli.bench.records import Records
from keydiff_cli.bench.samples import Question, Text
from keydiff_cli.bench.summary import depth_grid, rounded, summarise
from keydiff_cli.bench.trials import Conditions
from keydiff_cli.errors import UsageError
from keydiff_cli.models import LocatedModel
from keydiff_cli.settings.config import Settings
from keydiff_cli.version import __version__

SETTINGS = Settings(block=64, threads=3, kv_type="q8_0", max_tokens=9)


@dataclass
class FakeRunner:
    """Answers every question of every text wrongly, without a model.

    Attributes
    ----------
    made
        The options of each runner.
    stop
        Whether it is interrupted after the first answer.
    """

    model: FakeModel
    options: Conditions
    score: object
    records: Records
    events: BenchEvents

    made: list[Conditions]
    stop: bool = False

    def run(self, texts: Iterable[Text], contenders: Sequence[Contender]) -> None:
        self.made.append(self.options)
        assert FakeModel.opened == 1
        for text in texts:
            for contender in contenders:
                budget = contender.tokens(text.length or 0)
                for question in text.questions:
                    answer = record(question.id, contender.policy, 0.0)
                    self.records.add({**answer, "budget": budget, "length": text.length})
                    if self.stop:
                        raise KeyboardInterrupt


@dataclass
class Fakes:
    """What takes the place of a model and of running it."""

    located: LocatedModel
    made: list[Conditions]
    stop: bool = False

    def runner(self, *given: Any) -> FakeRunner:
        return FakeRunner(*given, self.made, self.stop)


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Fakes:
    fakes = Fakes(LocatedModel("fake", tmp_path / "fake.gguf", 1, "0" * 64, None), [])
    monkeypatch.setattr(benchmark, "locate_model", lambda settings, events: fakes.located)
    monkeypatch.setattr(benchmark, "Model", FakeModel)
    monkeypatch.setattr(benchmark, "Runner", fakes.runner)
    monkeypatch.setattr(FakeModel, "opened", 0)
    return fakes


def make(count: Any) -> list[Text]:
    """Two texts; their lengths are what the function that counts tokens says."""
    return [
        Text(name, "vt", count("word " * size), "", (Question(name, "Why?", ("so",)),))
        for name, size in (("long", 20), ("short", 4))
    ]


BENCH = Bench("vt", {"seed": 5}, make, lambda *_: 0.0, read_for="Who?", once=True)


def run(tmp_path: Path, settings: Settings = SETTINGS, bench: Bench = BENCH) -> dict[str, Any]:
    contenders = parse_contenders(["window", "full"], ["1/4", "10"])
    return benchmark.run(bench, settings, contenders, tmp_path / "vt.jsonl", BenchEvents())


def test_a_run_is_recorded_and_summarised(fakes: Fakes, tmp_path: Path) -> None:
    summary = run(tmp_path)
    assert fakes.made == [Conditions(64, 3, "q8_0", 9, "Who?", True)]
    assert FakeModel.opened == 0
    header, *records = map(json.loads, (tmp_path / "vt.jsonl").read_text().splitlines())
    assert header == summary["header"]
    assert len(records) == 2 * 3
    rows = [(row["length"], row["policy"], row["budget"]) for row in summary["results"]]
    assert rows == [  # by length, then as the policies were given, then from the largest budget
        (20, "window", 10), (20, "window", 5), (20, "full", None),
        (100, "window", 25), (100, "window", 10), (100, "full", None),
    ]  # fmt: skip
    assert (summary["grid"], summary["outdated"]) == ([], 0)
    assert summary["machine"]["threads"] == 3
    run(tmp_path, replace(SETTINGS, threads=None))
    assert fakes.made[1].threads >= 1


def test_the_header_says_what_the_records_depend_on(fakes: Fakes, tmp_path: Path) -> None:
    header = dict(run(tmp_path)["header"])
    assert header.pop("llama_cpp_python")
    assert header == {
        "bench": "vt", "keydiff": __version__, "seed": 5, "read_for": "Who?", "once": True,
        "model": "fake", "sha256": "0" * 64, "block": 64, "kv_type": "q8_0", "max_tokens": 9,
        "positions": "capped", "compact_at": 1.0, "compact_to": 0.5,
        "gpu_layers": SETTINGS.gpu_layers, "device": SETTINGS.device, "rpc": SETTINGS.rpc,
    }  # fmt: skip
    with pytest.raises(UsageError, match="begun with another"):
        run(tmp_path, bench=replace(BENCH, read_for=None))
    with pytest.raises(UsageError, match="begun with another model"):
        fakes.located = replace(fakes.located, sha256="1" * 64)
        run(tmp_path)
    assert len(fakes.made) == 1


def test_the_checksum_of_a_model_is_computed_if_it_is_not_known(
    fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark.models, "checksum", lambda path, folder: f"of {path.name}")
    fakes.located = replace(fakes.located, sha256=None)
    assert run(tmp_path)["header"]["sha256"] == "of fake.gguf"


def test_a_run_that_is_stopped_leaves_its_records_and_nothing_open(
    fakes: Fakes, tmp_path: Path
) -> None:
    fakes.stop = True
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path)
    assert FakeModel.opened == 0
    assert [path.name for path in tmp_path.iterdir()] == ["vt.jsonl"]  # and no lock
    assert len((tmp_path / "vt.jsonl").read_text().splitlines()) == 2


def test_the_file_of_a_summary_has_its_rates_rounded(tmp_path: Path) -> None:
    results = {"results": summarise(NEEDLES), "grid": depth_grid(NEEDLES), "outdated": 0}
    out = tmp_path / "needle.jsonl"
    summary = benchmark.write_summary(out, {"bench": "é"}, 3, results)
    (path,) = tmp_path.iterdir()
    assert path == benchmark.summary_path(out) == tmp_path / "needle.summary.json"
    assert summary["results"] == results["results"]  # as they are
    assert summary["machine"]["threads"] == 3
    assert summary["machine"]["cores"] >= 1
    text = path.read_bytes().decode("ascii")
    assert text.endswith("}\n")
    shown = json.loads(text)
    assert shown == json.loads(json.dumps(rounded(summary)))
    assert shown != json.loads(json.dumps(summary))


@pytest.mark.parametrize(
    ("name", "summary"),
    [
        ("a.jsonl", "a.summary.json"),
        ("a.b.jsonl", "a.b.summary.json"),
        ("a.json", "a.json.summary.json"),
        ("a", "a.summary.json"),
    ],
)
def test_a_summary_is_beside_its_records(name: str, summary: str) -> None:
    assert benchmark.summary_path(Path("out") / name) == Path("out") / summary


# Showing files --------------------------------------------------------------------------------


def written(path: Path, *records: dict[str, object]) -> Path:
    lines = [{"bench": "ruler"}, *records]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_rows_are_shown_by_task_and_length_and_in_the_order_of_the_policies(
    tmp_path: Path,
) -> None:
    def answer(task: str, length: int, policy: str, budget: int | None) -> dict[str, object]:
        given = record(f"{task}-{length}", policy, 1.0)
        return {**given, "task": task, "length": length, "budget": budget}

    first = written(
        tmp_path / "a.jsonl",
        answer("vt", 512, "other", 64),
        answer("vt", 512, "window", 64),
        answer("vt", 512, "keydiff", 64),
        answer("vt", 512, "keydiff", 128),
        answer("vt", 256, "full", None),
    )
    second = written(tmp_path / "b.jsonl", answer("cwe", 256, "full", None))
    shown = benchmark.show([first, second])
    rows = [(row["task"], row["length"], row["policy"], row["budget"]) for row in shown["results"]]
    assert rows[:6] == [
        ("vt", 256, "full", None),
        ("vt", 512, "keydiff", 128),
        ("vt", 512, "keydiff", 64),
        ("vt", 512, "window", 64),
        ("vt", 512, "other", 64),  # of another package
        ("cwe", 256, "full", None),
    ]
    assert ("all", 256, "full", None) in rows[6:]
    assert shown["headers"] == [{"bench": "ruler"}] * 2
    assert shown["grid"] == []
    assert shown["outdated"] == 0


def test_files_without_answers_are_told_of(tmp_path: Path) -> None:
    paths = [written(tmp_path / name) for name in ("a.jsonl", "b.jsonl")]
    with pytest.raises(UsageError, match=r"a\.jsonl, .*b\.jsonl: no answers yet; run the bench"):
        benchmark.show(paths)
