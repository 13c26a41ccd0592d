"""Questions about documents, without a model: what is read and asked, by which settings."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from keydiff_cli.bench import asking, ways
from keydiff_cli.bench.asked_documents import AskedDocument, AskedQuestion
from keydiff_cli.bench.asking import Asking
from keydiff_cli.bench.bench_events import BenchEvents
from keydiff_cli.bench.contenders import parse_contenders
from keydiff_cli.bench.exams import Judging
from keydiff_cli.bench.records import Record, Records
from keydiff_cli.bench.variants import parse_variants
from keydiff_cli.models import LocatedModel
from keydiff_cli.report import Events, RecallCounts, Report, Timing, TokenCounts
from keydiff_cli.settings.config import Settings
from keydiff_cli.text.places import Look

SETTINGS = Settings(recall=300, second_look=200, policy="window", budget=9, temperature=1.0)
QUESTIONS = (
    AskedQuestion("How many?", "5", "place"),
    AskedQuestion("Why?", "It is so because of that.", "place"),
)


@dataclass
class FakeReader:
    """Reads nothing, and says 5 to everything.

    Attributes
    ----------
    log
        What was read, and what was asked.
    stop
        Whether it is interrupted by the second question.
    """

    settings: Settings
    events: Events
    log: list[tuple[Any, ...]]
    stop: bool
    report: Report = field(default_factory=Report)
    reused: ClassVar[int] = 0  # tokens that an earlier run has read

    def __enter__(self) -> FakeReader:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def read(
        self, sources: list[Path], *, question: str | None, settings: Settings, quick: bool
    ) -> None:
        self.settings = settings
        self.log.append(
            ("read", sources[0].name, settings.policy, settings.budget, question, quick)
        )
        tokens = TokenCounts(document=800, reused=self.reused, kept=settings.budget or 800)
        self.report = Report(tokens=tokens, timing_s=Timing(ingest=2.0), quick=quick)
        self.events.warning("too long")

    def ask(self, question: str) -> str:
        settings = self.settings
        self.log.append(("ask", question, settings.recall, settings.second_look))
        if self.stop and question == "Why?":
            raise KeyboardInterrupt
        looks = (Look("a.txt", None, (3, 5), settings.second_look, "words"),)
        recalled = RecallCounts(settings.recall, 0.5)
        self.report = replace(
            self.report,
            stop_reason="eos",
            recall=recalled,
            second_look=looks if settings.second_look else (),
        )
        return "It is 5."


@dataclass
class Told(BenchEvents):
    """Keeps what it is told."""

    warnings: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)

    def warning(self, text: str) -> None:
        self.warnings.append(text)

    def finished_sample(self, what: str, done: int, total: int) -> None:
        self.finished.append(f"{done}/{total} {what}")


class Run:
    """Runs of one file of records, with what they have read and asked."""

    def __init__(self, folder: Path) -> None:
        self.out = folder / "qa.jsonl"
        self.log: list[tuple[Any, ...]] = []
        self.stop = False
        self.told = Told()
        self.documents = [
            AskedDocument(folder / name, name * 16, QUESTIONS) for name in ("a.txt", "b.txt")
        ]

    def __call__(self, policies: str, budgets: str, variants: str) -> list[Record]:
        contenders = parse_contenders(policies.split(), budgets.split())
        chosen = parse_variants(variants.split(), SETTINGS)
        self.log.clear()
        with closing(Records(self.out, {"bench": "qa"})) as records:
            Asking(SETTINGS, chosen, records, Judging(), self.told).run(self.documents, contenders)
            return records.all

    @property
    def read(self) -> list[tuple[Any, ...]]:
        return [entry[1:] for entry in self.log if entry[0] == "read"]

    @property
    def asked(self) -> list[tuple[Any, ...]]:
        return [entry[1:] for entry in self.log if entry[0] == "ask"]


class Sketch:
    """Stands for a model without weights."""

    def close(self) -> None:
        pass


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    run = Run(tmp_path)
    located = LocatedModel("fake", tmp_path / "fake.gguf", 1, None, None)
    monkeypatch.setattr(asking, "locate_model", lambda settings, events: located)
    monkeypatch.setattr(asking, "sketch_model", lambda settings, path: Sketch())
    monkeypatch.setattr(Asking, "_size", lambda self, document, sketch: 800)
    monkeypatch.setattr(
        asking, "Reader", lambda settings, events: FakeReader(settings, events, run.log, run.stop)
    )
    return run


def test_a_document_is_read_once_for_each_policy_and_budget(run: Run) -> None:
    records = run("full keydiff", "1/8 100 50", "nothing both passages")
    ways = [
        ("full", None, False), ("keydiff", 100, False), ("keydiff", 50, False), (None, None, True)
    ]  # fmt: skip
    assert run.read == [
        (document.path.name, policy, budget, None, quick)
        for document in run.documents
        for policy, budget, quick in ways
    ]
    # Where everything is kept nothing is recalled and nothing looked up.
    given = [[(0, 0)], [(0, 0), (300, 200)], [(0, 0), (300, 200)], [(0, 200)]]
    assert run.asked == [
        (question.text, *tokens)
        for _ in run.documents
        for evidence in given
        for question in QUESTIONS
        for tokens in evidence
    ]
    assert len(records) == len(run.asked)
    assert {record["part"] for record in records} == {None, "1/8"}
    assert run.told.warnings == ["too long"]  # once
    assert run.told.finished[-1].startswith("24/24 b-b.txtb.txtb.-")
    assert run.told.finished[-1].endswith(" passages, passages 200: not judged")


def test_a_run_goes_on_where_it_stopped(run: Run) -> None:
    run.stop = True
    with pytest.raises(KeyboardInterrupt):
        run("keydiff", "100", "nothing recall")
    run.stop = False
    run("keydiff", "100", "nothing recall")
    assert run.asked[:3] == [("Why?", 0, 0), ("Why?", 300, 0), ("How many?", 0, 0)]
    assert run.told.finished[-1].startswith("8/8 ")
    run("keydiff", "100", "recall nothing")
    assert (run.read, run.asked) == ([], [])
    run("keydiff", "100", "recall second-look")
    assert len(run.read) == 2
    assert run.asked == [(question.text, 0, 200) for question in QUESTIONS] * 2


def test_settings_that_answers_would_differ_by_are_the_same_for_all(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = replace(SETTINGS, length="short", format="outline", cache=False)
    read: list[Settings] = []
    monkeypatch.setattr(FakeReader, "ask", lambda reader, _: read.append(reader.settings) or "5")
    with closing(Records(run.out, {"bench": "qa"})) as records:
        questions = Asking(theirs, parse_variants(["both"], theirs), records, Judging(), run.told)
        questions.run(run.documents[:1], parse_contenders(["keydiff"], ["100"]))
    assert {(used.policy, used.budget) for used in read} == {("keydiff", 100)}
    assert {(used.length, used.format, used.temperature) for used in read} == {(None, "text", 0.0)}
    assert {used.cache for used in read} == {True}
    assert len(read) == 2


def test_an_answer_of_another_version_of_its_policy_is_given_anew(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("keydiff", "100", "nothing")
    monkeypatch.setattr(ways, "policy_version", lambda policy: "2")
    run("keydiff", "100", "nothing")
    assert len(run.asked) == 4


def test_a_policy_that_looks_at_the_question_reads_for_each(run: Run) -> None:
    run.documents = run.documents[:1]
    run("focus", "100", "nothing recall")
    assert run.read == [("a.txt", "focus", 100, text, False) for text in ("How many?", "Why?")]
    assert run.asked == [(text, tokens, 0) for text in ("How many?", "Why?") for tokens in (0, 300)]


def test_a_record_holds_what_its_answer_depends_on(run: Run) -> None:
    first, second, *_ = run("keydiff", "1/8", "both")
    expected = {
        "text": "a.txt" * 16, "document": "a.txt", "task": "place", "policy": "keydiff",
        "budget": 100, "part": "1/8", "evidence": "recall 300, second-look 200",
        "document_tokens": 800, "kept": 100, "question": "How many?", "references": ["5"],
        "answer": "It is 5.", "stop_reason": "eos", "score": 1.0, "recalled": 300,
        "recall_s": 0.5, "read_s": 2.0,
    }  # fmt: skip
    assert {name: first[name] for name in expected} == expected
    assert [(look["lines"], look["by"]) for look in first["second_look"]] == [((3, 5), "words")]
    assert second["score"] is None  # a sentence without numbers
    assert first["id"] != second["id"]


def test_only_a_whole_reading_has_seconds(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeReader, "reused", 500)
    (record, *_) = run("keydiff", "100", "nothing passages")
    assert record["read_s"] is None
    monkeypatch.setattr(FakeReader, "reused", 0)
    *_, record = run("window", "100", "nothing passages")
    assert record["read_s"] == 2.0
    assert {r["read_s"] for r in run("full", "1", "passages") if r["policy"] == "passages"} == {
        None
    }
